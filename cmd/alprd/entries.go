package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/custody"
	"alprd/internal/hotlist"
	"alprd/internal/match"
	"alprd/internal/store"
	"alprd/internal/trust"
)

// The lists of entries made by hand, as alerts name them. Hot lists can't be called so.
const (
	manualList = "manual"
	covertList = "covert" // its alerts go to a topic of their own
)

// maxEntries bounds what one unit looks for by hand. More is a hot list.
const maxEntries = 2000

// entries are the plates that people entered by hand. They have an index of their own, beside the hot lists': no import
// can lose one.
type entries struct {
	ledger  *store.Ledger
	clock   spanner
	rules   profile
	reads   reads
	changed func() // told when what the unit looks for has changed
	record  func(custody.Access) error
	changes sync.Locker // held by whoever changes what is in force
	log     *zap.Logger

	now     atomic.Pointer[inForce]
	looking chan struct{} // holds one: whoever looks back
}

// inForce is what is looked for at one moment. It never changes.
type inForce struct {
	index *match.Index
	kept  map[string]custody.Kept
}

// reads is the unit's own buffer. *store.Store is one.
type reads interface {
	Reads(ctx context.Context, from, to time.Time, fn func(alpr.Read) error) error
}

const ledgerEntry = "entry/" // and the entry's id

// openEntries puts in force what the ledger holds, and has the authority obey entry commands.
func openEntries(a *authority, rules profile, kept reads, log *zap.Logger) (*entries, error) {
	e := &entries{ledger: a.ledger, clock: a.clock, rules: rules, reads: kept, changed: func() {}, log: log, looking: make(chan struct{}, 1)}
	e.record, e.changes = a.record, &a.mu
	all := map[string]custody.Kept{}
	for name, raw := range e.ledger.All(ledgerEntry) {
		var k custody.Kept
		if err := json.Unmarshal(raw, &k); err != nil {
			return nil, fmt.Errorf("ledger: %s: %w", name, err)
		}
		all[k.Entry.ID] = k
	}
	f, err := e.build(all)
	if err != nil {
		return nil, err
	}
	e.now.Store(f)
	a.obeys[custody.EntryAdd] = e.add
	a.obeys[custody.EntryExtend] = e.extend
	a.obeys[custody.EntryRemove] = e.remove
	a.obeys[custody.EntryList] = e.list
	return e, nil
}

// Match tells the entries that a read hits. What may be over is not among them, whatever a clock says that was set back (R26, R50).
func (e *entries) Match(read alpr.Read, at time.Time) []alpr.Hit {
	f := e.now.Load()
	if len(f.kept) == 0 {
		return nil
	}
	hits := f.index.Match(read, at)
	if len(hits) == 0 {
		return nil
	}
	span := e.clock.Span()
	return slices.DeleteFunc(hits, func(h alpr.Hit) bool { return f.kept[h.Entry.ID].Over(span) })
}

// watched is everything that is looked for: the hot lists' entries, and those made by hand.
type watched struct {
	lists  *hotlists
	byHand *entries
}

func (w watched) Match(read alpr.Read, at time.Time) []alpr.Hit {
	return append(w.lists.current.Match(read, at), w.byHand.Match(read, at)...)
}

// tell names whom to tell of each change.
func (e *entries) tell(changed func()) {
	e.changes.Lock()
	defer e.changes.Unlock()
	e.changed = changed
}

// forget sweeps every minute, until ctx ends. What is over doesn't alert meanwhile.
func (e *entries) forget(ctx context.Context) error {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for {
		if err := e.sweep(); err != nil && !errors.Is(err, store.ErrFull) {
			return fmt.Errorf("forget entries: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-minute.C:
		}
	}
}

func (e *entries) build(all map[string]custody.Kept) (*inForce, error) {
	index, err := match.Build(nil)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{manualList, covertList} {
		var listed []alpr.Entry
		for _, id := range slices.Sorted(maps.Keys(all)) {
			if k := all[id]; (k.Entry.Covert != nil) == (name == covertList) {
				listed = append(listed, k.Listed())
			}
		}
		if len(listed) == 0 {
			continue
		}
		// No date: the unit itself keeps this list, so that it is never behind.
		info := alpr.ListInfo{Name: name, Source: e.rules.Agency, Version: max(e.ledger.Changes(), 1)}
		if index, err = index.With(match.List{Info: info, Entries: each(listed)}); err != nil {
			return nil, err
		}
	}
	return &inForce{index, all}, nil
}

func each(list []alpr.Entry) iter.Seq2[alpr.Entry, error] {
	return func(yield func(alpr.Entry, error) bool) {
		for _, e := range list {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// become is the deed that puts k in the place of the entry with its id, or removes that; it is in force the moment it is durable.
func (e *entries) become(id string, k *custody.Kept) (deed, error) {
	all := maps.Clone(e.now.Load().kept)
	delete(all, id)
	var raw []byte
	if k != nil {
		all[id] = *k
		var err error
		if raw, err = json.Marshal(k); err != nil {
			return deed{}, err
		}
	}
	f, err := e.build(all)
	if err != nil {
		return deed{}, trust.Refuse(trust.RefusedBody, "the entry can't be looked for: "+err.Error(), "see docs/hot-lists.md for what a plate may be")
	}
	return deed{
		about: []string{id}, count: 1,
		change: func(l *store.LedgerEdit) {
			if raw == nil {
				l.Delete(ledgerEntry + id)
			} else {
				l.Put(ledgerEntry+id, raw)
			}
		},
		done: func() { e.now.Store(f); e.changed() },
		tell: func(r *custody.Reply) {
			if k != nil {
				r.Entry = &k.Entry
			}
		},
	}, nil
}

func (e *entries) add(o order) (deed, error) {
	k, asked, err := custody.NewEntry(o.Command, o.span)
	if err != nil {
		return deed{}, err
	}
	if code, ok := hotlist.Region(k.Entry.Region); !ok || code != k.Entry.Region {
		return deed{}, trust.Refuse(trust.RefusedBody, "the entry names a state that there isn't", "give --state, as NC, or leave it out when it is unknown")
	}
	if word, _ := hotlist.Class(k.Entry.Class); word != k.Entry.Class {
		return deed{}, trust.Refuse(trust.RefusedBody, "the entry's class is not in its one spelling", "make the command with alprctl entry add")
	}
	// What a hot list may not hold, nobody may enter by hand, either (R27, R53).
	if err := (hotlist.Manifest{List: manualList, Classes: map[string]int{k.Entry.Class: 1}}).Admit("", e.rules.Hotlists.RestrictedClasses, 1); err != nil {
		var h interface{ Hint() string }
		mend := "choose another class"
		if errors.As(err, &h) {
			mend = h.Hint()
		}
		return deed{}, trust.Refuse(trust.RefusedBody, err.Error(), mend)
	}
	now := e.now.Load().kept
	if _, ok := now[k.Entry.ID]; ok {
		return deed{}, trust.Refuse(trust.RefusedEntry, "there is an entry of this id already", "sign a new command")
	}
	if len(now) >= maxEntries {
		return deed{}, trust.Refuse(trust.RefusedEntry, fmt.Sprintf("this unit looks for %d plates by hand already", maxEntries), "remove what is no longer needed, or publish a hot list")
	}
	d, err := e.become(k.Entry.ID, &k)
	if err == nil && asked.Past != nil {
		d.then = func(ctx context.Context, r *custody.Reply) ([]string, int, error) {
			return e.lookBack(ctx, o, k, *asked.Past, r)
		}
	}
	return d, err
}

func (e *entries) extend(o order) (deed, error) {
	var body custody.Extend
	if err := trust.Decode(o.Body, &body); err != nil {
		return deed{}, trust.Refuse(trust.RefusedBody, "what entry.extend asks for is "+err.Error(), "make it with alprctl entry extend")
	}
	k, err := e.find(body.Entry, o)
	if err != nil {
		return deed{}, err
	}
	if k, err = k.Extended(o.Command, body, o.span); err != nil {
		return deed{}, err
	}
	return e.become(body.Entry, &k)
}

func (e *entries) remove(o order) (deed, error) {
	var body custody.Remove
	if err := trust.Decode(o.Body, &body); err != nil {
		return deed{}, trust.Refuse(trust.RefusedBody, "what entry.remove asks for is "+err.Error(), "make it with alprctl entry remove")
	}
	if err := body.Check(); err != nil {
		return deed{}, err
	}
	if _, err := e.find(body.Entry, o); err != nil {
		return deed{}, err
	}
	return e.become(body.Entry, nil)
}

// find is the entry that a command speaks of. One that its signer may not know of isn't there.
func (e *entries) find(id string, o order) (custody.Kept, error) {
	k, ok := e.now.Load().kept[id]
	if !ok || k.Over(o.span) || k.Entry.Covert != nil && !custody.SeesCovert(o.Actor.Role) {
		return k, trust.Refuse(trust.RefusedEntry, fmt.Sprintf("this unit has no entry %q in force", id), "alprctl entry list shows those there are; one that is over must be entered anew")
	}
	return k, nil
}

func (e *entries) list(o order) (deed, error) {
	if err := trust.Decode(o.Body, &custody.List{}); err != nil {
		return deed{}, trust.Refuse(trust.RefusedBody, "what entry.list asks for is "+err.Error(), "make it with alprctl entry list")
	}
	all, d := []custody.Entry{}, deed{}
	for _, k := range e.now.Load().kept {
		if !k.Over(o.span) && (k.Entry.Covert == nil || custody.SeesCovert(o.Actor.Role)) {
			all = append(all, k.Entry)
		}
	}
	slices.SortFunc(all, func(a, b custody.Entry) int {
		return cmp.Or(a.EnteredAt.Compare(b.EnteredAt.Time), cmp.Compare(a.ID, b.ID))
	})
	for _, k := range all {
		d.about = append(d.about, k.ID)
	}
	d.count = len(all)
	d.tell = func(r *custody.Reply) { r.Entries = all }
	return d, nil
}

// sweep forgets what is certainly over, and records that.
func (e *entries) sweep() error {
	e.changes.Lock()
	defer e.changes.Unlock()
	span := e.clock.Span()
	now, q := e.clock.Now()
	all := maps.Clone(e.now.Load().kept)
	gone := []string{}
	for id, k := range all {
		if k.Gone(span) {
			delete(all, id)
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	slices.Sort(gone)
	f, err := e.build(all)
	if err != nil {
		return err
	}
	line := custody.Access{At: alpr.Time{Time: now}, Clock: string(q.Quality), Event: "entry.expired", Outcome: custody.Done, About: gone, Count: len(gone)}
	if err := e.record(line); err != nil {
		return err
	}
	if err := e.ledger.Update(func(l *store.LedgerEdit) {
		for _, id := range gone {
			l.Delete(ledgerEntry + id)
		}
	}); err != nil {
		return err
	}
	e.now.Store(f)
	e.changed()
	e.log.Info("entries made by hand are over", zap.Strings("entries", gone))
	return nil
}

// status is what may be told of them to anybody: how many there are, covert ones not counted.
func (e *entries) status(now time.Time) []alpr.ListStatus {
	n := 0
	for _, k := range e.now.Load().kept {
		if k.Entry.Covert == nil {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []alpr.ListStatus{{Name: manualList, Source: e.rules.Agency, Version: max(e.ledger.Changes(), 1), BuiltAt: alpr.Time{Time: now}, Entries: n}}
}
