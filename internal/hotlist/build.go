// Package hotlist turns the lists of the field into signed packages, and signed packages into entries.
//
// A Builder reads NCIC extracts and delimited files, counts what it can't load, refuses what may not be loaded, and makes a
// Bundle: a signed manifest and compressed chunks, the same bytes for the same input. Open and Decode are the other side.
package hotlist

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"alprd/internal/alpr"
	"alprd/internal/trust"
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

// Identity is what a package says of itself besides its entries.
type Identity struct {
	List       string
	Source     string
	Version    uint64 // 0: seconds since 1970 of BuiltAt
	BuiltAt    time.Time
	Previous   []byte  // the signed manifest before; nil for none
	MaxRejects float64 // 0 to 1
}

// Bundle is a package in memory.
type Bundle struct {
	Manifest Manifest
	Signed   []byte            // manifest.jws
	Chunks   map[string][]byte // by SHA-256 in hexadecimal
}

// Publish makes the package. It refuses as Refusal does, a list whose name means traffic enforcement (R53), and a version that
// is not above the previous one's (R22).
func (b *Builder) Publish(id Identity, key trust.PrivateKey) (*Bundle, error) {
	if !GoodName(id.List) {
		return nil, hinted{errors.New("the list's name is not usable"), "use 1 to 64 letters, digits, dashes and underscores, for example nc-sbi"}
	}
	if trafficOnly(id.List) || trafficOnly(id.Source) {
		return nil, &PolicyError{fmt.Sprintf("the list %q serves traffic enforcement only", id.List), trafficClause, "such a list can't be published to plate readers"}
	}
	if err := b.finish(); err != nil {
		return nil, err
	}
	if err := b.Refusal(id.MaxRejects); err != nil {
		return nil, err
	}
	r := b.report
	m := Manifest{
		Format: 1, List: id.List, Source: clip(tidy(id.Source), 200), Version: id.Version, BuiltAt: id.BuiltAt.UTC().Truncate(time.Second),
		Count: r.Entries, Duplicates: r.Duplicates, Expired: r.Expired, LeftOut: r.LeftOut, Rejects: r.Rejects, Classes: r.Classes, Chunks: []Chunk{},
	}
	if m.Version == 0 {
		m.Version = uint64(max(m.BuiltAt.Unix(), 1))
	}
	if id.Previous != nil {
		before, _, err := readManifest(id.Previous, []trust.PublicKey{key.Public()})
		if err != nil {
			return nil, hinted{fmt.Errorf("the package that lies in the directory: %w", err), "publish into an empty directory if the publisher's key has changed; units must then be given the new one"}
		}
		if before.List != m.List {
			return nil, hinted{fmt.Errorf("the directory holds the list %q, not %q", before.List, m.List), "publish each list to a directory of its own"}
		}
		if before.Version >= m.Version {
			return nil, hinted{fmt.Errorf("version %d is not above the published version %d: units would refuse it", m.Version, before.Version), "publish a second later, give a higher --version, or check this machine's clock"}
		}
		sum := sha256.Sum256(id.Previous)
		m.Previous = hex.EncodeToString(sum[:])
	}
	out := &Bundle{Chunks: map[string][]byte{}}
	if err := b.chunks(&m, out); err != nil {
		return nil, err
	}
	payload, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	if out.Signed, err = trust.Sign(key, trust.ListManifest, payload); err != nil {
		return nil, fmt.Errorf("sign the manifest: %w", err)
	}
	if len(out.Signed) > MaxManifest {
		return nil, hinted{errors.New("the list is too large for one package"), "split it into several lists"}
	}
	out.Manifest = m
	return out, nil
}

const (
	// A chunk ends where an entry's own hash says so, once it is large enough: a changed entry changes its own chunk, and
	// units need to fetch only that. On average that is 160 KiB.
	leastRaw = 32 << 10
	mostRaw  = 512 << 10
	cutEvery = 2048 // entries, on average
)

func (b *Builder) chunks(m *Manifest, out *Bundle) error {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return fmt.Errorf("prepare to pack the list: %w", err)
	}
	defer z.Close()
	var body []byte
	count := 0
	flush := func() {
		raw := binary.AppendUvarint([]byte(magic), uint64(count))
		raw = append(raw, body...)
		packed := z.EncodeAll(raw, nil)
		sum := sha256.Sum256(packed)
		name := hex.EncodeToString(sum[:])
		out.Chunks[name] = packed
		m.Chunks = append(m.Chunks, Chunk{name, len(packed), len(raw), count})
		body, count = body[:0], 0
	}
	for _, r := range b.records {
		body = binary.AppendUvarint(body, uint64(len(r)))
		body = append(body, r...)
		count++
		if sum := sha256.Sum256([]byte(r)); len(body) >= mostRaw || len(body) >= leastRaw && binary.BigEndian.Uint32(sum[:])%cutEvery == 0 {
			flush()
		}
	}
	if count > 0 {
		flush()
	}
	return nil
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
