package hotlist

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"alprd/internal/trust"
)

// Identity is what a package says of itself besides its entries.
type Identity struct {
	Fleet      string // whose units it is for
	List       string
	Source     string
	Version    uint64 // 0: seconds since 1970 of BuiltAt, or one more than the version before
	BuiltAt    time.Time
	StaleAfter time.Duration     // how long it can be relied on; 0: 24 h
	Units      []trust.Recipient // who may open it
	Previous   *Package          // the package before, unlocked; nil for none
	Whole      bool              // make a new snapshot even where a delta would do
	MaxRejects float64           // 0 to 1
}

// Bundle is a package in memory.
type Bundle struct {
	Manifest Manifest
	Signed   []byte            // manifest.jws
	Chunks   map[string][]byte // by SHA-256 in hexadecimal
	Grants   map[string][]byte // by unit
	Fresh    int               // bytes of the chunks that the package before didn't have
}

const (
	// staleAfter is how long a publisher relies on a list: twice the normal age of a national one (requirements: FBI extract).
	staleAfter = 24 * time.Hour
	// snapshotLife is how long deltas are made to one snapshot, and with it how long its key lives.
	snapshotLife = 7 * 24 * time.Hour
	// cutRaw is how large a chunk is before packing: a third of that on the wire, so an interrupted transfer loses little.
	cutRaw = 256 << 10
)

// Publish makes the package. It refuses as Refusal does, a list whose name means traffic enforcement (R53), and a version that
// is not above the previous one's (R22). Each snapshot and each delta has a content key of its own; a delta is made while it is small, its
// snapshot young, and nobody who could open the snapshot is left out now.
func (b *Builder) Publish(id Identity, key trust.PrivateKey) (*Bundle, error) {
	m, err := b.manifest(id)
	if err != nil {
		return nil, err
	}
	out := &Bundle{Chunks: map[string][]byte{}, Grants: map[string][]byte{}}
	keys, err := b.parts(&m, id, out)
	if err != nil {
		return nil, err
	}
	for _, u := range id.Units {
		if out.Grants[u.Name], err = m.grant(keys, u); err != nil {
			return nil, err
		}
	}
	me, err := key.Opener()
	if err != nil {
		return nil, err
	}
	if m.Own, err = me.Recipient().Seal(grantContext(m, ownContext), join(keys)); err != nil {
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

// manifest is all of it but parts and keys.
func (b *Builder) manifest(id Identity) (Manifest, error) {
	var none Manifest
	if !GoodName(id.List) {
		return none, hinted{errors.New("the list's name is not usable"), "use 1 to 64 letters, digits, dashes and underscores, for example nc-sbi"}
	}
	if !GoodName(id.Fleet) {
		return none, hinted{errors.New("the fleet's name is not usable"), "write the unit.fleet of the units' configuration: 1 to 64 letters, digits, dashes and underscores"}
	}
	if trafficOnly(id.List) || trafficOnly(id.Source) {
		return none, &PolicyError{fmt.Sprintf("the list %q serves traffic enforcement only", id.List), trafficClause, "such a list can't be published to plate readers"}
	}
	if err := b.finish(); err != nil {
		return none, err
	}
	if err := b.Refusal(id.MaxRejects); err != nil {
		return none, err
	}
	r := b.report
	m := Manifest{
		Format: 2, Fleet: id.Fleet, List: id.List, Source: clip(tidy(id.Source), 200), Version: id.Version, BuiltAt: id.BuiltAt.UTC().Truncate(time.Second),
		Count: r.Entries, Duplicates: r.Duplicates, Expired: r.Expired, LeftOut: r.LeftOut, Rejects: r.Rejects, Classes: maps.Clone(r.Classes), Units: []UnitKey{},
	}
	if id.StaleAfter <= 0 {
		id.StaleAfter = staleAfter
	}
	m.StaleAt = m.BuiltAt.Add(id.StaleAfter)
	if m.Version == 0 {
		m.Version = uint64(max(m.BuiltAt.Unix(), 1))
		if id.Previous != nil {
			m.Version = max(m.Version, id.Previous.manifest.Version+1)
		}
	}
	for _, u := range id.Units {
		if !GoodName(u.Name) || slices.ContainsFunc(m.Units, func(o UnitKey) bool { return o.Unit == u.Name }) {
			return none, hinted{fmt.Errorf("the unit %q stands twice, or is no unit", u.Name), "give each unit's key file once"}
		}
		m.Units = append(m.Units, UnitKey{u.Name, u.Fingerprint()})
	}
	slices.SortFunc(m.Units, func(x, y UnitKey) int { return strings.Compare(x.Unit, y.Unit) })
	if p := id.Previous; p != nil {
		before := p.manifest
		if before.List != m.List || before.Fleet != m.Fleet {
			return none, hinted{fmt.Errorf("there stands the list %q of the fleet %q, not %q of %q", before.List, before.Fleet, m.List, m.Fleet), "publish each list to a directory of its own, under its own name"}
		}
		if before.Version >= m.Version {
			return none, hinted{fmt.Errorf("version %d is not above the published version %d: units would refuse it", m.Version, before.Version), "give a higher --version, or none"}
		}
		m.Previous = hexSum(p.signed)
	}
	return m, nil
}

// Changes tells what the list would do to a package that is there; nil for none.
func (b *Builder) Changes(before *Package) (Changes, error) {
	if before == nil {
		return Changes{After: len(b.records), Added: len(b.records)}, nil
	}
	return count(before.records, b.stream, before.manifest.Count, len(b.records))
}

func (b *Builder) stream(yield func([]byte) error) error {
	for _, r := range b.records {
		if err := yield([]byte(r)); err != nil {
			return err
		}
	}
	return nil
}

// parts makes the chunks, and gives the content keys of the manifest's parts.
func (b *Builder) parts(m *Manifest, id Identity, out *Bundle) ([]trust.ContentKey, error) {
	if delta, ok := b.delta(*m, id); ok {
		base := id.Previous.manifest.Parts[0]
		for _, c := range base.Chunks {
			sealed, err := id.Previous.Chunk(c)
			if err != nil {
				return nil, err
			}
			out.Chunks[c.SHA256] = sealed
		}
		key := trust.NewContentKey()
		part, err := out.part(*m, Delta, deltaMagic, key, func(yield func([]byte) error) error {
			for i := range delta.ends {
				if err := yield(delta.at(i)); err != nil {
					return err
				}
			}
			return nil
		})
		m.Parts = []Part{base, part}
		return []trust.ContentKey{id.Previous.keys[0], key}, err
	}
	key := trust.NewContentKey()
	part, err := out.part(*m, Snapshot, snapshotMagic, key, b.stream)
	m.Parts = []Part{part}
	return []trust.ContentKey{key}, err
}

var errLarge = errors.New("too large for a delta")

// delta is what changes against the snapshot of the package before; ok is false where a new snapshot is due.
func (b *Builder) delta(m Manifest, id Identity) (*changes, bool) {
	p := id.Previous
	if p == nil || id.Whole || p.keys == nil {
		return nil, false
	}
	base := p.manifest.Parts[0]
	if m.BuiltAt.Sub(base.BuiltAt) > snapshotLife {
		return nil, false
	}
	for _, u := range p.manifest.Units { // who is left out now must not open what is new
		if !slices.Contains(m.Units, u) {
			return nil, false
		}
	}
	c := &changes{}
	limit := 0
	for _, k := range base.Chunks {
		limit += k.Count
	}
	limit /= deltaShare
	// A snapshot whose chunks are gone or damaged is made anew.
	err := between(func(yield func([]byte) error) error { return p.part(0, snapshotMagic, yield) }, b.stream, func(sign byte, record []byte) error {
		if len(c.ends) >= limit {
			return errLarge
		}
		c.text = append(append(c.text, sign), record...)
		c.ends = append(c.ends, len(c.text))
		return nil
	})
	return c, err == nil
}

// part packs and seals records into chunks.
func (o *Bundle) part(m Manifest, kind Kind, magic string, key trust.ContentKey, all stream) (Part, error) {
	p := Part{Kind: kind, Version: m.Version, BuiltAt: m.BuiltAt, KeyID: key.ID(), Chunks: []Chunk{}}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBetterCompression))
	if err != nil {
		return p, fmt.Errorf("prepare to pack the list: %w", err)
	}
	defer z.Close()
	var body []byte
	count := 0
	flush := func() {
		if count == 0 {
			return
		}
		raw := binary.AppendUvarint([]byte(magic), uint64(count))
		raw = append(raw, body...)
		sealed := key.Seal(chunkContext(m, p, len(p.Chunks)), z.EncodeAll(raw, nil))
		name := hexSum(sealed)
		o.Chunks[name] = sealed
		o.Fresh += len(sealed)
		p.Chunks = append(p.Chunks, Chunk{name, len(sealed), len(raw), count})
		body, count = body[:0], 0
	}
	err = all(func(r []byte) error {
		body = binary.AppendUvarint(body, uint64(len(r)))
		body = append(body, r...)
		if count++; len(body) >= cutRaw {
			flush()
		}
		return nil
	})
	flush()
	return p, err
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
