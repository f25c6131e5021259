package alpr

import "strings"

// NewPattern is NewPlate for a listed plate of which somebody saw only a part: each ? or * stands for exactly one unknown
// character, written ?.
func NewPattern(s string) Plate {
	return Plate{strings.ReplaceAll(NewSeen(s).text, string(Beyond), string(Unreadable))}
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

// Open is how many characters the plate leaves open: 0 for every plate but those NewPattern made.
func (p Plate) Open() int { return strings.Count(p.text, "?") }
