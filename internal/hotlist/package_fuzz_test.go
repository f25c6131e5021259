package hotlist

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"alprd/internal/alpr"
	"alprd/internal/trust"
)

// Whatever decodes encodes to the same bytes: one encoding of an entry, one entry of an encoding.
func FuzzRecord(f *testing.F) {
	f.Add(appendRecord(nil, alpr.Entry{ID: "1", Plate: alpr.NewPlate("OO01O"), Class: "felony", Priority: 100, EnteredAt: now, ExpiresAt: now}))
	f.Add(appendRecord(nil, alpr.Entry{Plate: alpr.NewPattern("AB?1"), Reason: "Müller"}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseRecord(b)
		if err != nil {
			return
		}
		if again := appendRecord(nil, e); !bytes.Equal(again, b) {
			t.Fatalf("%x came back as %x", b, again)
		}
	})
}

// No bytes make a signed package's chunk crash or run away.
func FuzzChunk(f *testing.F) {
	r := appendRecord(nil, alpr.Entry{Plate: alpr.NewPlate("ABC1")})
	f.Add(append(append(binary.AppendUvarint([]byte(snapshotMagic), 1), byte(len(r))), r...), 1)
	f.Fuzz(func(t *testing.T, raw []byte, count int) {
		if count < 0 || count > 1000 {
			return
		}
		n := 0
		if records(raw, snapshotMagic, count, func([]byte) error { n++; return nil }) == nil && n != count {
			t.Fatalf("%d records instead of %d", n, count)
		}
	})
}

// Whatever stands in a signed manifest, what is accepted is spelt as it would be written, and nothing that is refused leaves a package; whatever stands
// in a genuine chunk, what is accepted encodes to the same bytes.
func FuzzPackage(f *testing.F) {
	key, me := newKey(f), newUnit(f, "pole-1")
	o := publish(f, builder(f, 20, 1), identity(me), key)
	payload, err := json.Marshal(o.Manifest)
	if err != nil {
		f.Fatal(err)
	}
	rec := func(plate string) []byte {
		r := appendRecord(nil, alpr.Entry{ID: "1", Plate: alpr.NewPlate(plate), Class: "felony"})
		return append(binary.AppendUvarint(nil, uint64(len(r))), r...)
	}
	f.Add(payload, append(append(binary.AppendUvarint([]byte(snapshotMagic), 2), rec("ABC1")...), rec("ABC2")...), 2)
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, manifest, raw []byte, count int) {
		signed, err := trust.Sign(key, trust.ListManifest, manifest)
		if err != nil {
			return
		}
		if p, err := Decode(signed, nil, key.Public()); err == nil {
			if again, err := json.Marshal(p.Manifest()); err != nil || !bytes.Equal(again, manifest) {
				t.Fatalf("a second spelling is accepted: %q", manifest)
			}
		} else if p != nil {
			t.Fatal("a package that is refused")
		}
		// The same fuzz in a chunk of an honest manifest.
		if len(raw) == 0 || len(raw) > maxRaw || count < 1 || count > len(raw) {
			return
		}
		ck := trust.NewContentKey()
		m := Manifest{Format: 2, Fleet: "kpd", List: "x", Version: 1, BuiltAt: now, StaleAt: now, Count: count, Classes: map[string]int{}, Units: []UnitKey{}}
		m.Parts = []Part{{Kind: Snapshot, Version: 1, BuiltAt: now, KeyID: ck.ID()}}
		sealed := ck.Seal(chunkContext(m, m.Parts[0], 0), z.EncodeAll(raw, nil))
		m.Parts[0].Chunks = []Chunk{{hexSum(sealed), len(sealed), len(raw), count}}
		p := &Package{manifest: m, keys: []trust.ContentKey{ck}, chunk: func(string) ([]byte, error) { return sealed, nil }}
		body := binary.AppendUvarint([]byte(snapshotMagic), uint64(count))
		last := ""
		n := 0
		for e, err := range p.Entries() {
			if errors.Is(err, ErrDamaged) && strings.Contains(err.Error(), "classes") {
				break // the honest manifest above doesn't know them: all entries were there
			}
			if err != nil {
				return
			}
			r := appendRecord(nil, e)
			if string(r) <= last {
				t.Fatal("entries out of order")
			}
			last = string(r)
			n++
			body = append(binary.AppendUvarint(body, uint64(len(r))), r...)
		}
		if n != count || !bytes.Equal(body, raw) {
			t.Fatalf("%x came back as %x", raw, body)
		}
	})
}

// BenchmarkPackage is a list's way: rows to entries, entries to a signed package, a package checked.
func BenchmarkPackage(b *testing.B) {
	key, me := newKey(b), newUnit(b, "pole-1")
	const n = 200_000
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			builder(b, n, 1)
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	src := builder(b, n, 1)
	var o *Bundle
	b.Run("publish", func(b *testing.B) {
		for b.Loop() {
			o = publish(b, src, identity(me), key)
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if _, err := whole(files(o), me, key.Public()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	})
}
