package alpr

import (
	"errors"
	"fmt"
	"strings"
)

// Plate is a registration: A–Z and 0–9, without separators. It masks itself wherever it could be printed by
// accident (fmt, zap, errors); Text is the only way to its characters (R17).
type Plate struct{ text string }

// NewPlate keeps the letters and digits of s, in upper case.
func NewPlate(s string) Plate {
	return Plate{strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		}
		return -1
	}, s)}
}

// Text is the whole registration. Call it only to match, to store sealed, or to tell whoever may know.
func (p Plate) Text() string { return p.text }

// Fold is the text with the letter O written as the digit 0: most dies don't tell them apart, and lists hold both (R23).
func (p Plate) Fold() string { return strings.ReplaceAll(p.text, "O", "0") }

// String masks: a plate never reaches a log line.
func (p Plate) String() string { return "[plate]" }

// Format masks under every verb.
func (p Plate) Format(s fmt.State, _ rune) { fmt.Fprint(s, p.String()) }

// errMasked is returned when something tries to encode a Plate as it stands.
var errMasked = errors.New("alpr: a plate is never encoded by accident; use Text")

// MarshalText refuses, so that neither JSON nor a structured log can carry a plate by accident.
func (p Plate) MarshalText() ([]byte, error) { return nil, errMasked }

// MarshalBinary refuses, like MarshalText.
func (p Plate) MarshalBinary() ([]byte, error) { return nil, errMasked }
