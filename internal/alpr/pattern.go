package alpr

import "strings"

// NewPattern is NewPlate for a listed plate of which somebody saw only a part: each ? or * stands for exactly one unknown
// character, written ?.
func NewPattern(s string) Plate {
	var b strings.Builder
	for _, r := range s {
		if r == '?' || r == '*' {
			b.WriteByte('?')
			continue
		}
		b.WriteString(NewPlate(string(r)).text)
	}
	return Plate{b.String()}
}

// Open is how many characters the plate leaves open: 0 for every plate but those NewPattern made.
func (p Plate) Open() int { return strings.Count(p.text, "?") }
