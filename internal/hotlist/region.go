package hotlist

import "strings"

// The states, as postal codes, and what NCIC writes instead.
const usCodes = " al ak az ar ca co ct de dc fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy pr vi gu as mp "
const caCodes = " ab bc mb nb nl ns nt nu on pe qc sk yt "

// ncicCodes are those of NCIC's code manual that differ from the postal ones (its NB is Nebraska).
var ncicCodes = map[string]string{
	"nb": "us-ne", "gm": "us-gu", "am": "us-as", "mk": "us-mp", "us": "us-gov", "nk": "ca-nb", "nf": "ca-nl", "pq": "ca-qc", "sn": "ca-sk",
}

var stateNames = map[string]string{
	"alabama": "al", "alaska": "ak", "arizona": "az", "arkansas": "ar", "california": "ca", "colorado": "co", "connecticut": "ct", "delaware": "de",
	"district of columbia": "dc", "washington dc": "dc", "florida": "fl", "georgia": "ga", "hawaii": "hi", "idaho": "id", "illinois": "il", "indiana": "in", "iowa": "ia",
	"kansas": "ks", "kentucky": "ky", "louisiana": "la", "maine": "me", "maryland": "md", "massachusetts": "ma", "michigan": "mi", "minnesota": "mn",
	"mississippi": "ms", "missouri": "mo", "montana": "mt", "nebraska": "ne", "nevada": "nv", "new hampshire": "nh", "new jersey": "nj",
	"new mexico": "nm", "new york": "ny", "north carolina": "nc", "north dakota": "nd", "ohio": "oh", "oklahoma": "ok", "oregon": "or",
	"pennsylvania": "pa", "rhode island": "ri", "south carolina": "sc", "south dakota": "sd", "tennessee": "tn", "texas": "tx", "utah": "ut",
	"vermont": "vt", "virginia": "va", "washington": "wa", "west virginia": "wv", "wisconsin": "wi", "wyoming": "wy", "puerto rico": "pr",
}

// region is the state of a field: "us-nc", "ca-on", or "" when the field is empty. The letter O may have come as a digit (R23).
// In an NCIC extract any other two letters are a Mexican or foreign code, kept as "zz-df" (zz: no known country): a plate of a known state then
// disagrees with it. ok is false for what is no state.
func region(field string, ncic bool) (string, bool) {
	s := normal(field)
	if s == "" {
		return "", true
	}
	if code, ok := stateNames[s]; ok {
		return "us-" + code, true
	}
	for _, country := range [...]string{"us", "ca"} { // us-nc, US NC
		if rest, ok := strings.CutPrefix(s, country+" "); ok {
			if known(country, rest) {
				return country + "-" + rest, true
			}
			s = rest
		}
	}
	s = strings.ReplaceAll(s, "0", "o")
	if len(s) == 3 && s[1] == ' ' { // N.C.
		s = s[:1] + s[2:]
	}
	if ncic {
		if r, ok := ncicCodes[s]; ok {
			return r, true
		}
	}
	switch {
	case known("us", s):
		return "us-" + s, true
	case known("ca", s):
		return "ca-" + s, true
	case ncic && len(s) == 2 && s[0] >= 'a' && s[0] <= 'z' && s[1] >= 'a' && s[1] <= 'z':
		return "zz-" + s, true
	}
	return "", false
}

func known(country, code string) bool {
	all := usCodes
	if country == "ca" {
		all = caCodes
	}
	return len(code) == 2 && strings.Contains(all, " "+code+" ")
}
