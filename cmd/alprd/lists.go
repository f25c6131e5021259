package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"maps"
	"os"
	"runtime"
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

	mu      sync.Mutex
	force   map[string]*hotlist.Package
	refused map[string]alpr.ListRefusal // what came since and was refused

	coming map[string]*transfer // belongs to the uplink's goroutine
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
	h := &hotlists{cfg: map[string]hotlistConfig{}, keys: map[string]trust.PublicKey{}, fleet: cfg.Unit.Fleet, me: me, rules: cfg.Profile, cache: cache, changed: func() {}, log: log,
		force: map[string]*hotlist.Package{}, refused: map[string]alpr.ListRefusal{}, coming: map[string]*transfer{}}
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
		pkg, plates, err := h.reload(l)
		var more *match.Index
		if err == nil {
			more, err = index.With(h.list(pkg, plates))
		}
		if errors.Is(err, hotlist.ErrDamaged) {
			err = errors.Join(err, cache.Forget(l.Name))
		}
		if err != nil {
			log.Error("a cached hot list can't be used; import it anew", zap.String("list", l.Name), zap.Error(err))
			continue
		}
		index = more
		h.force[l.Name] = pkg
	}
	h.current.Swap(index)
	return h, nil
}

// reload opens a list of the cache: its plates from the image that was made of them, its details sealed on the disk.
func (h *hotlists) reload(l store.List) (*hotlist.Package, *match.Plates, error) {
	var k keptList
	if err := json.Unmarshal(l.Head, &k); err != nil {
		return nil, nil, fmt.Errorf("read the cached list: %w", err)
	}
	pkg, err := h.fromCache(l.Name, k)
	if err != nil {
		return nil, nil, err
	}
	if err := h.admit(pkg.Manifest()); err != nil {
		return nil, nil, err
	}
	plates, err := readImage(h.cache.Image(l), pkg)
	if err != nil {
		h.log.Warn("what was made of a hot list can't be read; it is made again", zap.String("list", l.Name), zap.Error(err))
		plates, err = match.Pack(platesOf(pkg))
	}
	return pkg, plates, err
}

// fromCache is a package whose chunks the cache keeps.
func (h *hotlists) fromCache(list string, k keptList) (*hotlist.Package, error) {
	pkg, err := hotlist.Decode(k.Manifest, func(sha string) ([]byte, error) { return h.cache.Chunk(list, sha) }, h.keys[list])
	if err != nil {
		return nil, err
	}
	return pkg, pkg.UnlockWith(k.Keys)
}

// An image is the length of the entries' places, these places, and the packed plates.
func writeImage(w io.Writer, pkg *hotlist.Package, plates *match.Plates) error {
	places := pkg.Places()
	if _, err := w.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(places)))); err != nil {
		return err
	}
	if _, err := w.Write(places); err != nil {
		return err
	}
	_, err := plates.WriteTo(w)
	return err
}

func readImage(r io.Reader, pkg *hotlist.Package) (*match.Plates, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, err
	}
	places := make([]byte, min(binary.LittleEndian.Uint32(n[:]), 1<<28))
	if _, err := io.ReadFull(r, places); err != nil {
		return nil, err
	}
	if err := pkg.SetPlaces(places); err != nil {
		return nil, err
	}
	return match.ReadPlates(r, pkg.Manifest().Count)
}

// platesOf yields the plates of a package, and checks all of it on the way.
func platesOf(pkg *hotlist.Package) iter.Seq2[alpr.Plate, error] {
	return func(yield func(alpr.Plate, error) bool) {
		for e, err := range pkg.Entries() {
			if !yield(e.Plate, err) {
				return
			}
		}
	}
}

func (h *hotlists) list(pkg *hotlist.Package, plates *match.Plates) match.List {
	info := pkg.Info()
	rules, _, _ := h.cfg[info.Name].rules() // checked when the configuration was read
	return match.List{Info: info, Rules: rules, Plates: plates, Details: pkg}
}

func (h *hotlists) admit(m hotlist.Manifest) error {
	return m.Admit(h.fleet, h.rules.Hotlists.RestrictedClasses, float64(h.rules.Hotlists.MaxRejects))
}

// tell names whom to tell of each activation, and of each refusal.
func (h *hotlists) tell(changed func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changed = changed
}

// load checks a package that lies in a directory and, unless dry, makes it durable and then puts it in force: from its return on no
// removed entry alerts (R25).
func (h *hotlists) load(ctx context.Context, dir fs.FS, dry bool) (any, error) {
	start := time.Now()
	pkg, err := hotlist.Open(dir, slices.Collect(maps.Values(h.keys))...)
	if err != nil {
		return nil, err
	}
	if err := h.gate(pkg); err != nil {
		return nil, err
	}
	m := pkg.Manifest()
	if pkg, err = hotlist.OpenFor(dir, h.me, h.keys[m.List]); err != nil {
		return nil, err
	}
	h.importing.Lock()
	defer h.importing.Unlock()
	result := imported{List: m.List, Source: m.Source, Version: m.Version, BuiltAt: alpr.Time{Time: m.BuiltAt}, Entries: m.Count, Rejected: m.Rejected()}
	if seen := h.cache.Highest(m.List); seen >= m.Version { // R22
		return nil, tooOld(m, seen)
	}
	plates, err := match.Pack(platesOf(pkg))
	if err != nil {
		return nil, err
	}
	if dry {
		if result.Changes, err = pkg.Changes(h.inForce(m.List)); err != nil {
			return nil, fmt.Errorf("compare with the list in force: %w", err)
		}
	} else {
		err := h.cache.Keep(m.List, func(yield func(string, []byte) bool) {
			for _, c := range m.Chunks() {
				chunk, e := pkg.Chunk(c)
				if err = errors.Join(e, context.Cause(ctx)); err != nil || !yield(c.SHA256, chunk) {
					return
				}
			}
		})
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
		if err := h.put(pkg, plates); err != nil {
			return nil, err
		}
		result.Active = true
	}
	result.Ms = float64(time.Since(start).Microseconds()) / 1e3
	return result, nil
}

// gate refuses what can be told from the manifest alone: a list that the unit doesn't use, another list's publisher, and what Admit refuses.
func (h *hotlists) gate(pkg *hotlist.Package) error {
	m := pkg.Manifest()
	if _, ok := h.cfg[m.List]; !ok {
		return &listError{fmt.Sprintf("the package holds the list %q, which this unit doesn't use", m.List), "add it under hotlists in the unit's configuration, with its publisher's key", exitRefused}
	}
	if !pkg.Key().Equal(h.keys[m.List]) {
		return &listError{fmt.Sprintf("the list %q is signed by a key that is trusted for another list", m.List), "have it signed by its own publisher", exitRefused}
	}
	return h.admit(m)
}

func (h *hotlists) inForce(list string) *hotlist.Package {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.force[list]
}

// put makes a package current whose chunks the cache keeps and whose entries were all read, and puts it in force.
func (h *hotlists) put(pkg *hotlist.Package, plates *match.Plates) error {
	m := pkg.Manifest()
	kept := keptList{pkg.Signed(), pkg.Keys()}
	own, err := h.fromCache(m.List, kept)
	if err != nil {
		return err
	}
	if err := own.SetPlaces(pkg.Places()); err != nil {
		return err
	}
	index, err := h.current.Index().With(h.list(own, plates))
	if err != nil {
		return err
	}
	head, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("keep the list: %w", err)
	}
	err = h.cache.Activate(store.List{Name: m.List, Version: m.Version, Head: head, ActivatedAt: time.Now()}, func(w io.Writer) error { return writeImage(w, own, plates) })
	if errors.Is(err, store.ErrOldVersion) {
		return tooOld(m, h.cache.Highest(m.List))
	}
	if err != nil {
		return err
	}
	// At this point the new version is durable; a crash now starts with it.
	h.current.Swap(index)
	runtime.GC() // else a long list's next version would be the third in memory
	h.mu.Lock()
	h.force[m.List] = own
	delete(h.refused, m.List)
	changed := h.changed
	h.mu.Unlock()
	h.prune(m.List)
	changed()
	h.log.Info("hot list in force", zap.String("list", m.List), zap.Uint64("version", m.Version), zap.Int("entries", m.Count), zap.Int("rejected", m.Rejected()))
	return nil
}

// prune removes the chunks that the list in force doesn't need.
func (h *hotlists) prune(list string) {
	var keep []string
	if pkg := h.inForce(list); pkg != nil {
		for _, c := range pkg.Manifest().Chunks() {
			keep = append(keep, c.SHA256)
		}
	}
	if err := h.cache.Prune(list, keep); err != nil {
		h.log.Warn("chunks of an older list stay on the disk, sealed", zap.String("list", list), zap.Error(err))
	}
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
		m := h.force[name].Manifest()
		age := max(0, now.Sub(m.BuiltAt))
		stale := m.Info().Stale(now, h.rules.Hotlists.StaleAfter) || m.BuiltAt.Sub(now) > time.Hour // then one clock is wrong, and no age can be told
		out = append(out, alpr.ListStatus{Name: name, Source: m.Source, Version: m.Version, BuiltAt: alpr.Time{Time: m.BuiltAt}, AgeS: age.Truncate(time.Second).Seconds(),
			Stale: stale, Entries: m.Count, Rejected: m.Rejected()})
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

// refusals tells the lists that came last and were refused.
func (h *hotlists) refusals() []alpr.ListRefusal {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := []alpr.ListRefusal{}
	for _, name := range slices.Sorted(maps.Keys(h.refused)) {
		out = append(out, h.refused[name])
	}
	return out
}
