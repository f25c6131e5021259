package match

import "strings"

// A plate is packed into a number of base 38, its first character in the highest place, so that codes sort as texts do: 0 is
// "nothing more", then *, the digits, ?, and the letters without O, which is written 0 (R23).
const (
	maxText = 10 // the longest plate a code holds (NCIC's field has ten)
	base    = 38

	top  = 3           // characters that the directory spreads out
	tail = maxText - 4 // characters that fit into 32 bits: 38^6 is 3.0e9
)

const letters = "\x00*0123456789?ABCDEFGHIJKLMNPQRSTUVWXYZ"

// digits is each character's place in letters, 0 for one that no code holds.
var digits = func() (d [256]uint8) {
	for i := 1; i < len(letters); i++ {
		d[letters[i]] = uint8(i)
	}
	return
}()

// powers[i] is 38 to the i.
var powers = func() (p [maxText + 1]uint64) {
	p[0] = 1
	for i := 1; i <= maxText; i++ {
		p[i] = p[i-1] * base
	}
	return
}()

// encode packs a folded plate. ok is false for what doesn't fit.
func encode(text string) (code uint64, ok bool) {
	if len(text) == 0 || len(text) > maxText {
		return 0, false
	}
	for i := range len(text) {
		d := digits[text[i]]
		if d == 0 {
			return 0, false
		}
		code = code*base + uint64(d)
	}
	return code * powers[maxText-len(text)], true
}

func decode(code uint64) string {
	var b [maxText]byte
	n := 0
	for n < maxText && code > 0 {
		d := code / powers[maxText-1-n]
		code -= d * powers[maxText-1-n]
		b[n] = letters[d]
		n++
	}
	return string(b[:n])
}

// backward is the code of a plate read from its end.
func backward(code uint64) uint64 {
	var out uint64
	n := 0
	for ; code > 0; n++ {
		if d := code % base; d > 0 || out > 0 {
			out = out*base + d
		} else {
			n--
		}
		code /= base
	}
	return out * powers[maxText-n]
}

func fold(text string) string { return strings.ReplaceAll(text, "O", "0") }

// mirror is a text from its end.
func mirror(text string) string {
	b := []byte(text)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return string(b)
}

// open reports whether a code's plate leaves characters open.
func open(code uint64) bool {
	for ; code > 0; code /= base {
		if c := letters[code%base]; c == '?' || c == '*' {
			return true
		}
	}
	return false
}
