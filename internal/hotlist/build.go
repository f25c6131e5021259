// Package hotlist turns the lists of the field into signed packages, and signed packages into entries.
//
// A Builder reads NCIC extracts and delimited files, counts what it can't load, refuses what may not be loaded, and makes a
// Bundle: a signed manifest, sealed chunks, and for each unit the key to them. Open and Decode are the other side.
package hotlist

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"alprd/internal/alpr"
)

// Builder collects the entries of one list from any number of files.
type Builder struct {
	parser  *parser
	report  Report
	records []string // encoded entries
}

// NewBuilder begins a list. It fails when an option names a class that doesn't fit.
func NewBuilder(o Options) (*Builder, error) {
	b := &Builder{report: newReport()}
	p, err := newParser(o, &b.report, b.add)
	if err != nil {
		return nil, err
	}
	b.parser = p
	return b, nil
}

// add keeps an entry. One that its source doesn't number is named by a hash of all it says, so it keeps its name while it
// stays the same.
func (b *Builder) add(e alpr.Entry) {
	record := appendRecord(make([]byte, 0, 128), e)
	if e.ID == "" {
		sum := sha256.Sum256(record)
		e.ID = "~" + hex.EncodeToString(sum[:8])
		record = appendRecord(record[:0], e)
	}
	b.records = append(b.records, string(record))
}

// Read adds a file's rows. name stands in messages. It fails when the file can't be read or is no list; rows that can't be
// loaded are counted.
func (b *Builder) Read(name string, r io.Reader) error { return b.parser.parse(name, r) }

// finish sorts, removes exact duplicates and counts.
func (b *Builder) finish() error {
	slices.Sort(b.records)
	all := len(b.records)
	b.records = slices.Compact(b.records)
	b.report.Duplicates += all - len(b.records)
	b.report.Entries = len(b.records)
	clear(b.report.Classes)
	clear(b.report.Regions)
	for _, r := range b.records {
		e, err := parseRecord([]byte(r))
		if err != nil {
			return fmt.Errorf("read back an entry: %w", err)
		}
		b.report.Classes[e.Class]++
		b.report.Regions[e.Region]++
	}
	return nil
}

// Report is what became of the rows so far.
func (b *Builder) Report() (Report, error) {
	if err := b.finish(); err != nil {
		return Report{}, err
	}
	return b.report, nil
}

// Refusal is why the list may not be published with this limit of rejects (0 to 1), or nil: a *PolicyError or a *RejectError.
func (b *Builder) Refusal(limit float64) error {
	if len(b.parser.traffic) > 0 {
		return trafficError(b.parser.traffic)
	}
	if n := b.report.Rejected(); n > 0 && float64(n) > limit*float64(b.report.Rows) {
		return &RejectError{Report: b.report, Limit: limit}
	}
	return nil
}

// Entries yields what was read, after Report: in the order of the folded plates.
func (b *Builder) Entries(yield func(alpr.Entry) bool) {
	for _, r := range b.records {
		if e, err := parseRecord([]byte(r)); err == nil && !yield(e) {
			return
		}
	}
}

// Alike counts the plates of the list that differ from another listed plate by look-alike characters only (0 O D Q, 1 I,
// 2 Z, 5 S, 6 G, 8 B: Genetec's OCR equivalents), and the plates that several entries share.
func (b *Builder) Alike() (lookAlike, shared int) {
	first := map[string]string{} // look-alike class → one plate of it
	twin := map[string]bool{}    // classes with several plates
	plates := map[string]int{}
	b.Entries(func(e alpr.Entry) bool {
		plates[e.Plate.Fold()]++
		return true
	})
	for p := range plates {
		c := equivalents.Replace(p)
		if q, ok := first[c]; ok && q != p {
			twin[c] = true
		}
		first[c] = p
	}
	for p, n := range plates {
		if twin[equivalents.Replace(p)] {
			lookAlike++
		}
		if n > 1 {
			shared++
		}
	}
	return
}

var equivalents = strings.NewReplacer("O", "0", "D", "0", "Q", "0", "I", "1", "Z", "2", "S", "5", "G", "6", "B", "8")

// Words lists the classes of a count, the most frequent first.
func Words(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}
