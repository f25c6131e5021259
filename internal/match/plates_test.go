package match

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"slices"
	"sort"
	"strings"
	"testing"

	"alprd/internal/alpr"
)

// inOrder yields the plates of entries in the order of a package.
func inOrder(list []alpr.Entry) iter.Seq2[alpr.Plate, error] {
	plates := make([]alpr.Plate, len(list))
	for i, e := range list {
		plates[i] = e.Plate
	}
	slices.SortFunc(plates, func(a, b alpr.Plate) int { return strings.Compare(a.Fold(), b.Fold()) })
	return func(yield func(alpr.Plate, error) bool) {
		for _, p := range plates {
			if !yield(p, nil) {
				return
			}
		}
	}
}

// at is the folded plate of an ordinal.
func (p *Plates) at(ordinal int) string { return decode(p.forward.code(ordinal)) }

// code is the plate at a position.
func (t *trie) code(at int) uint64 {
	four := sort.Search(len(t.fourth), func(i int) bool { return int(t.starts[i+1]) > at })
	three := sort.Search(dirSize-1, func(i int) bool { return int(t.dir[i+1]) > four })
	return (uint64(three)*base+uint64(t.fourth[four]))*powers[tail] + uint64(t.rest[at])
}

// Ordinals count the plates in the order of their folded texts, from both ends every plate is found, and what was written comes
// back the same.
func TestPlates(t *testing.T) {
	r := newSynth(81)
	list := r.list(20_000)
	for i, p := range []string{"7", "77", "AAAAAAAAAA", "0000000001", "ZZZZZZZZZZ", "O", "AB?1*", "*AB12", "A1?B?C", "TZY6473", "TZY6473"} {
		list[i].Plate = alpr.NewPattern(p)
	}
	for _, n := range []int{0, 1, 30, len(list)} {
		p, err := Pack(inOrder(list[:n]))
		if err != nil {
			t.Fatal(err)
		}
		if p.Len() != n {
			t.Fatalf("%d plates of %d", p.Len(), n)
		}
		last := ""
		for i := range n {
			if s := p.at(i); s < last {
				t.Fatalf("ordinal %d is below its predecessor", i)
			} else {
				last = s
			}
		}
		for _, e := range list[:n] {
			code, _ := encode(e.Plate.Fold())
			from, to := p.forward.find(code)
			if from == to || p.at(from) != e.Plate.Fold() || p.at(to-1) != e.Plate.Fold() {
				t.Fatalf("%s stands at %d to %d", e.Plate.Text(), from, to)
			}
			if from, to := p.backward.find(backward(code)); from == to || mirror(decode(p.backward.code(from))) != e.Plate.Fold() {
				t.Fatalf("%s from its end stands at %d to %d", e.Plate.Text(), from, to)
			}
		}
		var b bytes.Buffer
		if n, err := p.WriteTo(&b); err != nil || n != p.Size() || int64(b.Len()) != n {
			t.Fatalf("%d bytes written, %d said, %d there: %v", n, p.Size(), b.Len(), err)
		}
		stream := bytes.Clone(b.Bytes())
		b.WriteString("more")
		back, err := ReadPlates(&b, n)
		if err != nil {
			t.Fatal(err)
		}
		if b.String() != "more" {
			t.Errorf("%d bytes behind the end were read", len("more")-b.Len())
		}
		var again bytes.Buffer
		back.WriteTo(&again)
		if !bytes.Equal(again.Bytes(), stream) {
			t.Error("what was read writes other bytes")
		}
	}
}

// No damage is taken for plates, whatever bytes it changes; a sum would not be enough for one who can write his own.
func TestPlatesDamaged(t *testing.T) {
	p, err := Pack(inOrder(newSynth(82).list(50)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	p.WriteTo(&b)
	good := b.Bytes()
	for i := 0; i < len(good); i += 1 + i/200 {
		bad := bytes.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, err := ReadPlates(bytes.NewReader(bad), 50); err == nil {
			t.Fatalf("byte %d changed: taken", i)
		}
		if _, err := ReadPlates(bytes.NewReader(good[:i]), 50); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut at byte %d: %v", i, err)
		}
	}
	if _, err := ReadPlates(bytes.NewReader(good), 51); err == nil {
		t.Error("taken for another number of plates")
	}
	for name, spoil := range map[string]func(*trie){
		"the directory leads behind the end": func(t *trie) { t.dir[20_000] = 1 << 30 },
		"the directory falls":                func(t *trie) { t.dir[dirSize-2] = 0 },
		"a fourth character too large":       func(t *trie) { t.fourth[3] = base },
		"a start behind the end":             func(t *trie) { t.starts[3] = 1 << 30 },
		"a start that falls":                 func(t *trie) { t.starts[3] = 0 },
	} {
		bad := &Plates{}
		for _, d := range []struct{ to, from *trie }{{&bad.forward, &p.forward}, {&bad.backward, &p.backward}} {
			*d.to = trie{slices.Clone(d.from.dir), slices.Clone(d.from.fourth), slices.Clone(d.from.starts), slices.Clone(d.from.rest)}
		}
		spoil(&bad.backward)
		var b bytes.Buffer
		bad.WriteTo(&b)
		if _, err := ReadPlates(&b, 50); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestPackRefuses(t *testing.T) {
	plates := func(texts ...string) iter.Seq2[alpr.Plate, error] {
		return func(yield func(alpr.Plate, error) bool) {
			for _, s := range texts {
				if !yield(alpr.NewPattern(s), nil) {
					return
				}
			}
		}
	}
	for name, seq := range map[string]iter.Seq2[alpr.Plate, error]{
		"an empty plate":         plates(""),
		"eleven characters":      plates("ABCDE123456"),
		"three open places":      plates("AB???CD"),
		"two characters remain":  plates("A?B"),
		"out of order":           plates("B12", "A12"),
		"a sequence that breaks": func(yield func(alpr.Plate, error) bool) { yield(alpr.Plate{}, io.ErrNoProgress) },
	} {
		if _, err := Pack(seq); err == nil {
			t.Errorf("%s: packed", name)
		}
	}
}

// What can't be told of an entry costs the alert its details, not the alert.
func TestDetailsLost(t *testing.T) {
	p, err := Pack(inOrder([]alpr.Entry{entry("1", "ABC1234", "us-nc")}))
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]Details{"an error": detailsFunc(func(int) (alpr.Entry, error) { return alpr.Entry{}, errors.New("damaged") }),
		"another plate's": detailsFunc(func(int) (alpr.Entry, error) { return entry("2", "XYZ9876", "us-va"), nil })} {
		x, err := Build([]List{{Info: alpr.ListInfo{Name: "l"}, Plates: p, Details: d}})
		if err != nil {
			t.Fatal(err)
		}
		hits := x.Match(certain("ABC1234", "us-nc"), now)
		if len(hits) != 1 || hits[0].Entry.Plate.Text() != "ABC1234" || hits[0].Entry.ID != "" || hits[0].List.Name != "l" {
			t.Errorf("%s: %d hits", name, len(hits))
		}
	}
}

type detailsFunc func(ordinal int) (alpr.Entry, error)

func (f detailsFunc) Entry(ordinal int) (alpr.Entry, error) { return f(ordinal) }
