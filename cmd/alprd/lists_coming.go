package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/hotlist"
	"alprd/internal/match"
)

// transfer is a list on its way from the broker. Nothing of it counts before all of it is here and was checked.
type transfer struct {
	manifest, grant []byte           // as retained at the broker
	pkg             *hotlist.Package // nil while there is nothing to fetch
	lacks           map[string]hotlist.Chunk
	held            map[string][]byte // came, and not durable yet
	heldBytes       int
	heldSince       time.Time
}

const (
	// atOnce is how many chunks are asked for in one go.
	atOnce = 32
	// Chunks that came are made durable together: after a crash at most so much comes again.
	holdBytes = 4 << 20
	holdFor   = 500 * time.Millisecond
)

// Names tells the lists that the unit uses. It, Manifest, Grant, Chunk and Missing are what uplink calls, one at a time; the four answer which chunks of
// the list are still lacking, at most atOnce of them.
func (h *hotlists) Names() []string { return slices.Sorted(maps.Keys(h.cfg)) }

func (h *hotlists) transfer(list string) *transfer {
	t := h.coming[list]
	if t == nil {
		t = &transfer{}
		h.coming[list] = t
	}
	return t
}

// Manifest takes the manifest that the broker keeps of a list.
func (h *hotlists) Manifest(list string, signed []byte) []string {
	h.importing.Lock()
	defer h.importing.Unlock()
	t := h.transfer(list)
	t.manifest = signed
	return h.begin(list, t)
}

// Grant takes the list's key, sealed to this unit.
func (h *hotlists) Grant(list string, grant []byte) []string {
	h.importing.Lock()
	defer h.importing.Unlock()
	t := h.transfer(list)
	t.grant = grant
	return h.begin(list, t)
}

// begin sees what there is to fetch, once manifest and key are here.
func (h *hotlists) begin(list string, t *transfer) []string {
	t.pkg, t.lacks, t.held = nil, nil, map[string][]byte{}
	if t.manifest == nil {
		return nil
	}
	pkg, err := hotlist.Decode(t.manifest, func(sha string) ([]byte, error) { return h.cache.Chunk(list, sha) }, h.keys[list])
	if err != nil {
		return h.refuse(list, t, 0, err)
	}
	m := pkg.Manifest()
	if force := h.inForce(list); force != nil && slices.Equal(force.Signed(), t.manifest) {
		return nil // it is in force
	}
	if m.List != list {
		return h.refuse(list, t, m.Version, fmt.Errorf("the manifest is of the list %q", m.List))
	}
	if err := h.gate(pkg); err != nil {
		return h.refuse(list, t, m.Version, err)
	}
	if seen := h.cache.Highest(list); seen >= m.Version { // R22
		return h.refuse(list, t, m.Version, tooOld(m, seen))
	}
	if t.grant == nil {
		return h.refuse(list, t, m.Version, fmt.Errorf("%w: it isn't sealed to this unit", hotlist.ErrLocked))
	}
	if err := pkg.Unlock(t.grant, h.me); err != nil {
		return h.refuse(list, t, m.Version, err)
	}
	t.pkg, t.lacks = pkg, map[string]hotlist.Chunk{}
	for _, c := range m.Chunks() {
		if _, err := pkg.Chunk(c); err != nil { // not there, or no longer what it was
			t.lacks[c.SHA256] = c
		}
	}
	h.log.Info("a hot list comes", zap.String("list", list), zap.Uint64("version", m.Version), zap.Int("chunks", len(m.Chunks())), zap.Int("lacking", len(t.lacks)))
	return h.further(list, t)
}

// Chunk takes a chunk that was asked for.
func (h *hotlists) Chunk(list, sha string, sealed []byte) []string {
	h.importing.Lock()
	defer h.importing.Unlock()
	t := h.transfer(list)
	c, ok := t.lacks[sha]
	if !ok || t.pkg == nil {
		return nil
	}
	if err := c.Check(sealed); err != nil {
		return h.refuse(list, t, t.pkg.Manifest().Version, err)
	}
	delete(t.lacks, sha)
	if len(t.held) == 0 {
		t.heldSince, t.heldBytes = time.Now(), 0
	}
	t.held[sha] = sealed
	t.heldBytes += len(sealed)
	return h.further(list, t)
}

// Missing is told when a chunk that was asked for isn't at the broker.
func (h *hotlists) Missing(list, sha string) {
	h.importing.Lock()
	defer h.importing.Unlock()
	t := h.transfer(list)
	if t.pkg == nil {
		return
	}
	if _, ok := t.lacks[sha]; ok {
		h.refuse(list, t, t.pkg.Manifest().Version, fmt.Errorf("%w: chunk %.12s… isn't at the broker", hotlist.ErrDamaged, sha))
	}
}

// further makes durable what came, and puts the list in force once nothing lacks.
func (h *hotlists) further(list string, t *transfer) []string {
	if len(t.held) > 0 && (len(t.lacks) == 0 || t.heldBytes >= holdBytes || time.Since(t.heldSince) > holdFor) {
		if err := h.cache.Keep(list, maps.All(t.held)); err != nil {
			return h.refuse(list, t, t.pkg.Manifest().Version, err)
		}
		t.held = map[string][]byte{}
	}
	if len(t.lacks) > 0 {
		out := make([]string, 0, atOnce)
		for sha := range t.lacks {
			if out = append(out, sha); len(out) == atOnce {
				break
			}
		}
		return out
	}
	plates, err := match.Pack(platesOf(t.pkg))
	if err == nil {
		err = h.put(t.pkg, plates)
	}
	if err != nil {
		return h.refuse(list, t, t.pkg.Manifest().Version, err)
	}
	t.pkg, t.lacks = nil, nil
	return nil
}

// refuse gives a transfer up: nothing of it stays, the list in force stays, and the refusal is told. The next manifest or key begins anew.
func (h *hotlists) refuse(list string, t *transfer, version uint64, why error) []string {
	t.pkg, t.lacks, t.held = nil, nil, nil
	h.prune(list)
	r := alpr.ListRefusal{Name: list, Version: version, At: alpr.Time{Time: time.Now()}, Why: why.Error()}
	hint := ""
	if m := (interface{ Hint() string })(nil); errors.As(why, &m) {
		hint = m.Hint()
	}
	h.mu.Lock()
	before := h.refused[list]
	h.refused[list] = r
	changed := h.changed
	h.mu.Unlock()
	if before.Version != version || before.Why != r.Why { // the same again at each connection is no news
		h.log.Warn("a hot list is refused", zap.String("list", list), zap.Uint64("version", version), zap.Error(why), zap.String("hint", hint))
		changed()
	}
	return nil
}
