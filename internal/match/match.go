// Package match answers: which hot-list entries does this read match, and how sure.
//
// An Index is immutable and swapped whole. It holds each list as one sorted array of plates, walked as a trie with the
// read's own posteriors as the guide: a prefix is followed as long as a text that begins with it could still hold a
// share of the belief that the list asks for. Nothing is enumerated, no table of look-alikes is needed, and nothing that
// a scan of the whole list would report is missed. Every hit's posterior is alpr.Evidence's own.
package match

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"alprd/internal/alpr"
)

// DefaultThreshold is the posterior from which an entry raises a hit where its list doesn't say: a look-alike of a certain
// read holds less, one that the read leaves truly open holds more (decision 0042 has the measurement).
const DefaultThreshold = 0.05

// List is one hot list to build.
type List struct {
	Info      alpr.ListInfo
	Threshold float64                      // least posterior of a hit, above 0 to 1; 0 stands for DefaultThreshold
	Entries   iter.Seq2[alpr.Entry, error] // read once; an error ends the building
}

// Index is what all lists of one moment say. It is safe for any number of goroutines.
type Index struct {
	lists []*list
}

// list is one list, packed.
type list struct {
	info      alpr.ListInfo
	threshold float64
	codes     codes
	at        []uint32  // of each code's entry, in details
	patterns  []pattern // entries that leave characters open
	details   *slab
}

// pattern is an entry that leaves characters open.
type pattern struct {
	text string // folded, ? for an open character
	at   uint32
}

const (
	// maxOpen is how many characters an entry may leave open: with more, no police product dares to alert either.
	maxOpen = 2
	// maxPatterns keeps the plain scan over them below a tenth of a millisecond.
	maxPatterns = 10_000
)

// Build packs the lists. Entries may come in any order; in the order of their folded plates they cost no sort. It fails
// when a list's sequence does, and for a plate that no list can mean: empty, longer than ten characters, more than two open.
func Build(lists []List) (*Index, error) {
	x := &Index{}
	for _, l := range lists {
		built, err := build(l)
		if err != nil {
			return nil, fmt.Errorf("build the index of list %s: %w", l.Info.Name, err)
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
		return nil, fmt.Errorf("build the index of list %s: %w", l.Info.Name, err)
	}
	next := x.Without(l.Info.Name)
	next.lists = append(next.lists, built)
	return next, nil
}

// Without is the index without the list of that name.
func (x *Index) Without(name string) *Index {
	next := &Index{}
	if x != nil {
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

// Size is how many entries the index holds, the bytes that searching needs, and the bytes of what hits tell.
func (x *Index) Size() (entries, search, details int) {
	for _, l := range x.lists {
		entries += len(l.at) + len(l.patterns)
		search += l.codes.bytes()
		details += 4*len(l.at) + 24*len(l.patterns) + l.details.bytes()
	}
	return
}

func build(l List) (*list, error) {
	out := &list{info: l.Info, threshold: l.Threshold, details: newSlab()}
	if out.threshold == 0 {
		out.threshold = DefaultThreshold
	}
	if !(out.threshold > 0 && out.threshold <= 1) {
		return nil, fmt.Errorf("the threshold %v is not above 0 and at most 1", l.Threshold)
	}
	type row struct {
		code uint64
		at   uint32
	}
	var rows []row
	n, sorted := 0, true
	for e, err := range l.Entries {
		if err != nil {
			return nil, err
		}
		n++
		at, err := out.details.add(e)
		if err != nil {
			return nil, err
		}
		text := e.Plate.Fold()
		if open := e.Plate.Open(); open > 0 {
			if open > maxOpen || len(text) > maxText || len(text)-open < 3 {
				return nil, fmt.Errorf("entry %d leaves too many characters open", n)
			}
			if out.patterns = append(out.patterns, pattern{text, at}); len(out.patterns) > maxPatterns {
				return nil, fmt.Errorf("more than %d entries leave characters open", maxPatterns)
			}
			continue
		}
		code, ok := encode(text)
		if !ok {
			return nil, fmt.Errorf("the plate of entry %d has %d characters, not 1 to %d", n, len(text), maxText)
		}
		sorted = sorted && (len(rows) == 0 || rows[len(rows)-1].code <= code)
		rows = append(rows, row{code, at})
	}
	if !sorted {
		slices.SortFunc(rows, func(a, b row) int {
			return cmp.Or(cmp.Compare(a.code, b.code), cmp.Compare(a.at, b.at))
		})
	}
	sortedCodes := make([]uint64, len(rows))
	out.at = make([]uint32, len(rows))
	for i, r := range rows {
		sortedCodes[i], out.at[i] = r.code, r.at
	}
	out.codes = newCodes(sortedCodes)
	out.details.done()
	return out, nil
}

// Match tells the entries that hold at least their list's threshold of the read's belief and are live at now, the
// highest priority first, then the surest.
func (x *Index) Match(read alpr.Read, now time.Time) []alpr.Hit {
	if x == nil || len(x.lists) == 0 {
		return nil
	}
	q, ok := newQuery(read)
	if !ok {
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
	for _, f := range q.search(l.codes, l.threshold).hits {
		text := decode(l.codes.sorted[f.from])
		p := q.posterior(text)
		if !(p >= l.threshold) { // NaN is no belief
			continue
		}
		for i := f.from; i < f.to; i++ {
			hits = l.hit(l.details.entry(l.at[i], text), p, read, now, hits)
		}
	}
	for _, pt := range l.patterns {
		if p := q.open(pt.text); p >= l.threshold {
			hits = l.hit(l.details.entry(pt.at, pt.text), p, read, now, hits)
		}
	}
	return hits
}

func (l *list) hit(e alpr.Entry, p float64, read alpr.Read, now time.Time, hits []alpr.Hit) []alpr.Hit {
	if !e.Live(now) {
		return hits
	}
	h := alpr.Hit{Entry: e, List: l.info, Posterior: p, RegionAgrees: agree(read.Region, e.Region)}
	h.How, h.Differs = explain(read.Plate.Text(), e.Plate.Text())
	if h.How == alpr.Exact && h.RegionAgrees != nil && !*h.RegionAgrees {
		h.How = alpr.OtherRegion
	}
	return append(hits, h)
}

// open is how sure the read is of some plate that fits a pattern: the sum over the read's own candidates that do. What the
// read didn't think of holds little, and counting it could only add.
func (q *query) open(pattern string) float64 {
	var sum float64
	for i, t := range q.texts {
		if !fits(t, pattern) {
			continue
		}
		if q.own == nil {
			q.own = q.evidence.Weigh(q.texts)
		}
		sum += q.own[i].Confidence
	}
	return sum
}

func fits(text, pattern string) bool {
	if len(text) != len(pattern) {
		return false
	}
	for i := range len(text) {
		if pattern[i] != '?' && pattern[i] != text[i] {
			return false
		}
	}
	return true
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
