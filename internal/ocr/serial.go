package ocr

import (
	"slices"
	"strings"
)

// formats are the standard serials of passenger plates, by region, of the last thirty years or so: A stands for a letter, 9 for a
// digit. They follow the jurisdictions' own descriptions and sample plates; Idaho's one letter or figure and letter for the county
// (Idaho Transportation Department) stands before up to six more. Virginia's and Iowa's four figures and two letters are optional designs that
// many chose. Personalised, specialty and older plates don't keep to them, so they weigh and never rule out (docs/decisions/0078, 0098).
const formats = `
us-ak AAA999
us-al 9A9999A 99A999A 9AA9999 99AA999 9A99A99 99A99A9 9A9999 99A9999 9AA999A
us-ar 999AAA AAA99A
us-az 999AAA AAA9999 AAA999 A9AAA9A AAA9AA
us-ca 9AAA999 9A99999 99999A9 999AAA
us-co 999AAA AAA999 AAA9999 AAAA99
us-ct 999AAA 99AAA9 AA99999 9AAAA9
us-dc AA9999 999999
us-de 999999 99999 9999
us-fl A99AAA A999AA AAA9A9 AAAA99 AAAA9A 999AAA 99AAAA AAA99A
us-ga AAA9999 9999AAA 999AAA
us-hi AAA999
us-ia 999AAA AAA999 9999AA
us-id 9A99999 9A9999A 9AA9999 9AAA999 99A9999 A999999 A99999 9A999A
us-il A999999 AA99999 AAA999 9999999 999999
us-in 999A 999AA 999AAA 99A9999 AA999A AAA999 9A9999
us-ks 999AAA 9999AAA
us-ky 999AAA AAA999 A9A999
us-la AAA999 999AAA A999999
us-ma 9AAA99 999AA9 99AA99 9999AA 999AAA 9A9999 A99999 99999A 999999
us-md 9AA9999 AAA999 9AAA99 A999999
us-me 9999AA 999AAA 9999A AAA999 999AA
us-mi AAA9999 9AAA99 AAA999
us-mn AAA999 999AAA
us-mo AA9A9A 999AAA AAA999
us-ms AAA999 AAA9999 AA99999 9AA999
us-mt 999999A 99999A 9A9999A 9A99999 AAA999
us-nc AAA9999
us-nd AAA999 999AAA
us-ne AAA999 9A9999 99A999 9AA999 99AA99 9A999 99A9999
us-nh 9999999 999999 AAA9999 AAA999
us-nj A99AAA AAA99A AAA999 AA999A
us-nm AAA999 AAAA99 999AAA AAA9999
us-nv 999AAA 99A999 999A99 999A9A
us-ny AAA9999 AAA999 A999AA
us-oh AAA9999 AAA999
us-ok AAA999 999AAA
us-or 999AAA AAA999 999AAA
us-pa AAA9999 AAA999
us-ri 999999 AA999 99999 9AA999
us-sc AAA999 9999AA 999AAA
us-sd 9AA999 99A999 9A9999 9AAA99 99AA99 9A999
us-tn A9999A AAA9999 999AAA AAA999 A9999AA 99A9A9 A9A99A 999A99 99999A
us-tx AAA9999 AA9A999 999AAA AAA99A A99AAA 99AAA9
us-ut A999AA A99AA AA999 9A9AA 999AAA A9AAA
us-va AAA9999 AAA999 9999AA AA9999
us-vt AAA999
us-wa AAA9999 999AAA AAA999
us-wi AAA9999 999AAA AAA999
us-wv 9AA999 9A9999 AAA999 99A999 9A999
us-wy 99999 999999 9999A 99999A 9999 99999A 9999AA 999A
`

const (
	// expectance is how much more a text of a region's standard serials is to be expected than another one, once the region is
	// known: most plates keep to them, and only a small part of all texts does. It is kept well below what the share of
	// standard plates would allow, since personalised plates of such a shape exist and the recogniser is not often that unsure.
	expectance = 4
	// misspelt is how much less a text is to be expected that a standard serial of the plate's own state is written like but for
	// O and 0, I and 1: hardly a personalised plate mixes letters and figures so that only these miss a serial.
	misspelt = 0.1
)

// shape writes 9 for every digit of a plate's text and A for every letter.
func shape(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '9'
		}
		return 'A'
	}, text)
}

// standards are a region's formats, nil where it has none or is unknown.
func standards(region string) []string {
	for line := range strings.Lines(formats) {
		if rest, ok := strings.CutPrefix(line, region+" "); ok && region != "" {
			return strings.Fields(rest)
		}
	}
	return nil
}

// Serial gives for a region ("us-nc") how much more a text is to be expected than others, for LaneOptions.Serial: its standard
// serials more, all others alike. It is a gentle prior for a unit that stands there, never a filter: personalised and other
// states' plates are read as they are. Where a die writes O like 0, it lets the format decide. It is nil for a region that isn't known.
func Serial(region string) func(text string) float64 {
	known := standards(region)
	if known == nil {
		return nil
	}
	return func(text string) float64 {
		if slices.Contains(known, shape(text)) {
			return expectance
		}
		return 1
	}
}

// ownSerial is Serial for a plate whose region is read on it: there, a serial misspelt by O and 0 or I and 1 is less to be
// expected than any other text.
func ownSerial(region string) func(text string) float64 {
	known, expected := standards(region), Serial(region)
	if known == nil {
		return nil
	}
	return func(text string) float64 {
		k := expected(text)
		if k == 1 && strings.ContainsAny(text, "23456789") && slices.ContainsFunc(known, func(f string) bool { return spells(f, text) }) {
			return misspelt
		}
		return k
	}
}

// spells reports whether a text is of a format but for O and 0, I and 1.
func spells(format, text string) bool {
	if len(format) != len(text) {
		return false
	}
	for i := range len(text) {
		if !strings.ContainsRune("O0I1", rune(text[i])) && shape(text[i:i+1]) != format[i:i+1] {
			return false
		}
	}
	return true
}
