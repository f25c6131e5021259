package hotlist

import (
	"strings"
	"unicode"
)

// class is what kind of entry a list's letter or words mean.
type class struct {
	letter     byte // NCIC's, 0 where it has none
	word       string
	priority   int  // where the list gives none; 0 is most urgent, 100 least
	restricted bool // CJIS Security Policy 4.2.2: loaded only where the agency enables it (R27)
}

// classes is the NCIC files that the extract holds, and what agencies' own lists add. NCIC's N is not in the extract's
// published letters but occurs; it is held back like the restricted ones.
var classes = [...]class{
	{'A', "amber", 5, false},
	{'F', "felony", 10, false},
	{'L', "violent_person", 10, true},
	{'T', "gang_or_terrorist", 10, true},
	{'M', "missing", 15, false},
	{'W', "wanted", 20, false},
	{'K', "protective_interest", 20, true},
	{'V', "stolen_vehicle", 30, false},
	{'R', "canadian", 30, false},
	{'H', "protection_order", 30, true},
	{'P', "stolen_plate", 40, false},
	{'X', "sex_offender", 50, true},
	{'C', "supervised_release", 50, true},
	{'N', "immigration_violator", 50, true},
	{0, "bolo", 40, false},
	{0, "other", 50, false},
}

// sayings are other words for them, as normal writes words.
var sayings = map[string]string{
	"amber alert": "amber", "child abduction": "amber", "felony vehicle": "felony", "felony warrant": "felony", "armed and dangerous": "violent_person",
	"violent": "violent_person", "gang": "gang_or_terrorist", "terrorist": "gang_or_terrorist", "gang member": "gang_or_terrorist",
	"missing person": "missing", "silver alert": "missing", "endangered": "missing", "wanted person": "wanted", "warrant": "wanted",
	"stolen": "stolen_vehicle", "stolen car": "stolen_vehicle", "stolen auto": "stolen_vehicle", "stolen vehicles": "stolen_vehicle",
	"stolen plates": "stolen_plate", "stolen tag": "stolen_plate", "stolen license plate": "stolen_plate", "stolen lp": "stolen_plate",
	"sex offenders": "sex_offender", "registered sex offender": "sex_offender", "protective order": "protection_order",
	"be on the lookout": "bolo", "canada": "canadian", "parole": "supervised_release", "probation": "supervised_release",
}

// classOfLetter is NCIC's class; ok is false for a letter it doesn't have.
func classOfLetter(c byte) (class, bool) {
	for _, k := range classes {
		if k.letter == c && c != 0 {
			return k, true
		}
	}
	return class{}, false
}

// classOfWords is the class that a category means. An agency's own category is a class of its own, in its words.
func classOfWords(category string) class {
	n := normal(category)
	if len(n) == 1 {
		if k, ok := classOfLetter(strings.ToUpper(n)[0]); ok {
			return k
		}
	}
	word := strings.ReplaceAll(n, " ", "_")
	if w, ok := sayings[n]; ok {
		word = w
	}
	for _, k := range classes {
		if k.word == word {
			return k
		}
	}
	if word == "" {
		word = "other"
	}
	return class{word: strings.TrimRight(clip(word, maxShort), "_"), priority: 50}
}

// normal is lower case, with single spaces between letters and digits.
func normal(s string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r > 127 && unicode.In(r, unicode.L, unicode.N, unicode.M))
	}), " ")
}

// traffic are the words of what serves traffic enforcement and nothing else. Each row: all words must occur.
var traffic = [...][]string{
	{"expired"}, {"toll"}, {"tolls"}, {"insurance"}, {"uninsured"}, {"parking"}, {"scofflaw"}, {"registration"}, {"inspection"},
	{"speeding"}, {"speeder"}, {"red", "light"}, {"traffic"}, {"unpaid"}, {"citation"}, {"citations"}, {"ticket"}, {"tickets"},
	{"emissions"}, {"boot"},
}

// trafficOnly reports whether a category or a list's name means traffic enforcement (R53).
func trafficOnly(words string) bool {
	have := map[string]bool{}
	for _, w := range strings.Fields(normal(words)) {
		have[w] = true
	}
	// "human trafficking" and "felony traffic stop" are other matters: only whole words count, and felonies never.
	if have["felony"] || have["stolen"] || have["wanted"] {
		return false
	}
rows:
	for _, row := range traffic {
		for _, w := range row {
			if !have[w] {
				continue rows
			}
		}
		return true
	}
	return false
}
