package hotlist

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"
	"unicode/utf8"

	"alprd/internal/alpr"
)

// An unpacked chunk is a magic line, the number of its records, and the records with their lengths. A snapshot's record is an entry:
//
//	plate, O written as 0, ended by a zero byte
//	which characters of the plate are the letter O: a bit each, the first lowest
//	priority
//	which of entered, effective, expires follow: bits 0, 1, 2; then each, in seconds since 1970, zigzag
//	region, class, id, make, model, colour, year, reason, instructions, operator: length and UTF-8 each
//
// with every number a varint; a delta's has a sign before (changes.go). Records stand in the order of their entries' bytes, across
// all chunks of a part, each once. There is one encoding of an entry, and one entry of an encoding.
const (
	snapshotMagic = "alprd-entries-1\n"
	deltaMagic    = "alprd-changes-1\n"
)

// sortKey is what records of a part are in the order of.
func sortKey(magic string, record []byte) []byte {
	if magic == deltaMagic && len(record) > 0 {
		return record[1:]
	}
	return record
}

// maxRecord bounds a record's bytes.
const maxRecord = 8 << 10

func texts(e *alpr.Entry) [10]*string {
	return [...]*string{&e.Region, &e.Class, &e.ID, &e.Make, &e.Model, &e.Colour, &e.Year, &e.Reason, &e.Instructions, &e.Operator}
}

func times(e *alpr.Entry) [3]*time.Time {
	return [...]*time.Time{&e.EnteredAt, &e.EffectiveAt, &e.ExpiresAt}
}

// appendRecord encodes an entry without the record's length.
func appendRecord(b []byte, e alpr.Entry) []byte {
	text := e.Plate.Text()
	b = append(b, e.Plate.Fold()...)
	b = append(b, 0)
	var ohs uint64
	for i := range len(text) {
		if text[i] == 'O' {
			ohs |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, ohs)
	b = binary.AppendUvarint(b, uint64(e.Priority))
	flags := byte(0)
	for i, t := range times(&e) {
		if !t.IsZero() {
			flags |= 1 << i
		}
	}
	b = append(b, flags)
	for _, t := range times(&e) {
		if !t.IsZero() {
			b = binary.AppendVarint(b, t.Unix())
		}
	}
	for _, s := range texts(&e) {
		b = binary.AppendUvarint(b, uint64(len(*s)))
		b = append(b, *s...)
	}
	return b
}

var errRecord = errors.New("a record is damaged")

// parseRecord is the reverse of appendRecord.
func parseRecord(b []byte) (alpr.Entry, error) {
	var e alpr.Entry
	end := strings.IndexByte(string(b[:min(len(b), maxPlate+1)]), 0)
	if end < 1 {
		return e, errRecord
	}
	text := []byte(string(b[:end]))
	for _, c := range text {
		if !(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' && c != 'O' || c == '?' || c == '*') {
			return e, errRecord
		}
	}
	b = b[end+1:]
	ok := true
	uvarint := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 || n > 1 && b[n-1] == 0 { // cut, too long, or padded
			ok = false
			return 0
		}
		b = b[n:]
		return v
	}
	for ohs := uvarint(); ohs != 0; ohs &= ohs - 1 {
		i := bits.TrailingZeros64(ohs)
		if i >= len(text) || text[i] != '0' {
			return e, errRecord
		}
		text[i] = 'O'
	}
	if e.Plate = alpr.NewPattern(string(text)); e.Plate.Text() != string(text) { // two open runs side by side are one
		return e, errRecord
	}
	if open := e.Plate.Open(); open > 0 && (open > maxOpen || len(text)-open < 3) {
		return e, errRecord
	}
	priority := uvarint()
	if !ok || priority > 100 || len(b) == 0 || b[0] > 7 {
		return e, errRecord
	}
	e.Priority = int(priority)
	flags := b[0]
	b = b[1:]
	for i, t := range times(&e) {
		if flags&(1<<i) != 0 {
			u := uvarint()
			*t = time.Unix(int64(u>>1)^-int64(u&1), 0).UTC()
			if y := t.Year(); !ok || y < 1900 || y > 2201 {
				return e, errRecord
			}
		}
	}
	for i, s := range texts(&e) {
		n := uvarint()
		limit := uint64(maxShort)
		if i == 7 || i == 8 { // reason, instructions
			limit = maxLong
		}
		if !ok || n > limit || n > uint64(len(b)) {
			return e, errRecord
		}
		*s = string(b[:n])
		ok = utf8.ValidString(*s)
		b = b[n:]
	}
	if !ok || len(b) != 0 {
		return e, errRecord
	}
	return e, nil
}

// records walks a chunk's raw bytes and yields each record; the count must be what the manifest says.
func records(raw []byte, magic string, count int, yield func([]byte) error) error {
	rest, ok := strings.CutPrefix(string(raw[:min(len(raw), len(magic))]), magic)
	if !ok || rest != "" {
		return fmt.Errorf("%w: not a chunk of this version", ErrDamaged)
	}
	raw = raw[len(magic):]
	n, w := binary.Uvarint(raw)
	if w <= 0 || n != uint64(count) {
		return fmt.Errorf("%w: another number of entries", ErrDamaged)
	}
	raw = raw[w:]
	for range count {
		size, w := binary.Uvarint(raw)
		if w <= 0 || size == 0 || size > maxRecord || size > uint64(len(raw)-w) {
			return fmt.Errorf("%w: %w", ErrDamaged, errRecord)
		}
		if err := yield(raw[w : w+int(size)]); err != nil {
			return err
		}
		raw = raw[w+int(size):]
	}
	if len(raw) != 0 {
		return fmt.Errorf("%w: bytes behind the last entry", ErrDamaged)
	}
	return nil
}
