package hotlist

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

const maxLine = 64 << 10

// lines gives a list's lines as UTF-8, whatever its editor left: a byte order mark, UTF-16, carriage returns, single lines
// in Windows-1252 among others in UTF-8.
type lines struct {
	r *bufio.Reader
	n int // lines given
}

func newLines(r io.Reader) *lines {
	b := bufio.NewReaderSize(r, maxLine)
	head, _ := b.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte{0xEF, 0xBB, 0xBF}):
		b.Discard(3)
	case bytes.HasPrefix(head, []byte{0xFF, 0xFE}), bytes.HasPrefix(head, []byte{0xFE, 0xFF}):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		b = bufio.NewReaderSize(transform.NewReader(b, utf16), maxLine)
	}
	return &lines{r: b}
}

// unpacked is a list's text: of a gzip or zstd file what it holds, of any other itself. done gives back what that took.
func unpacked(r io.Reader) (text io.Reader, done func(), err error) {
	b := bufio.NewReader(r)
	head, _ := b.Peek(4)
	switch {
	case bytes.HasPrefix(head, []byte{0x1F, 0x8B}):
		z, err := gzip.NewReader(b)
		if err != nil {
			return nil, nil, err
		}
		return z, func() { z.Close() }, nil
	case bytes.HasPrefix(head, []byte{0x28, 0xB5, 0x2F, 0xFD}):
		z, err := zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return b, func() {}, nil
}

// ahead reports whether a line that hasn't been given yet, of those in the next 64 KiB, is such a one.
func (l *lines) ahead(such func(line string) bool) bool {
	b, _ := l.r.Peek(maxLine)
	for line := range bytes.Lines(b) {
		if such(string(bytes.TrimRight(line, "\r\n"))) {
			return true
		}
	}
	return false
}

// ended reports whether nothing but blank lines follows, as far as 64 KiB tell.
func (l *lines) ended() bool {
	return !l.ahead(func(line string) bool { return strings.TrimSpace(line) != "" })
}

// next is the next line without its end, and its number from 1. long tells that it was above 64 KiB; then text is empty.
// The error is io.EOF at the end.
func (l *lines) next() (text string, number int, long bool, err error) {
	b, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.r.ReadSlice('\n')
		}
		if err != nil && err != io.EOF {
			return "", 0, false, err
		}
		l.n++
		return "", l.n, true, nil
	}
	if err != nil && (err != io.EOF || len(b) == 0) {
		return "", 0, false, err
	}
	l.n++
	b = bytes.TrimRight(b, "\r\n")
	if !utf8.Valid(b) {
		// Windows-1252 has a character for every byte but five, which become U+FFFD.
		b, _ = charmap.Windows1252.NewDecoder().Bytes(b)
	}
	return string(b), l.n, false, nil
}

// split parts a delimited line; closed is false when a quoted field doesn't end in it.
func split(line string, comma byte) (fields []string, closed, ok bool) {
	for i := 0; ; {
		for comma != '\t' && i < len(line) && line[i] == ' ' {
			i++
		}
		if i < len(line) && line[i] == '"' {
			var b strings.Builder
			i++
			for {
				j := strings.IndexByte(line[i:], '"')
				if j < 0 {
					return nil, false, false
				}
				b.WriteString(line[i : i+j])
				i += j + 1
				if i < len(line) && line[i] == '"' {
					b.WriteByte('"')
					i++
					continue
				}
				break
			}
			for i < len(line) && line[i] == ' ' {
				i++
			}
			if i < len(line) && line[i] != comma {
				return nil, true, false // text behind the closing quote
			}
			fields = append(fields, b.String())
		} else {
			j := strings.IndexByte(line[i:], comma)
			if j < 0 {
				j = len(line) - i
			}
			fields = append(fields, strings.TrimSpace(line[i:i+j]))
			i += j
		}
		if i >= len(line) {
			return fields, true, true
		}
		i++ // the delimiter
	}
}

// tidy makes one line of printable text of a field.
func tidy(s string) string {
	plain := true
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7F || s[i] > 0x7F {
			plain = false
			break
		}
	}
	if plain {
		return strings.TrimSpace(s)
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7F || r >= 0x80 && r <= 0xA0 || r == utf8.RuneError || r == '\u200B' || r == '\uFEFF'
	}), " ")
}

// clip cuts a text at a character's end so that it has at most n bytes.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
