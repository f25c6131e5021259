package hotlist

import (
	"bytes"
	"fmt"
	"iter"
)

// A delta's record is a byte, '-' for an entry that is no longer there and '+' for a new one, and then the entry's own record.
const (
	gone  = '-'
	fresh = '+'
)

// changes is a delta in memory, in the order of its entries' records.
type changes struct {
	text []byte
	ends []int
}

// deltaShare is how large a delta may be against its snapshot: 1/deltaShare of its entries. A unit keeps a delta in memory
// while it takes it over, and beyond that a new snapshot costs little more.
const deltaShare = 10

func (c *changes) add(record []byte) error {
	if len(record) < 2 || record[0] != gone && record[0] != fresh {
		return fmt.Errorf("%w: a change is neither new nor gone", ErrDamaged)
	}
	c.text = append(c.text, record...)
	c.ends = append(c.ends, len(c.text))
	return nil
}

func (c *changes) at(i int) []byte {
	from := 0
	if i > 0 {
		from = c.ends[i-1]
	}
	return c.text[from:c.ends[i]]
}

// apply yields the records of base, without those that are gone and with the new ones, in order, and tells where each came from. A change that
// doesn't fit its base is damage.
func (c *changes) apply(base stream, yield func([]byte) error) (places, error) {
	var at places
	next, ordinal, below := 0, uint32(0), uint32(0) // change; entry of the result; entry of the base
	odd := fmt.Errorf("%w: the delta doesn't fit its snapshot", ErrDamaged)
	before := func(record []byte) error { // the changes before a record, or before the end
		for ; next < len(c.ends); next++ {
			r := c.at(next)
			if record != nil && bytes.Compare(r[1:], record) >= 0 {
				return nil
			}
			if r[0] != fresh {
				return odd
			}
			at.added, at.change = append(at.added, ordinal), append(at.change, uint32(next))
			ordinal++
			if err := yield(r[1:]); err != nil {
				return err
			}
		}
		return nil
	}
	err := base(func(record []byte) error {
		if err := before(record); err != nil {
			return err
		}
		below++
		if next < len(c.ends) && bytes.Equal(c.at(next)[1:], record) {
			if c.at(next)[0] != gone {
				return odd
			}
			at.removed = append(at.removed, below-1)
			next++
			return nil
		}
		ordinal++
		return yield(record)
	})
	if err != nil {
		return at, err
	}
	return at, before(nil)
}

// stream yields records in order, each the receiver's until the next.
type stream func(yield func([]byte) error) error

// none is an empty list.
func none(func([]byte) error) error { return nil }

// between walks two lists and yields what differs: the sign, and the record.
func between(old, now stream, yield func(sign byte, record []byte) error) error {
	next, stop := iter.Pull2(func(yield func([]byte, error) bool) {
		err := now(func(r []byte) error {
			if !yield(r, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && err != errStop {
			yield(nil, err)
		}
	})
	defer stop()
	r, err, more := next()
	walk := func(record []byte) error { // what is new before a record, or before the end
		for ; more; r, err, more = next() {
			if err != nil {
				return err
			}
			if record != nil {
				switch bytes.Compare(r, record) {
				case 0:
					r, err, more = next()
					return err
				case 1:
					return yield(gone, record)
				}
			}
			if err := yield(fresh, r); err != nil {
				return err
			}
		}
		if record != nil {
			return yield(gone, record)
		}
		return nil
	}
	if err := old(walk); err != nil {
		return err
	}
	return walk(nil)
}

// Changes is what a version of a list does to the one before.
type Changes struct {
	Before  int `json:"before"` // entries
	After   int `json:"after"`
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Changed int `json:"changed"` // the same id, in other words
}

// Steep reports whether the list shrinks or grows by more than a third: usually half a file, or a wrong one.
func (c Changes) Steep() bool {
	return c.Before > 0 && (3*c.After < 2*c.Before || 3*c.After > 4*c.Before)
}

// count tells what changes from old to now, whose sizes are known.
func count(old, now stream, before, after int) (Changes, error) {
	c := Changes{Before: before, After: after}
	lost := map[string]int{}
	var came []string
	err := between(old, now, func(sign byte, record []byte) error {
		e, err := parseRecord(record)
		switch {
		case err != nil:
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		case sign == gone:
			lost[e.ID]++
			c.Removed++
		default:
			came = append(came, e.ID)
			c.Added++
		}
		return nil
	})
	for _, id := range came {
		if lost[id] > 0 {
			lost[id]--
			c.Added, c.Removed, c.Changed = c.Added-1, c.Removed-1, c.Changed+1
		}
	}
	return c, err
}

// Changes tells what the package would do to the list that before holds; a nil before holds nothing.
func (p *Package) Changes(before *Package) (Changes, error) {
	if before == nil {
		return Changes{After: p.manifest.Count, Added: p.manifest.Count}, nil
	}
	return count(before.records, p.records, before.manifest.Count, p.manifest.Count)
}
