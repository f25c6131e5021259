package hotlist

import (
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
	// maxRaw and maxPacked bound a chunk before and after unpacking, whatever a manifest says.
	maxRaw    = 1 << 20
	maxPacked = maxRaw + 4<<10
	maxCount  = 50_000_000
)

// ManifestName is the manifest's file in a package's directory. Chunks lie beside it, named by their SHA-256.
const ManifestName = "manifest.jws"

var (
	// ErrDamaged is returned when a package's bytes are not what its signed manifest says.
	ErrDamaged = errors.New("the list package is damaged")
	// ErrVersion is returned when a package's layout is newer than this program.
	ErrVersion = errors.New("the list package has a layout that this version doesn't know")
)

// Manifest says what a package holds. It is the payload of a compact JWS of type trust.ListManifest.
type Manifest struct {
	Format     int            `json:"format"` // 1
	List       string         `json:"list"`
	Source     string         `json:"source"`
	Version    uint64         `json:"version"` // grows from package to package (R22)
	BuiltAt    time.Time      `json:"built_at"`
	Count      int            `json:"count"`      // entries in all chunks
	Duplicates int            `json:"duplicates"` // rows that were the same in every field
	Expired    int            `json:"expired"`
	LeftOut    map[string]int `json:"left_out"`
	Rejects    map[Reason]int `json:"rejects"`
	Classes    map[string]int `json:"classes"`
	Previous   string         `json:"previous"` // SHA-256 of the manifest.jws before, in hexadecimal; empty for the first
	Chunks     []Chunk        `json:"chunks"`
}

// Chunk is one zstd file of entries.
type Chunk struct {
	SHA256  string `json:"sha256"` // of the file, in hexadecimal; its name
	Size    int    `json:"size"`
	RawSize int    `json:"raw_size"` // unpacked
	Count   int    `json:"count"`    // entries
}

// GoodName reports whether a list may be called so: 1 to 64 letters, digits, dashes and underscores.
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
	if peek.Format != 1 {
		return m, key, hinted{fmt.Errorf("%w: %d", ErrVersion, peek.Format), "update alprd, or publish with the version that the units run"}
	}
	if err := json.Unmarshal(payload, &m); err != nil {
		return m, key, fmt.Errorf("%w: the manifest's fields", ErrDamaged)
	}
	switch {
	case !GoodName(m.List), len(m.Source) > 200, m.Version == 0, m.BuiltAt.IsZero(), m.Count < 0, m.Count > maxCount:
		return m, key, fmt.Errorf("%w: the manifest's values", ErrDamaged)
	}
	total, seen := 0, map[string]bool{}
	for _, c := range m.Chunks {
		if raw, err := hex.DecodeString(c.SHA256); err != nil || len(raw) != 32 || hex.EncodeToString(raw) != c.SHA256 || seen[c.SHA256] ||
			c.Size < 1 || c.Size > maxPacked || c.RawSize < 1 || c.RawSize > maxRaw || c.Count < 1 || c.Count > c.RawSize {
			return m, key, fmt.Errorf("%w: the manifest's chunks", ErrDamaged)
		}
		seen[c.SHA256] = true
		total += c.Count
	}
	if total != m.Count {
		return m, key, fmt.Errorf("%w: the manifest's count", ErrDamaged)
	}
	return m, key, nil
}

// Info is what hits tell about the list.
func (m Manifest) Info() alpr.ListInfo {
	return alpr.ListInfo{Name: m.List, Source: m.Source, Version: m.Version, BuiltAt: m.BuiltAt}
}

// Rejected is how many rows of the source couldn't be loaded.
func (m Manifest) Rejected() int { return Report{Rejects: m.Rejects}.Rejected() }

// rows is how many rows the source had.
func (m Manifest) rows() int {
	n := m.Count + m.Duplicates + m.Expired + m.Rejected()
	for _, v := range m.LeftOut {
		n += v
	}
	return n
}
