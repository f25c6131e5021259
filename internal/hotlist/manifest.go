package hotlist

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/trust"
)

const (
	// MaxManifest is how large a signed manifest may be: some 15,000 chunks, far above ten million entries.
	MaxManifest = 4 << 20
	// MaxChunk is how large a sealed chunk may be. maxRaw bounds it unpacked, whatever a manifest says.
	MaxChunk = maxRaw + 4<<10
	maxRaw   = 1 << 20
	maxCount = 50_000_000
	maxUnits = 10_000
)

// ManifestName is the manifest's file in a package's directory. Chunks lie beside it, named by their SHA-256.
const ManifestName = "manifest.jws"

var (
	// ErrDamaged is returned when a package's bytes are not what its signed manifest says.
	ErrDamaged = errors.New("the list package is damaged")
	// ErrVersion is returned when a package's layout is newer than this program.
	ErrVersion = errors.New("the list package has a layout that this version doesn't know")
)

// Manifest says what a package holds; nothing in it is secret but for how many entries there are and of what classes. It is
// the payload of a compact JWS of type trust.ListManifest, and has one spelling: Go's own.
type Manifest struct {
	Format     int            `json:"format"` // 2
	Fleet      string         `json:"fleet"`  // whose units it is for
	List       string         `json:"list"`
	Source     string         `json:"source"`
	Version    uint64         `json:"version"` // grows from package to package (R22)
	BuiltAt    time.Time      `json:"built_at"`
	StaleAt    time.Time      `json:"stale_at"`   // from then on the publisher wouldn't rely on it; the list goes on matching
	Count      int            `json:"count"`      // entries of the whole list
	Duplicates int            `json:"duplicates"` // rows that were the same in every field
	Expired    int            `json:"expired"`
	LeftOut    map[string]int `json:"left_out"`
	Rejects    map[Reason]int `json:"rejects"`
	Classes    map[string]int `json:"classes"`
	Previous   string         `json:"previous"` // SHA-256 of the manifest.jws before, in hexadecimal; empty for the first
	Parts      []Part         `json:"parts"`    // a snapshot, and then at most one delta to it
	Units      []UnitKey      `json:"units"`    // whom the content keys are sealed to
	Own        []byte         `json:"own"`      // the content keys, sealed to the publisher himself
}

// Part is a snapshot of a list, or what changed since it. It stays the same bytes under the same key while later packages
// build on it, so that units fetch it once.
type Part struct {
	Kind    Kind      `json:"kind"`
	Version uint64    `json:"version"` // of the package that it was made for
	BuiltAt time.Time `json:"built_at"`
	KeyID   string    `json:"key_id"` // of its content key
	Chunks  []Chunk   `json:"chunks"`
}

// Kind is what a part's chunks hold.
type Kind string

const (
	Snapshot Kind = "snapshot" // entries
	Delta    Kind = "delta"    // entries that are no longer there, and new ones
)

// Chunk is one sealed file of a part.
type Chunk struct {
	SHA256  string `json:"sha256"` // of the file, in hexadecimal; its name
	Size    int    `json:"size"`
	RawSize int    `json:"raw_size"` // opened and unpacked
	Count   int    `json:"count"`    // records
}

// UnitKey is a unit that can open the package, and which of its keys with.
type UnitKey struct {
	Unit        string `json:"unit"`
	Fingerprint string `json:"fingerprint"`
}

// GoodName reports whether a list, a fleet or a unit may be called so: 1 to 64 letters, digits, dashes and underscores.
func GoodName(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}

// readManifest checks the signature and everything a manifest can be wrong in by itself.
func readManifest(signed []byte, keys []trust.PublicKey) (Manifest, trust.PublicKey, error) {
	var m Manifest
	payload, key, err := trust.Verify(signed, trust.ListManifest, MaxManifest, keys...)
	if err != nil {
		err = fmt.Errorf("the list's manifest: %w", err)
		if errors.Is(err, trust.ErrUnknownKey) {
			err = hinted{err, "the list is published by another key than the configured one: compare the fingerprints with the publisher"}
		} else {
			err = hinted{err, "get the package again from its publisher"}
		}
		return m, key, err
	}
	var peek struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(payload, &peek); err != nil {
		return m, key, fmt.Errorf("%w: the manifest is no JSON", ErrDamaged)
	}
	if peek.Format != 2 {
		return m, key, hinted{fmt.Errorf("%w: %d", ErrVersion, peek.Format), "update alprd, or publish with the version that the units run"}
	}
	if err := json.Unmarshal(payload, &m); err != nil {
		return m, key, fmt.Errorf("%w: the manifest's fields", ErrDamaged)
	}
	// Go takes several spellings of one document; only its own counts.
	if again, err := json.Marshal(m); err != nil || !bytes.Equal(again, payload) {
		return m, key, fmt.Errorf("%w: the manifest's spelling", ErrDamaged)
	}
	if what := m.wrong(); what != "" {
		return m, key, fmt.Errorf("%w: the manifest's %s", ErrDamaged, what)
	}
	return m, key, nil
}

// wrong names what in the manifest can't be.
func (m Manifest) wrong() string {
	switch {
	case !GoodName(m.List), !GoodName(m.Fleet), len(m.Source) > 200, m.Version == 0, m.BuiltAt.IsZero(), m.StaleAt.Before(m.BuiltAt), m.Count < 0, m.Count > maxCount:
		return "values"
	case len(m.Parts) < 1 || len(m.Parts) > 2 || m.Parts[0].Kind != Snapshot || len(m.Parts) == 2 && m.Parts[1].Kind != Delta:
		return "parts"
	case m.Parts[len(m.Parts)-1].Version != m.Version || m.Parts[0].Version == 0 || m.Parts[0].Version > m.Version || len(m.Parts) == 2 && m.Parts[0].Version == m.Version:
		return "versions"
	case len(m.Units) > maxUnits || len(m.Own) > 1<<10:
		return "keys"
	}
	for _, u := range m.Units {
		if !GoodName(u.Unit) || len(u.Fingerprint) > 64 {
			return "units"
		}
	}
	seen := map[string]bool{}
	total := 0
	for _, p := range m.Parts {
		if len(p.KeyID) != 32 {
			return "key ids"
		}
		for _, c := range p.Chunks {
			if raw, err := hex.DecodeString(c.SHA256); err != nil || len(raw) != 32 || hex.EncodeToString(raw) != c.SHA256 || seen[c.SHA256] ||
				c.Size <= trust.ContentOverhead || c.Size > MaxChunk || c.RawSize < 1 || c.RawSize > maxRaw || c.Count < 1 || c.Count > c.RawSize {
				return "chunks"
			}
			seen[c.SHA256] = true
			if total += c.Count; total > 2*maxCount {
				return "chunks"
			}
		}
	}
	if len(m.Parts) == 1 && total != m.Count {
		return "count"
	}
	return ""
}

// Info is what hits tell about the list.
func (m Manifest) Info() alpr.ListInfo {
	return alpr.ListInfo{Name: m.List, Source: m.Source, Version: m.Version, BuiltAt: m.BuiltAt, StaleAt: m.StaleAt}
}

// Rejected is how many rows of the source couldn't be loaded.
func (m Manifest) Rejected() int { return Report{Rejects: m.Rejects}.Rejected() }

// Chunks is every chunk of every part, in order.
func (m Manifest) Chunks() []Chunk {
	var out []Chunk
	for _, p := range m.Parts {
		out = append(out, p.Chunks...)
	}
	return out
}

// rows is how many rows the source had.
func (m Manifest) rows() int {
	n := m.Count + m.Duplicates + m.Expired + m.Rejected()
	for _, v := range m.LeftOut {
		n += v
	}
	return n
}
