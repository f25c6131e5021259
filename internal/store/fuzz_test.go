package store

import (
	"bytes"
	"testing"
	"time"

	"alprd/internal/seal"
)

// fixedKey lets the fuzz corpus keep its meaning.
var fixedKey = seal.Key{1, 2, 3}

// written makes a segment of n groups, and lists the bodies of its records.
func written(n int) ([]byte, map[string]bool) {
	salt := bytes.Repeat([]byte{9}, segHeader-len(segMagic))
	id := segID{"2026-11-22", 1}
	g := &segment{id: id, box: id.box(fixedKey, salt)}
	raw, bodies := append([]byte(segMagic), salt...), map[string]bool{}
	var scratch []byte
	for i := range n {
		for j, k := range []kind{kindRead, kindPicture, kindMessage} {
			flags := []byte{flagFirst, 0, flagLast}[j]
			body := bytes.Repeat([]byte{byte(i), byte(j)}, 3)
			bodies[string(body)] = true
			raw = g.appendRecord(raw, k, flags, noon.Add(time.Duration(i)), &scratch, body)
		}
	}
	return raw, bodies
}

// Whatever a segment holds, reading it ends without a panic, and only what was written comes out, in whole groups.
func FuzzSegment(f *testing.F) {
	raw, bodies := written(3)
	f.Add(raw)
	f.Add(raw[:len(raw)-5])
	f.Add(append(bytes.Clone(raw[:200]), raw[300:]...))
	f.Add(append(bytes.Clone(raw), raw[segHeader:]...))
	f.Add([]byte(segMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := newReader(bytes.NewReader(b), int64(len(b)), segID{"2026-11-22", 1}, fixedKey)
		if err != nil {
			return
		}
		for _, verify := range []int64{0, int64(len(b))} {
			end, _, err := r.groups(segHeader, verify, func(r *reader, g group) error {
				if g[0].flags&flagFirst == 0 || g[len(g)-1].flags&flagLast == 0 {
					t.Error("not a whole group")
				}
				for _, rec := range g {
					_, body, err := r.body(rec)
					if verify == 0 && err != nil {
						t.Errorf("a verified record: %v", err)
					}
					if err == nil && !bodies[string(body)] {
						t.Errorf("a record that nobody wrote: %x", body)
					}
				}
				return nil
			})
			if err != nil || end < segHeader || end > max(int64(len(b)), segHeader) {
				t.Errorf("end %d of %d, %v", end, len(b), err)
			}
		}
	})
}

// A read's bytes are authenticated before they are decoded, so that a defect here needs a newer program to show: even so.
func FuzzDecodeRead(f *testing.F) {
	r := aRead("0123456789abcdef", noon, "TST1234")
	r.Evidence = append(r.Evidence, posterior(1))
	b, err := encodeRead(&r)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-100])
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decodeRead(b)
		if err != nil {
			return
		}
		again, err := encodeRead(&r)
		if err != nil {
			return // JSON holds what we never write
		}
		if _, err := decodeRead(again); err != nil {
			t.Error("encoded anew, it doesn't decode")
		}
	})
}
