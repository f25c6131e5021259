package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/hotlist"
	"alprd/internal/match"
	"alprd/internal/seal"
	"alprd/internal/store"
	"alprd/internal/trust"
)

// hotlists keeps the lists in force: in the sealed cache, and in the index that the cameras ask.
type hotlists struct {
	cfg     map[string]hotlistConfig
	keys    map[string]trust.PublicKey
	fleet   string
	me      trust.Opener // the unit's own: packages are sealed to it
	rules   profile
	cache   *store.HotLists
	current match.Current
	changed func() // told of each activation
	log     *zap.Logger

	importing sync.Mutex // one import at a time; it may take long

	mu    sync.Mutex
	force map[string]hotlist.Manifest
}

// listError is a problem with one list, and its mend.
type listError struct {
	what, mend string
	code       int
}

func (e *listError) Error() string { return e.what }
func (e *listError) Hint() string  { return e.mend }
func (e *listError) ExitCode() int { return e.code }

// keptList is what the cache has of a list beside its chunks.
type keptList struct {
	Manifest []byte `json:"manifest"` // as it was signed
	Keys     []byte `json:"keys"`     // of the chunks
}

// openingKey is what hot lists are sealed to: the unit's own, made with its key ring and never outside it.
func openingKey(ring *seal.Ring, unit string) (trust.Opener, error) {
	k, err := ring.Make("unit", nil)
	if err != nil {
		return trust.Opener{}, fmt.Errorf("unit key: %w", err)
	}
	secret := k.Derive(nil, "alprd unit opening key")
	return trust.NewOpener(unit, secret[:])
}

// openHotlists puts the cached lists in force. A list that is missing or damaged is an alarm, never the end: the camera's
// evidence is worth keeping without it.
func openHotlists(cfg config, me trust.Opener, cache *store.HotLists, log *zap.Logger) (*hotlists, error) {
	h := &hotlists{cfg: map[string]hotlistConfig{}, keys: map[string]trust.PublicKey{}, fleet: cfg.Unit.Fleet, me: me, rules: cfg.Profile, cache: cache, changed: func() {}, log: log, force: map[string]hotlist.Manifest{}}
	for _, c := range cfg.Hotlists {
		text, err := os.ReadFile(c.PublicKey)
		if err != nil {
			return nil, &configError{c.PublicKey, "", "the publisher's key can't be read: " + errors.Unwrap(err).Error(), "copy the .pub file that alprctl keygen made to this place, or mend hotlists public_key"}
		}
		key, err := trust.ParsePublicKey(text)
		if err != nil {
			return nil, &configError{c.PublicKey, "", err.Error(), "copy the .pub file that alprctl keygen made to this place"}
		}
		h.cfg[c.Name], h.keys[c.Name] = c, key
	}
	index, err := match.Build(nil)
	if err != nil {
		return nil, err
	}
	cached, err := cache.Current()
	if err != nil {
		log.Error("the hot-list cache can't be read; lists must be imported anew", zap.Error(err))
	}
	for _, l := range cached {
		if _, ok := h.cfg[l.Name]; !ok {
			continue // no longer configured: it stops alerting (R25)
		}
		pkg, more, err := h.reload(l, index)
		if err != nil {
			log.Error("a cached hot list can't be used; import it anew", zap.String("list", l.Name), zap.Error(err))
			continue
		}
		index = more
		h.force[l.Name] = pkg.Manifest()
	}
	h.current.Swap(index)
	return h, nil
}

// reload builds a list's part of the index from the cache.
func (h *hotlists) reload(l store.List, index *match.Index) (*hotlist.Package, *match.Index, error) {
	var k keptList
	if err := json.Unmarshal(l.Manifest, &k); err != nil {
		return nil, nil, fmt.Errorf("read the cached list: %w", err)
	}
	chunks := map[string]int{}
	pkg, err := hotlist.Decode(k.Manifest, func(sha string) ([]byte, error) { return h.cache.Chunk(l, chunks[sha]) }, h.keys[l.Name])
	if err != nil {
		return nil, nil, err
	}
	for i, c := range pkg.Manifest().Chunks() {
		chunks[c.SHA256] = i
	}
	if err := errors.Join(pkg.UnlockWith(k.Keys), h.admit(pkg.Manifest())); err != nil {
		return nil, nil, err
	}
	next, err := index.With(match.List{Info: pkg.Info(), Rules: match.Rules{Threshold: *h.cfg[l.Name].Threshold}, Entries: pkg.Entries()})
	return pkg, next, err
}

func (h *hotlists) admit(m hotlist.Manifest) error {
	return m.Admit(h.fleet, h.rules.Hotlists.RestrictedClasses, float64(h.rules.Hotlists.MaxRejects))
}

// tell names whom to tell of each activation.
func (h *hotlists) tell(changed func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = changed
}

// load checks a package and, unless dry, makes it durable and then puts it in force: from its return on no removed entry
// alerts (R25).
func (h *hotlists) load(ctx context.Context, dir fs.FS, dry bool) (any, error) {
	start := time.Now()
	pkg, err := hotlist.Open(dir, slices.Collect(maps.Values(h.keys))...)
	if err != nil {
		return nil, err
	}
	m := pkg.Manifest()
	c, ok := h.cfg[m.List]
	if !ok {
		return nil, &listError{fmt.Sprintf("the package holds the list %q, which this unit doesn't use", m.List), "add it under hotlists in the unit's configuration, with its publisher's key", exitRefused}
	}
	if !pkg.Key().Equal(h.keys[m.List]) {
		return nil, &listError{fmt.Sprintf("the list %q is signed by a key that is trusted for another list", m.List), "have it signed by its own publisher", exitRefused}
	}
	if err := h.admit(m); err != nil {
		return nil, err
	}
	if pkg, err = hotlist.OpenFor(dir, h.me, h.keys[m.List]); err != nil {
		return nil, err
	}
	h.importing.Lock()
	defer h.importing.Unlock()
	result := imported{List: m.List, Source: m.Source, Version: m.Version, BuiltAt: alpr.Time{Time: m.BuiltAt}, Entries: m.Count, Rejected: m.Rejected()}
	if seen := h.cache.Highest(m.List); seen >= m.Version { // R22
		return nil, tooOld(m, seen)
	}
	index, err := h.current.Index().With(match.List{Info: pkg.Info(), Rules: match.Rules{Threshold: *c.Threshold}, Entries: pkg.Entries()})
	if err != nil {
		return nil, err
	}
	if !dry {
		kept, err := json.Marshal(keptList{pkg.Signed(), pkg.Keys()})
		if err != nil {
			return nil, fmt.Errorf("keep the list: %w", err)
		}
		err = h.cache.Activate(m.List, m.Version, kept, start, func(yield func([]byte, error) bool) {
			for _, c := range m.Chunks() {
				chunk, err := pkg.Chunk(c)
				if ctx.Err() != nil {
					err = context.Cause(ctx)
				}
				if !yield(chunk, err) || err != nil {
					return
				}
			}
		})
		if errors.Is(err, store.ErrOldVersion) {
			return nil, tooOld(m, h.cache.Highest(m.List))
		}
		if err != nil {
			return nil, err
		}
		// At this point the new version is durable; a crash now starts with it.
		h.current.Swap(index)
		h.mu.Lock()
		h.force[m.List] = m
		changed := h.changed
		h.mu.Unlock()
		result.Active = true
		changed()
		h.log.Info("hot list in force", zap.String("list", m.List), zap.Uint64("version", m.Version), zap.Int("entries", m.Count), zap.Int("rejected", m.Rejected()))
	}
	result.Ms = float64(time.Since(start).Microseconds()) / 1e3
	return result, nil
}

func tooOld(m hotlist.Manifest, seen uint64) error {
	return &listError{fmt.Sprintf("version %d of the list %q is not newer than version %d, which this unit has seen", m.Version, m.List, seen),
		"publish the list anew: alprctl hotlist publish", exitRefused}
}

// status tells the lists in force, and, with version zero, the configured ones that are missing.
func (h *hotlists) status(now time.Time) []alpr.ListStatus {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []alpr.ListStatus{}
	for _, name := range slices.Sorted(maps.Keys(h.force)) {
		m := h.force[name]
		age := max(0, now.Sub(m.BuiltAt))
		out = append(out, alpr.ListStatus{Name: name, Source: m.Source, Version: m.Version, BuiltAt: alpr.Time{Time: m.BuiltAt}, AgeS: age.Truncate(time.Second).Seconds(),
			Stale: age > h.rules.Hotlists.StaleAfter, Entries: m.Count, Rejected: m.Rejected()})
	}
	return out
}

// missing names the configured lists that are not in force.
func (h *hotlists) missing() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for name := range h.cfg {
		if _, ok := h.force[name]; !ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
