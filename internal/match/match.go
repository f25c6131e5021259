// Package match answers: which hot-list entries does this read match, and how sure.
//
// An Index is immutable and swapped whole. It holds each list's plates packed and sorted (Plates), walked as a trie with the
// read's own posteriors as the guide: a prefix is followed as long as a text that begins with it could still hold a
// share of the belief that the list asks for. Nothing is enumerated, no table of look-alikes is needed, and nothing that
// a scan of the whole list would report is missed. Every hit's posterior is the share of the belief that alpr.Evidence gives its
// text, moved by what is expected of a list so long (prior.go) and by the state. A read without matrices is searched by its
// lattice, with one character lost or made up (near.go).
package match

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"alprd/internal/alpr"
)

// DefaultThreshold is the posterior from which an entry raises a hit where its list doesn't say: a look-alike of a certain
// read holds less, one that the read leaves truly open holds more (decision 0042 has the measurement).
const DefaultThreshold = 0.05

// List is one hot list to put into an index.
type List struct {
	Info  alpr.ListInfo
	Rules Rules

	// Either Plates and Details, for example from a sealed cache, or Entries, which are read once and kept in memory.
	Plates  *Plates
	Details Details
	Entries iter.Seq2[alpr.Entry, error] // in any order; an error ends the building
}

// Index is what all lists of one moment say. It is safe for any number of goroutines.
type Index struct {
	lists []*list
	spare *sync.Pool // of queries
}

// list is one list in force.
type list struct {
	info    alpr.ListInfo
	rules   Rules
	plates  *Plates
	details Details
	weight  float64 // see listedWeight
}

const (
	// maxOpen is how many places an entry may leave open, and leastFixed how many it must not: with less, no police product
	// dares to alert either.
	maxOpen, leastFixed = 2, 3
)

// Build puts lists into an index. It fails when a list's sequence does, and for a plate that no list can mean: empty, longer
// than ten characters, too much of it open.
func Build(lists []List) (*Index, error) {
	x := (*Index)(nil).Without("")
	for _, l := range lists {
		built, err := build(l)
		if err != nil {
			return nil, err
		}
		x.lists = append(x.lists, built)
	}
	return x, nil
}

// With is the index with one list put in place of the one of the same name, or added; the others are shared, not built
// again.
func (x *Index) With(l List) (*Index, error) {
	built, err := build(l)
	if err != nil {
		return nil, err
	}
	next := x.Without(l.Info.Name)
	next.lists = append(next.lists, built)
	return next, nil
}

// Without is the index without the list of that name.
func (x *Index) Without(name string) *Index {
	next := &Index{spare: &sync.Pool{New: func() any { return &query{} }}}
	if x != nil {
		next.spare = x.spare
		for _, l := range x.lists {
			if l.info.Name != name {
				next.lists = append(next.lists, l)
			}
		}
	}
	return next
}

// Lists tells what the index holds.
func (x *Index) Lists() []alpr.ListInfo {
	var out []alpr.ListInfo
	if x != nil {
		for _, l := range x.lists {
			out = append(out, l.info)
		}
	}
	return out
}

// Size is how many entries the index holds, and the bytes that searching needs.
func (x *Index) Size() (entries, bytes int) {
	for _, l := range x.lists {
		entries += l.plates.Len()
		bytes += l.plates.Bytes()
	}
	return
}

func build(l List) (*list, error) {
	out := &list{info: l.Info, rules: l.Rules, plates: l.Plates, details: l.Details}
	if err := l.Rules.check(); err != nil {
		return nil, fmt.Errorf("the rules of list %s: %w", l.Info.Name, err)
	}
	if out.plates == nil {
		slab, plates, err := packEntries(l.Entries)
		if err != nil {
			return nil, fmt.Errorf("build the index of list %s: %w", l.Info.Name, err)
		}
		out.plates, out.details = plates, slab
	}
	out.weight = listedWeight(out.plates.Len())
	return out, nil
}

// Match tells the entries that hold at least their list's threshold of the read's belief and are live at now, the
// highest priority first, then the surest.
func (x *Index) Match(read alpr.Read, now time.Time) []alpr.Hit {
	if x == nil || len(x.lists) == 0 {
		return nil
	}
	q := x.spare.Get().(*query)
	defer x.spare.Put(q)
	if !q.prepare(read) {
		return nil
	}
	var hits []alpr.Hit
	for _, l := range x.lists {
		hits = l.match(q, read, now, hits)
	}
	slices.SortFunc(hits, func(a, b alpr.Hit) int {
		return cmp.Or(
			cmp.Compare(a.Entry.Priority, b.Entry.Priority),
			cmp.Compare(b.Posterior, a.Posterior),
			cmp.Compare(a.List.Name, b.List.Name),
			cmp.Compare(a.Entry.ID, b.Entry.ID),
			cmp.Compare(a.Entry.Plate.Text(), b.Entry.Plate.Text()),
			cmp.Compare(a.Entry.Region, b.Entry.Region),
		)
	})
	return hits
}

func (l *list) match(q *query, read alpr.Read, now time.Time, hits []alpr.Hit) []alpr.Hit {
	if !l.rules.applies(read, now) {
		return hits
	}
	least := l.rules.least()
	codes, _ := q.search(l.plates, l.weight, least)
	for _, code := range codes {
		text := decode(code)
		if p := q.posterior(text, l.weight); p >= least { // NaN is no belief
			hits = l.hits(code, text, p, read, now, hits)
		}
	}
	for _, n := range q.slips(l.plates, codes) {
		text := decode(n.code)
		p := n.likelihood * l.weight
		if how, _ := explain(read.Plate.Text(), text); how == alpr.MissingChar {
			p /= float64(alpr.Blank) // it may be any character
		}
		if p >= least {
			hits = l.hits(n.code, text, p, read, now, hits)
		}
	}
	for code, p := range q.open(l.plates) {
		if p >= least {
			hits = l.hits(code, decode(code), p, read, now, hits)
		}
	}
	return hits
}

// hits appends every entry of a plate that the list's rules let through.
func (l *list) hits(code uint64, text string, p float64, read alpr.Read, now time.Time, hits []alpr.Hit) []alpr.Hit {
	from, to := l.plates.forward.find(code)
	for i := from; i < to; i++ {
		e, err := l.details.Entry(i)
		if err != nil || e.Plate.Fold() != text {
			// An alert without details is worth more than none: what is listed is the plate.
			e = alpr.Entry{Plate: alpr.NewPattern(text)}
		}
		if !e.Live(now) {
			continue
		}
		if l.rules.Priority != nil {
			e.Priority = *l.rules.Priority
		}
		h := alpr.Hit{Entry: e, List: l.info, Posterior: p * stateFactor(read.Region, read.RegionConfidence, e.Region), RegionAgrees: agree(read.Region, e.Region)}
		h.How, h.Differs = explain(read.Plate.Text(), e.Plate.Text())
		if h.How == alpr.Exact && h.RegionAgrees != nil && !*h.RegionAgrees {
			h.How = alpr.OtherRegion
		}
		if h.Posterior >= l.rules.least() && l.rules.allows(h.How) {
			hits = append(hits, h)
		}
	}
	return hits
}

// Current is the index in force. Readers never wait: whoever began with the old index ends with it. The zero value holds
// no lists.
type Current struct {
	index atomic.Pointer[Index]
}

// Swap puts an index in force and returns the one before; nil when there was none.
func (c *Current) Swap(x *Index) *Index { return c.index.Swap(x) }

// Index is the one in force, nil before the first Swap.
func (c *Current) Index() *Index { return c.index.Load() }

// Match asks the index in force.
func (c *Current) Match(read alpr.Read, now time.Time) []alpr.Hit {
	return c.index.Load().Match(read, now)
}
