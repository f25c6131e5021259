package hotlist

import (
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"sync"

	"alprd/internal/alpr"
)

// places tells where the entries of a snapshot with a delta stand: those that the delta adds, by their ordinals in the list and their
// numbers in the delta, and the snapshot's that are gone, by their ordinals there; all rising.
type places struct {
	added, change, removed []uint32
}

// find is where an entry stands: in the delta, or in the snapshot.
func (p places) find(ordinal uint32) (delta bool, at uint32) {
	i, ok := slices.BinarySearch(p.added, ordinal)
	if ok {
		return true, p.change[i]
	}
	rank := ordinal - uint32(i) // among the snapshot's that are left
	gone := sort.Search(len(p.removed), func(j int) bool { return p.removed[j]-uint32(j) > rank })
	return false, rank + uint32(gone)
}

// Places is where the entries of a list with a delta stand, once Entries were read to their end; empty for a snapshot alone. It is to be kept
// sealed.
func (p *Package) Places() []byte {
	var b []byte
	if len(p.places.added)+len(p.places.removed) == 0 {
		return b
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(p.places.added)))
	for _, v := range [][]uint32{p.places.added, p.places.change, p.places.removed} {
		for _, n := range v {
			b = binary.LittleEndian.AppendUint32(b, n)
		}
	}
	return b
}

// SetPlaces takes what Places gave.
func (p *Package) SetPlaces(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	all := make([]uint32, len(b)/4)
	for i := range all {
		all[i] = binary.LittleEndian.Uint32(b[4*i:])
	}
	if len(b)%4 != 0 || uint64(len(all)) < 1+2*uint64(all[0]) {
		return fmt.Errorf("%w: the places of its entries", ErrDamaged)
	}
	n := int(all[0])
	p.places = places{all[1 : 1+n], all[1+n : 1+2*n], all[1+2*n:]}
	return nil
}

// details is the chunks that were opened for hits last.
type details struct {
	mu     sync.Mutex
	open   *opening
	recent []opened // the latest last
}

// opened is a chunk's records.
type opened struct {
	part, chunk int
	records     [][]byte
}

// keptOpen is how many chunks stay open: an alert asks for its entry several times.
const keptOpen = 4

// Entry is the entry of an ordinal, from 0, in the order of Entries. It opens the one chunk that the entry stands in. It may be called by several
// goroutines, but not while Entries is being read.
func (p *Package) Entry(ordinal int) (alpr.Entry, error) {
	if p.keys == nil {
		return alpr.Entry{}, ErrLocked
	}
	if ordinal < 0 || ordinal >= p.manifest.Count {
		return alpr.Entry{}, fmt.Errorf("entry %d of %d", ordinal, p.manifest.Count)
	}
	delta, at := p.places.find(uint32(ordinal))
	part, magic := 0, snapshotMagic
	if delta {
		part, magic = 1, deltaMagic
	}
	p.details.mu.Lock()
	defer p.details.mu.Unlock()
	left := int(at)
	for i, c := range p.manifest.Parts[part].Chunks {
		if left >= c.Count {
			left -= c.Count
			continue
		}
		records, err := p.unpack(part, i, magic)
		if err != nil {
			return alpr.Entry{}, err
		}
		return parseRecord(sortKey(magic, records[left]))
	}
	return alpr.Entry{}, fmt.Errorf("%w: entry %d stands nowhere", ErrDamaged, ordinal)
}

func (p *Package) unpack(part, chunk int, magic string) ([][]byte, error) {
	d := &p.details
	if i := slices.IndexFunc(d.recent, func(u opened) bool { return u.part == part && u.chunk == chunk }); i >= 0 {
		u := d.recent[i]
		d.recent = append(slices.Delete(d.recent, i, i+1), u)
		return u.records, nil
	}
	if d.open == nil {
		var err error
		if d.open, err = newOpening(); err != nil {
			return nil, err
		}
	}
	raw, err := p.raw(d.open, part, chunk)
	if err != nil {
		return nil, err
	}
	raw = slices.Clone(raw)
	u := opened{part: part, chunk: chunk}
	if err := records(raw, magic, p.manifest.Parts[part].Chunks[chunk].Count, func(r []byte) error {
		u.records = append(u.records, r)
		return nil
	}); err != nil {
		return nil, err
	}
	if len(d.recent) == keptOpen {
		d.recent = slices.Delete(d.recent, 0, 1)
	}
	d.recent = append(d.recent, u)
	return u.records, nil
}
