package match

import (
	"cmp"
	"encoding/binary"
	"errors"
	"iter"
	"slices"
	"time"

	"alprd/internal/alpr"
)

// slab keeps what hits tell about entries in memory, packed: ten million entries are a few hundred blocks to the garbage collector,
// not fifty million strings. It is addressed by 32-bit offsets. It holds the whole plate as well.
type slab struct {
	at     []uint32 // of each entry, by ordinal
	blocks [][]byte
	words  []string          // interned: makes, colours, classes, states, common reasons
	ids    map[string]uint64 // of words, while building
}

const (
	blockBits = 20
	blockSize = 1 << blockBits
	maxWords  = 1 << 16
)

var errSlabFull = errors.New("the list's entries take more than 4 GiB")

func newSlab() *slab { return &slab{ids: map[string]uint64{}} }

// packEntries packs entries into plates and details.
func packEntries(entries iter.Seq2[alpr.Entry, error]) (*slab, *Plates, error) {
	type row struct {
		code uint64
		at   uint32
	}
	s := newSlab()
	var rows []row
	sorted := true
	for e, err := range entries {
		if err != nil {
			return nil, nil, err
		}
		code, err := codeOf(e.Plate, len(rows)+1)
		if err != nil {
			return nil, nil, err
		}
		at, err := s.add(e)
		if err != nil {
			return nil, nil, err
		}
		sorted = sorted && (len(rows) == 0 || rows[len(rows)-1].code <= code)
		rows = append(rows, row{code, at})
	}
	s.done()
	if !sorted { // offsets rise as entries come
		slices.SortFunc(rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.at, b.at)) })
	}
	codes := make([]uint64, len(rows))
	s.at = make([]uint32, len(rows))
	for i, r := range rows {
		codes[i], s.at[i] = r.code, r.at
	}
	return s, packSorted(codes), nil
}

// add packs an entry and tells where.
func (s *slab) add(e alpr.Entry) (uint32, error) {
	b := s.appendEntry(make([]byte, 0, 128), e)
	if len(b) > blockSize {
		return 0, errors.New("an entry is larger than 1 MiB")
	}
	last := len(s.blocks) - 1
	if last < 0 || len(s.blocks[last])+len(b) > blockSize {
		if len(s.blocks) == 1<<(32-blockBits) {
			return 0, errSlabFull
		}
		s.blocks = append(s.blocks, make([]byte, 0, blockSize))
		last++
	}
	at := uint32(last)<<blockBits | uint32(len(s.blocks[last]))
	s.blocks[last] = append(s.blocks[last], b...)
	return at, nil
}

// done ends the building: the last block is cut to size and the words' index is dropped.
func (s *slab) done() {
	s.ids = nil
	if n := len(s.blocks); n > 0 {
		s.blocks[n-1] = append([]byte(nil), s.blocks[n-1]...)
	}
}

func (s *slab) appendEntry(b []byte, e alpr.Entry) []byte {
	b = appendInline(b, e.Plate.Text())
	b = appendInline(b, e.ID)
	for _, w := range [...]string{e.Region, e.Class, e.Make, e.Model, e.Colour, e.Year, e.Reason, e.Instructions, e.Operator} {
		b = s.appendWord(b, w)
	}
	b = binary.AppendVarint(b, int64(e.Priority))
	flags, at := byte(0), [3]time.Time{e.EnteredAt, e.EffectiveAt, e.ExpiresAt}
	for i, t := range at {
		if !t.IsZero() {
			flags |= 1 << i
		}
	}
	b = append(b, flags)
	for _, t := range at {
		if !t.IsZero() {
			b = binary.AppendVarint(b, t.Unix())
		}
	}
	return b
}

// appendWord writes an interned word as 2n+1 and anything else as twice its length and its bytes.
func (s *slab) appendWord(b []byte, w string) []byte {
	if w == "" {
		return append(b, 0)
	}
	id, ok := s.ids[w]
	if !ok && len(s.words) < maxWords && len(w) <= 64 {
		id, ok = uint64(len(s.words)), true
		s.ids[w] = id
		s.words = append(s.words, w)
	}
	if ok {
		return binary.AppendUvarint(b, id<<1|1)
	}
	return appendInline(b, w)
}

func appendInline(b []byte, w string) []byte {
	b = binary.AppendUvarint(b, uint64(len(w))<<1)
	return append(b, w...)
}

// Entry unpacks what add packed.
func (s *slab) Entry(ordinal int) (alpr.Entry, error) {
	at := s.at[ordinal]
	b := s.blocks[at>>blockBits][at&(blockSize-1):]
	uvarint := func() uint64 {
		v, n := binary.Uvarint(b)
		b = b[n:]
		return v
	}
	varint := func() int64 {
		v, n := binary.Varint(b)
		b = b[n:]
		return v
	}
	word := func() string {
		v := uvarint()
		if v&1 == 1 {
			return s.words[v>>1]
		}
		w := string(b[:v>>1])
		b = b[v>>1:]
		return w
	}
	e := alpr.Entry{Plate: alpr.NewPattern(word()), ID: word()}
	for _, w := range [...]*string{&e.Region, &e.Class, &e.Make, &e.Model, &e.Colour, &e.Year, &e.Reason, &e.Instructions, &e.Operator} {
		*w = word()
	}
	e.Priority = int(varint())
	flags := b[0]
	b = b[1:]
	for i, t := range [...]*time.Time{&e.EnteredAt, &e.EffectiveAt, &e.ExpiresAt} {
		if flags&(1<<i) != 0 {
			*t = time.Unix(varint(), 0).UTC()
		}
	}
	return e, nil
}
