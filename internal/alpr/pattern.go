package alpr

import "strings"

// NewPattern is NewPlate for a listed plate of which somebody saw only a part: each ? stands for exactly one unknown
// character, each * for any number of them; one * says no less than several in a row.
func NewPattern(s string) Plate {
	text := NewSeen(s).text
	for strings.Contains(text, "**") {
		text = strings.ReplaceAll(text, "**", "*")
	}
	return Plate{text}
}

// NewSeen is NewPlate for what a picture shows of a plate: Unreadable and Beyond stay.
func NewSeen(s string) Plate {
	return Plate{strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' {
			r += 'A' - 'a'
		}
		if r == Unreadable || r == Beyond || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)}
}

// Open is how many places the plate leaves open, ? and *: 0 for every plate that is known whole.
func (p Plate) Open() int {
	return strings.Count(p.text, string(Unreadable)) + strings.Count(p.text, string(Beyond))
}
