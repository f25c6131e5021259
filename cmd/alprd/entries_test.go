package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/clock"
	"alprd/internal/custody"
	"alprd/internal/disk/disktest"
	"alprd/internal/seal"
	"alprd/internal/store"
	"alprd/internal/trust"
)

// dial is a clock that a test sets.
type dial struct {
	mu   sync.Mutex
	span clock.Span
}

func (d *dial) Span() clock.Span {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.span
}

func (d *dial) Now() (time.Time, alpr.Clock) {
	return d.Span().Latest, alpr.Clock{Quality: alpr.Synchronised}
}

// pass lets time pass, which everybody knows of.
func (d *dial) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.span.Earliest, d.span.Latest, d.span.Powered = d.span.Earliest.Add(by), d.span.Latest.Add(by), d.span.Powered+by
}

// desk is a unit's room for commands, with real files under it, and an agency that commands it.
type desk struct {
	t    *testing.T
	dir  string
	cfg  config
	clk  *dial
	kept *buffer
	logs *observer.ObservedLogs

	people  *authority
	byHand  *entries
	closers []func() error

	root   trust.PrivateKey
	keys   map[string]trust.PrivateKey
	roster trust.Roster
	counts map[string]uint64

	schemas *schemas.Set
}

// buffer is what the unit has seen.
type buffer struct{ all []alpr.Read }

func (s *buffer) Reads(_ context.Context, from, to time.Time, fn func(alpr.Read) error) error {
	for _, r := range s.all {
		if !r.At.Before(from) && r.At.Before(to) {
			if err := fn(r); err != nil {
				return err
			}
		}
	}
	return nil
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{t: t, dir: disktest.Dir(t), clk: &dial{span: clock.Span{Earliest: noon, Latest: noon, Powered: 1000 * time.Hour, Settled: true}}, kept: &buffer{}, keys: map[string]trust.PrivateKey{}, counts: map[string]uint64{}}
	var err error
	if d.schemas, err = schemas.Load(); err != nil {
		t.Fatal(err)
	}
	if d.root, err = trust.Generate("root"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(d.dir, "root.pub"), []byte(d.root.Public().Text()), 0o600); err != nil {
		t.Fatal(err)
	}
	d.cfg.Unit.ID, d.cfg.StateDir, d.cfg.Trust.Root = "unit-1", d.dir, filepath.Join(d.dir, "root.pub")
	d.cfg.Profile = profile{Agency: "Kinston PD", Retention: 90 * 24 * time.Hour, Purposes: custody.Purposes()}
	d.roster = trust.Roster{Format: 1, Agency: "Kinston PD", IssuedAt: alpr.Time{Time: noon}, Members: []trust.Member{}}
	for name, role := range map[string]trust.Role{"ada": trust.Operator, "ivy": trust.Investigator, "max": trust.Administrator, "tom": trust.Technician, "carl": trust.Custodian} {
		if d.keys[name], err = trust.Generate(name); err != nil {
			t.Fatal(err)
		}
		d.roster = d.roster.With(trust.Vouch(d.keys[name].Public(), name, role, "Kinston PD", noon.Add(-time.Hour), noon.Add(80*24*time.Hour)))
	}
	d.open()
	t.Cleanup(d.close)
	return d
}

func (d *desk) open() {
	d.t.Helper()
	ring, err := seal.OpenRing(filepath.Join(d.dir, "ring"), seal.NewFileKey(filepath.Join(d.dir, "ring.key"), nil), nil)
	if err != nil {
		d.t.Fatal(err)
	}
	core, logs := observer.New(zap.DebugLevel)
	d.logs = logs
	if d.people, err = openAuthority(d.cfg, ring, d.clk, zap.New(core)); err != nil {
		d.t.Fatal(err)
	}
	if d.byHand, err = openEntries(d.people, d.cfg.Profile, d.kept, zap.New(core)); err != nil {
		d.t.Fatal(err)
	}
	d.closers = []func() error{d.people.accesses.Close, ring.Close}
}

func (d *desk) close() {
	for _, c := range d.closers {
		c()
	}
	d.closers = nil
}

// again is a restart.
func (d *desk) again() { d.close(); d.open() }

func (d *desk) enrol() {
	d.t.Helper()
	msg, err := d.roster.Sign(d.root)
	if err != nil {
		d.t.Fatal(err)
	}
	d.fits("roster", msg)
	if _, err := d.people.enrol(msg); err != nil {
		d.t.Fatal(err)
	}
}

// sign makes a command of somebody's; change may spoil it first.
func (d *desk) sign(who, typ string, body any, change func(*trust.Command)) []byte {
	d.t.Helper()
	raw, err := trust.Encode(body)
	if err != nil {
		d.t.Fatal(err)
	}
	d.counts[who]++
	m, _ := d.roster.Find(d.keys[who].Public().Fingerprint())
	now := d.clk.Span().Latest
	c := trust.Command{ID: alpr.NewID(now), Unit: "unit-1", Type: typ, Counter: d.counts[who], IssuedAt: alpr.Time{Time: now}, ExpiresAt: alpr.Time{Time: now.Add(time.Hour)},
		Actor: trust.Actor{Name: m.Name, Role: m.Role, Agency: m.Agency}, Purpose: "stolen_vehicle", Case: "26-0815", Body: raw}
	if change != nil {
		change(&c)
	}
	msg, err := c.Sign(d.keys[who])
	if err != nil {
		d.t.Fatal(err)
	}
	return msg
}

func (d *desk) give(who, typ string, body any) custody.Reply {
	d.t.Helper()
	return d.send(d.sign(who, typ, body, nil))
}

// send gives a message to the unit, and holds the answer against its schema.
func (d *desk) send(msg []byte) custody.Reply {
	d.t.Helper()
	r := d.people.receive(d.t.Context(), msg)
	raw, err := json.Marshal(r)
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.schemas.Check("reply", raw); err != nil {
		d.t.Errorf("an answer breaks its schema: %v", err)
	}
	return r
}

// fits holds a signed document's payload against its schema.
func (d *desk) fits(schema string, msg []byte) {
	d.t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(string(msg), ".")[1])
	if err != nil {
		d.t.Fatal(err)
	}
	if err := d.schemas.Check(schema, payload); err != nil {
		d.t.Errorf("a %s breaks its schema: %v", schema, err)
	}
}

// must is give for what must be done; it gives the entry's id.
func (d *desk) must(who, typ string, body any) string {
	d.t.Helper()
	msg := d.sign(who, typ, body, nil)
	d.fits("command", msg)
	r := d.send(msg)
	if r.Outcome != custody.Done {
		d.t.Fatalf("%s: %s %s (%s)", typ, r.Outcome, r.What, r.Mend)
	}
	if r.Entry == nil {
		return ""
	}
	return r.Entry.ID
}

const plate1, plate2 = "4VAH764", "7TRR812"

func wanted(plate string) custody.Add {
	return custody.Add{Plate: plate, Class: "bolo", Priority: 40, Reason: "seen near the scene"}
}

// hits are the lists' names that a clear read of the plate hits now.
func (d *desk) hits(plate string) string {
	var out []string
	for _, h := range d.byHand.Match(readOf(plate, d.clk.Span().Latest), d.clk.Span().Latest) {
		out = append(out, h.List.Name)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func readOf(plate string, at time.Time) alpr.Read {
	return alpr.Read{ID: alpr.NewID(at), Camera: "north", Revision: 1, Final: true, FirstAt: at, LastAt: at, At: at, Clock: alpr.Clock{Quality: alpr.Synchronised},
		Plate: alpr.NewPlate(plate), Confidence: 0.98, Evidence: alpr.Evidence{clear(plate)}}
}

// clear is what a recogniser says of a plate that it sees well.
func clear(plate string) alpr.Posterior {
	var p alpr.Posterior
	for t := range 2*len(plate) + 1 {
		peak := alpr.Blank
		if t%2 == 1 {
			peak = strings.IndexByte(alpr.Alphabet, plate[t/2])
		}
		for k := range alpr.Classes {
			v := 0.002 / float64(alpr.Classes-1)
			if k == peak {
				v = 0.998
			}
			p.Log = append(p.Log, float32(math.Log(v)))
		}
	}
	return p
}

// lines are what the record of accesses holds.
func (d *desk) lines() []custody.Access {
	d.t.Helper()
	var out []custody.Access
	if err := d.people.accesses.All(func(_ uint64, body []byte) error {
		var a custody.Access
		err := json.Unmarshal(body, &a)
		out = append(out, a)
		return err
	}); err != nil {
		d.t.Fatal(err)
	}
	return out
}

// An entry alerts from the moment it is made, through restarts, until it is removed; each step is recorded with who, what for and
// which case, and neither the files nor the log hold a plate (R15, R17, R26, R41).
func TestEntryLives(t *testing.T) {
	d := newDesk(t)
	d.enrol()
	if d.hits(plate1) != "" {
		t.Fatal("it alerts before anything was entered")
	}
	id := d.must("ada", custody.EntryAdd, wanted(plate1))
	other := d.must("ada", custody.EntryAdd, wanted("7TR?8*2"))
	if d.hits(plate1) != manualList || d.hits(plate2) != manualList {
		t.Errorf("entered, and it hits %q, %q", d.hits(plate1), d.hits(plate2))
	}
	d.again()
	if d.hits(plate1) != manualList || d.hits(plate2) != manualList {
		t.Errorf("after a restart it hits %q, %q", d.hits(plate1), d.hits(plate2))
	}
	hit := d.byHand.Match(readOf(plate1, noon), noon)[0]
	if hit.Entry.Operator != "ada" || hit.List.Source != "Kinston PD" || !hit.Entry.ExpiresAt.Equal(noon.Add(30*24*time.Hour)) {
		t.Errorf("the hit says %q, %q, %v", hit.Entry.Operator, hit.List.Source, hit.Entry.ExpiresAt)
	}
	r := d.give("ada", custody.EntryList, custody.List{})
	if len(r.Entries) != 2 || r.Entries[0].Plate != plate1 && r.Entries[1].Plate != plate1 {
		t.Errorf("listed: %v", r.Entries)
	}
	d.must("ada", custody.EntryRemove, custody.Remove{Entry: id, Reason: "found"})
	if d.hits(plate1) != "" || d.hits(plate2) != manualList {
		t.Errorf("removed, and it hits %q, %q", d.hits(plate1), d.hits(plate2))
	}
	d.again()
	if d.hits(plate1) != "" || d.hits(plate2) != manualList {
		t.Errorf("removed, and after a restart it hits %q, %q", d.hits(plate1), d.hits(plate2))
	}
	var got []string
	for _, l := range d.lines() {
		got = append(got, fmt.Sprint(l.Event, " ", l.Outcome, " ", l.Actor.Name, " ", l.Purpose, " ", l.Case, " ", l.Count))
		l.Signed = ""
		if strings.Contains(fmt.Sprint(l), plate1) {
			t.Error("a line of the record holds a plate outside the command")
		}
	}
	want := []string{"trust.update done    5", "entry.add done ada stolen_vehicle 26-0815 1", "entry.add done ada stolen_vehicle 26-0815 1", "entry.list done ada stolen_vehicle 26-0815 2", "entry.remove done ada stolen_vehicle 26-0815 1"}
	if !slices.Equal(got, want) {
		t.Errorf("recorded:\n%s", strings.Join(got, "\n"))
	}
	if lines := d.lines(); !slices.Contains(lines[len(lines)-1].About, id) || lines[1].Signed == "" || lines[1].At.IsZero() {
		t.Errorf("the record doesn't say what it is about")
	}
	clearOf(t, d, plate1, plate2, "7TR")
	_ = other
}

// clearOf searches files and log for what must not be there.
func clearOf(t *testing.T, d *desk, words ...string) {
	t.Helper()
	files, err := os.ReadDir(d.dir)
	if err != nil || len(files) < 4 {
		t.Fatal(err, len(files))
	}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(d.dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range words {
			if strings.Contains(string(b), w) {
				t.Errorf("%s holds %s in the clear", f.Name(), w)
			}
		}
	}
	for _, l := range d.logs.All() {
		for _, w := range words {
			if strings.Contains(fmt.Sprint(l.Message, l.ContextMap()), w) {
				t.Errorf("the log holds %s", w)
			}
		}
	}
}

// Each refusal names its reason and how to mend it, is recorded, and leaves nothing: before and after a restart, the unit looks for what
// it looked for.
func TestRefusals(t *testing.T) {
	d := newDesk(t)
	if r := d.give("ada", custody.EntryAdd, wanted(plate1)); r.Refused == nil || *r.Refused != trust.RefusedKey || !strings.Contains(r.What, "no roster") {
		t.Errorf("without a roster: %s %q", r.Outcome, r.What)
	}
	d.enrol()
	id := d.must("ada", custody.EntryAdd, wanted(plate2))
	covert := wanted("8XYZ123")
	covert.Covert = &custody.Covert{Approval: "memo 7 of 2026-11-20"}
	hidden := d.must("max", custody.EntryAdd, covert)
	replayed := d.sign("ada", custody.EntryList, custody.List{}, nil)
	if r := d.send(replayed); r.Outcome != custody.Done {
		t.Fatal(r.What)
	}
	stranger, err := trust.Generate("mallory")
	if err != nil {
		t.Fatal(err)
	}
	d.keys["mallory"] = stranger
	with := func(f func(*custody.Add)) custody.Add { a := wanted(plate1); f(&a); return a }
	at := func(d time.Duration) *alpr.Time { return &alpr.Time{Time: noon.Add(d)} }
	type row struct {
		name string
		want trust.Code
		says string
		msg  []byte
	}
	add := func(who string, a custody.Add) []byte { return d.sign(who, custody.EntryAdd, a, nil) }
	changed := func(f func(*trust.Command)) []byte { return d.sign("ada", custody.EntryAdd, wanted(plate1), f) }
	rows := []row{
		{"nothing", trust.RefusedForm, "no signed message", nil},
		{"no JWS", trust.RefusedForm, "no signed message", []byte("{}")},
		{"a stranger", trust.RefusedKey, "nobody here vouches for", d.sign("mallory", custody.EntryAdd, wanted(plate1), func(c *trust.Command) {
			c.Actor = trust.Actor{Name: "max", Role: trust.Administrator, Agency: "Kinston PD"}
		})},
		{"another's name", trust.RefusedActor, "vouched for ada", changed(func(c *trust.Command) { c.Actor.Name = "max" })},
		{"another unit's", trust.RefusedUnit, "unit-2", changed(func(c *trust.Command) { c.Unit = "unit-2" })},
		{"expired", trust.RefusedExpired, "expired at", changed(func(c *trust.Command) { c.IssuedAt, c.ExpiresAt = *at(-2 * time.Hour), *at(-time.Hour) })},
		{"not issued yet", trust.RefusedEarly, "was issued at", changed(func(c *trust.Command) { c.IssuedAt, c.ExpiresAt = *at(time.Hour), *at(2 * time.Hour) })},
		{"replayed", trust.RefusedReplay, "was used before", replayed},
		{"a technician", trust.RefusedRole, "technician may not", add("tom", wanted(plate1))},
		{"a custodian", trust.RefusedRole, "custodian may not", add("carl", wanted(plate1))},
		{"a technician who lists", trust.RefusedRole, "technician may not", d.sign("tom", custody.EntryList, custody.List{}, nil)},
		{"an unknown type", trust.RefusedType, "no command", d.sign("max", "unit.explode", custody.List{}, nil)},
		{"no purpose", trust.RefusedPurpose, "purpose is missing", changed(func(c *trust.Command) { c.Purpose = "" })},
		{"curiosity", trust.RefusedPurpose, "no purpose", changed(func(c *trust.Command) { c.Purpose = "curiosity" })},
		{"traffic", trust.RefusedPurpose, "traffic enforcement", changed(func(c *trust.Command) { c.Purpose = "traffic_violation" })},
		{"an unknown field", trust.RefusedBody, "one spelling", changed(func(c *trust.Command) { c.Body = json.RawMessage(`{"plate":"X"}`) })},
		{"no plate", trust.RefusedBody, "plate is missing", add("ada", wanted(""))},
		{"too long", trust.RefusedBody, "11 characters", add("ada", wanted("ABCDEFGHIJK"))},
		{"an umlaut", trust.RefusedBody, "no plate has", add("ada", wanted("MÜ1234"))},
		{"too open", trust.RefusedBody, "names 3 characters and leaves 3 places open", add("ada", wanted("AB?1??"))},
		{"no reason", trust.RefusedBody, "reason is missing", add("ada", with(func(a *custody.Add) { a.Reason = "  " }))},
		{"31 days", trust.RefusedBody, "30 days at most", add("ada", with(func(a *custody.Add) { a.ExpiresAt = at(30*24*time.Hour + time.Millisecond) }))},
		{"over at once", trust.RefusedBody, "before it begins", add("ada", with(func(a *custody.Add) { a.ExpiresAt = at(0) }))},
		{"a state of fantasy", trust.RefusedBody, "state", add("ada", with(func(a *custody.Add) { a.Region = "us-zz" }))},
		{"a traffic class", trust.RefusedBody, "traffic", add("ada", with(func(a *custody.Add) { a.Class = "expired_registration" }))},
		{"a restricted class", trust.RefusedBody, "restricted", add("ada", with(func(a *custody.Add) { a.Class = "sex_offender" }))},
		{"priority", trust.RefusedBody, "priority", add("ada", with(func(a *custody.Add) { a.Priority = 101 }))},
		{"covert, by an operator", trust.RefusedRole, "only administrators", add("ada", with(func(a *custody.Add) { a.Covert = &custody.Covert{Approval: "memo 7"} }))},
		{"covert, unapproved", trust.RefusedBody, "approval's reference is missing", add("max", with(func(a *custody.Add) { a.Covert = &custody.Covert{} }))},
		{"covert, without a case", trust.RefusedBody, "needs its case", d.sign("max", custody.EntryAdd, covert, func(c *trust.Command) { c.Case = "" })},
		{"looking back, by an operator", trust.RefusedRole, "seen before", add("ada", with(func(a *custody.Add) { a.Past = &custody.Window{} }))},
		{"looking back, without a case", trust.RefusedBody, "case", d.sign("ivy", custody.EntryAdd, with(func(a *custody.Add) { a.Past = &custody.Window{} }), func(c *trust.Command) { c.Case = "" })},
		{"the same id", trust.RefusedEntry, "already", changed(func(c *trust.Command) { c.ID = id })},
		{"extended without justification", trust.RefusedBody, "justification is missing", d.sign("ada", custody.EntryExtend, custody.Extend{Entry: id}, nil)},
		{"extended to the same end", trust.RefusedBody, "already", d.sign("ada", custody.EntryExtend, custody.Extend{Entry: id, Justification: "x"}, nil)},
		{"extended, unknown", trust.RefusedEntry, "no entry", d.sign("ada", custody.EntryExtend, custody.Extend{Entry: "0123456789abcdef", Justification: "x"}, nil)},
		{"removed, without a reason", trust.RefusedBody, "reason is missing", d.sign("ada", custody.EntryRemove, custody.Remove{Entry: id}, nil)},
		{"removed, unknown", trust.RefusedEntry, "no entry", d.sign("ada", custody.EntryRemove, custody.Remove{Entry: "0123456789abcdef", Reason: "x"}, nil)},
		{"removed, covert, by who may not know", trust.RefusedEntry, "no entry", d.sign("ivy", custody.EntryRemove, custody.Remove{Entry: hidden, Reason: "x"}, nil)},
	}
	before := state(d)
	for _, again := range []bool{false, true} {
		if again {
			d.again()
		}
		for _, c := range rows {
			n := len(d.lines())
			r := d.send(c.msg)
			if r.Outcome != custody.Refused || r.Refused == nil || *r.Refused != c.want || r.Code != exitRefused || !strings.Contains(r.What, c.says) || r.Mend == "" || r.Entry != nil {
				t.Errorf("%s (restarted: %v): %s %v %q, %q", c.name, again, r.Outcome, r.Refused, r.What, r.Mend)
			}
			if l := d.lines(); len(l) != n+1 || l[n].Outcome != custody.Refused || *l[n].Refused != c.want || l[n].Signed != "" {
				t.Errorf("%s: %d lines were recorded", c.name, len(l)-n)
			}
			if state(d) != before {
				t.Fatalf("%s: something of it persists", c.name)
			}
		}
	}
	clearOf(t, d, plate1, plate2, "8XYZ123", "MÜ1234")
}

// state is everything in the ledger.
func state(d *desk) string {
	out := ""
	for name, v := range d.people.ledger.All("") {
		out += name + "=" + string(v) + "\n"
	}
	return out
}

// What was obeyed once is refused for ever: after a restart, and in any order within reach (R29 of the contract: counters).
func TestReplayAfterRestart(t *testing.T) {
	d := newDesk(t)
	d.enrol()
	var msgs [][]byte
	for range 30 {
		msgs = append(msgs, d.sign("ada", custody.EntryList, custody.List{}, nil))
	}
	for _, i := range []int{5, 0, 29, 7, 1} {
		if r := d.send(msgs[i]); r.Outcome != custody.Done {
			t.Errorf("message %d: %s", i, r.What)
		}
		d.again()
		for _, j := range []int{5, i} {
			if r := d.send(msgs[j]); r.Refused == nil || *r.Refused != trust.RefusedReplay {
				t.Errorf("message %d again: %s %s", j, r.Outcome, r.What)
			}
		}
	}
	old := d.sign("ada", custody.EntryList, custody.List{}, nil)
	d.counts["ada"] += trust.Reach
	if r := d.give("ada", custody.EntryList, custody.List{}); r.Outcome != custody.Done {
		t.Fatal(r.What)
	}
	if r := d.send(old); r.Refused == nil || *r.Refused != trust.RefusedReplay || !strings.Contains(r.What, "too far behind") {
		t.Errorf("a command from long before: %s %s", r.Outcome, r.What)
	}
	// With the memory of what was used gone, what was signed before is refused, used or not; what is signed later isn't.
	unused := d.sign("max", custody.EntryList, custody.List{}, nil)
	d.close()
	if err := os.Remove(filepath.Join(d.dir, "commands")); err != nil {
		t.Fatal(err)
	}
	d.open()
	if len(d.people.alarms()) == 0 {
		t.Error("the loss raises no alarm")
	}
	d.enrol()
	for _, m := range [][]byte{msgs[5], unused} {
		if r := d.send(m); r.Refused == nil || *r.Refused != trust.RefusedEarly {
			t.Errorf("after the loss: %s %s", r.Outcome, r.What)
		}
	}
	d.clk.pass(61 * time.Minute)
	if r := d.give("ada", custody.EntryList, custody.List{}); r.Outcome != custody.Done {
		t.Errorf("later: %s", r.What)
	}
}

// The unit ends an entry, whatever any server does and whatever the clock says: at its end; when the clock may be past it; after its
// length in powered time though the clock stands still or goes back. An extension needs a justification and counts from
// its own issue (R26, R49, R50).
func TestEntryEnds(t *testing.T) {
	day := 24 * time.Hour
	for _, c := range []struct {
		name   string
		move   func(d *dial)
		alerts bool
		kept   bool
	}{
		{"a moment before its end", func(d *dial) { d.pass(30*day - time.Millisecond) }, true, true},
		{"at its end", func(d *dial) { d.pass(30 * day) }, false, false},
		{"the clock may be past it", func(d *dial) { d.span.Latest = noon.Add(30 * day) }, false, true},
		{"the clock jumps a hundred years on", func(d *dial) { d.span.Latest = noon.AddDate(100, 0, 0) }, false, true},
		{"the clock goes back ten years", func(d *dial) { d.span.Earliest, d.span.Latest = noon.AddDate(-10, 0, 0), noon.AddDate(-10, 0, 0) }, true, true},
		{"it stays there, and the unit runs for 30 days", func(d *dial) {
			d.span.Earliest, d.span.Latest, d.span.Powered = noon.AddDate(-10, 0, 0), noon.AddDate(-10, 0, 30), d.span.Powered+30*day
		}, false, false},
		{"the clock stands still, and the unit runs for 30 days", func(d *dial) { d.span.Powered += 30 * day }, false, false},
		{"off for 31 days, and the clock is right", func(d *dial) { d.span.Earliest, d.span.Latest = noon.Add(31*day), noon.Add(31*day) }, false, false},
	} {
		for _, restart := range []bool{false, true} {
			d := newDesk(t)
			d.enrol()
			d.must("ada", custody.EntryAdd, wanted(plate1))
			c.move(d.clk)
			if restart {
				d.again()
			}
			if got := d.hits(plate1) != ""; got != c.alerts {
				t.Errorf("%s (restarted: %v): alerts %v", c.name, restart, got)
			}
			if err := d.byHand.sweep(); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(state(d), plate1); got != c.kept {
				t.Errorf("%s (restarted: %v): kept %v", c.name, restart, got)
			}
			lines := d.lines()
			if last := lines[len(lines)-1]; (last.Event == "entry.expired") == c.kept {
				t.Errorf("%s: the record's last line is %s", c.name, last.Event)
			}
			// Right time again: what was silenced by a clock's mistake counts again, what is over doesn't.
			d.clk.span = clock.Span{Earliest: noon.Add(time.Hour), Latest: noon.Add(time.Hour), Powered: 1001 * time.Hour}
			if got := d.hits(plate1) != ""; got != c.kept {
				t.Errorf("%s: with the clock set right it alerts: %v", c.name, got)
			}
			d.close()
		}
	}

	d := newDesk(t)
	d.enrol()
	id := d.must("ada", custody.EntryAdd, wanted(plate1))
	d.clk.pass(29 * day)
	r := d.give("ivy", custody.EntryExtend, custody.Extend{Entry: id, Justification: "the car was seen again"})
	if r.Outcome != custody.Done || len(r.Entry.Extensions) != 1 || r.Entry.Extensions[0].Justification != "the car was seen again" || r.Entry.Extensions[0].Operator.Name != "ivy" || !r.Entry.ExpiresAt.Equal(noon.Add(59*day)) {
		t.Fatalf("extended: %s %+v", r.What, r.Entry)
	}
	d.again()
	d.clk.pass(30*day - time.Minute)
	if d.hits(plate1) == "" {
		t.Error("extended, and over before its new end")
	}
	d.clk.pass(time.Minute)
	if d.hits(plate1) != "" {
		t.Error("it outlives its extension")
	}
	if r := d.give("ivy", custody.EntryExtend, custody.Extend{Entry: id, Justification: "more"}); r.Refused == nil || *r.Refused != trust.RefusedEntry {
		t.Errorf("what is over was extended: %s", r.Outcome)
	}
	short := wanted(plate2)
	short.ExpiresAt = &alpr.Time{Time: d.clk.Span().Latest.Add(time.Hour)}
	d.must("ada", custody.EntryAdd, short)
	d.clk.pass(time.Hour)
	if d.hits(plate2) != "" {
		t.Error("an entry of an hour outlives it")
	}
}

// A vouching that ends or is withdrawn ends its holder's say at once, after a restart, too; an older roster doesn't bring
// it back, nor does losing the ledger. What was entered stays: it is the agency's (R40).
func TestVouchingEnds(t *testing.T) {
	d := newDesk(t)
	d.enrol()
	d.must("ada", custody.EntryAdd, wanted(plate1))
	old, err := d.roster.Sign(d.root)
	if err != nil {
		t.Fatal(err)
	}
	with := d.roster
	d.roster = d.roster.Without(d.keys["ada"].Public().Fingerprint())
	d.enrol()
	d.roster = with // to sign as she was
	for range 2 {
		if r := d.give("ada", custody.EntryList, custody.List{}); r.Refused == nil || *r.Refused != trust.RefusedKey {
			t.Errorf("withdrawn: %s", r.Outcome)
		}
		var no *trust.Refusal
		if _, err := d.people.enrol(old); !errors.As(err, &no) || no.Code != trust.RefusedVersion || no.Mend == "" {
			t.Errorf("an older roster: %v", err)
		}
		if d.hits(plate1) == "" {
			t.Error("her entry is gone with her")
		}
		d.again()
	}
	d.close()
	os.Remove(filepath.Join(d.dir, "commands"))
	d.open()
	if _, err := d.people.enrol(old); err == nil {
		t.Error("an older roster was taken after the ledger was lost")
	}
	d2 := newDesk(t)
	d2.enrol()
	d2.clk.pass(80 * 24 * time.Hour)
	if r := d2.give("max", custody.EntryList, custody.List{}); r.Refused == nil || *r.Refused != trust.RefusedEnded {
		t.Errorf("after the vouching's end: %s %s", r.Outcome, r.What)
	}
	other, err := trust.Generate("root")
	if err != nil {
		t.Fatal(err)
	}
	forged, err := d2.roster.Without("").Sign(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d2.people.enrol(forged); err == nil {
		t.Error("another root's roster was taken")
	}
	n := len(d2.lines())
	same, err := d2.roster.Sign(d2.root)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := d2.people.enrol(same); err != nil || v.(enrolled).New || len(d2.lines()) != n {
		t.Errorf("the same roster again: %v %v", v, err)
	}
}

// To all but administrators a covert entry doesn't exist: not in lists, not in counts, not in refusals; its alerts bear the list's
// own name, by which they go to a topic of their own.
func TestCovert(t *testing.T) {
	d := newDesk(t)
	d.enrol()
	open := d.must("ada", custody.EntryAdd, wanted(plate1))
	a := wanted(plate2)
	a.Covert = &custody.Covert{Approval: "memo 7 of 2026-11-20"}
	hidden := d.must("max", custody.EntryAdd, a)
	for who, want := range map[string][]string{"ada": {open}, "ivy": {open}, "max": {open, hidden}} {
		r := d.give(who, custody.EntryList, custody.List{})
		var got []string
		for _, e := range r.Entries {
			got = append(got, e.ID)
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s sees %d entries, not %d", who, len(got), len(want))
		}
	}
	if d.hits(plate2) != covertList || d.hits(plate1) != manualList {
		t.Errorf("hits %q, %q", d.hits(plate1), d.hits(plate2))
	}
	if s := d.byHand.status(noon); len(s) != 1 || s[0].Entries != 1 {
		t.Errorf("the status tells %v", s)
	}
	secret, nothing := d.give("ivy", custody.EntryRemove, custody.Remove{Entry: hidden, Reason: "x"}), d.give("ivy", custody.EntryRemove, custody.Remove{Entry: "0123456789abcdef", Reason: "x"})
	if strings.ReplaceAll(secret.What, hidden, "") != strings.ReplaceAll(nothing.What, "0123456789abcdef", "") || *secret.Refused != *nothing.Refused {
		t.Errorf("a covert entry is refused as %q, none as %q", secret.What, nothing.What)
	}
	r := d.give("max", custody.EntryList, custody.List{})
	if i := slices.IndexFunc(r.Entries, func(e custody.Entry) bool { return e.ID == hidden }); i < 0 || r.Entries[i].Covert.Approval != "memo 7 of 2026-11-20" || r.Entries[i].Case != "26-0815" {
		t.Error("the approval isn't kept")
	}
	d.must("max", custody.EntryRemove, custody.Remove{Entry: hidden, Reason: "over"})
	if d.hits(plate2) != "" {
		t.Error("removed, and it hits")
	}
}

// With the authority to ask, a new entry is also looked for in what was seen: within the time asked for, each pass once and by
// its best evidence; who asked, what for and what was found is recorded before it is told.
func TestPast(t *testing.T) {
	d := newDesk(t)
	d.enrol()
	at := func(h int) time.Time { return noon.Add(-time.Duration(h) * time.Hour) }
	early := readOf(plate1, at(50))
	early.Final = false
	late := readOf("9ZZZ999", at(50)) // the better evidence of the same pass says otherwise
	late.ID, late.Revision = early.ID, 2
	twice := readOf(plate1, at(3))
	twice.Final = false
	better := readOf(plate1, at(3))
	better.ID, better.Revision = twice.ID, 2
	d.kept.all = []alpr.Read{readOf(plate1, at(100)), early, late, readOf(plate2, at(5)), readOf(plate1, at(4)), twice, better}
	a := wanted(plate1)
	a.Past = &custody.Window{From: &alpr.Time{Time: at(72)}}
	r := d.give("ivy", custody.EntryAdd, a)
	if r.Outcome != custody.Done || r.Past == nil || len(r.Past.Found) != 2 || r.Past.Searched != 4 {
		t.Fatalf("%s %s: %+v", r.Outcome, r.What, r.Past)
	}
	p := r.Past
	if p.AskedBy.Name != "ivy" || p.Purpose != "stolen_vehicle" || p.Case != "26-0815" || !p.From.Equal(at(72)) || p.Found[0].Read != better.ID || p.Found[0].Text != plate1 ||
		p.Found[0].How != alpr.Exact || !p.Found[1].At.Equal(at(4)) || !p.Found[1].DestroyBy.Equal(at(4).Add(90*24*time.Hour)) {
		t.Errorf("%+v", p)
	}
	lines := d.lines()
	last := lines[len(lines)-1]
	if last.Count != 2 || !slices.Contains(last.About, better.ID) || last.Actor.Name != "ivy" || last.Case != "26-0815" {
		t.Errorf("recorded: %+v", last)
	}
	if d.hits(plate1) != manualList {
		t.Error("and it isn't looked for from now on")
	}
	clearOf(t, d, plate1)
}

// What can't be recorded isn't done (R32).
func TestUnrecordedIsRefused(t *testing.T) {
	d := newDesk(t)
	d.enrol()
	before := state(d)
	if err := d.people.accesses.Close(); err != nil {
		t.Fatal(err)
	}
	r := d.give("ada", custody.EntryAdd, wanted(plate1))
	if r.Outcome != custody.Failed || r.Entry != nil || d.hits(plate1) != "" || state(d) != before {
		t.Errorf("%s %s", r.Outcome, r.What)
	}
	if len(d.people.alarms()) == 0 {
		t.Error("no alarm")
	}
}

// box keeps what a recorder commits.
type box struct {
	seq  uint64
	sent map[string][]alpr.Alert // by topic
}

func (b *box) Commit(it store.Item) (store.Receipt, error) {
	for _, m := range it.Messages {
		b.seq++
		raw, err := m.Build(b.seq)
		if err != nil {
			return store.Receipt{}, err
		}
		var a alpr.Alert
		if strings.HasSuffix(m.Topic, "alert") {
			if err := json.Unmarshal(raw, &a); err != nil {
				return store.Receipt{}, err
			}
		}
		b.sent[m.Topic] = append(b.sent[m.Topic], a)
	}
	return store.Receipt{}, nil
}

// One plate stands on a hot list and is a covert entry, too: the alert that everybody sees says nothing of the second, neither by
// what it holds nor by a number that is missing; its scene comes on its own topic, and a withdrawal goes to who was told.
func TestCovertAlertsApart(t *testing.T) {
	b := &box{sent: map[string][]alpr.Alert{}}
	r := &recorder{unit: alpr.AlertUnit{ID: "unit-1"}, retention: 24 * time.Hour, staleAfter: time.Hour, quality: 80, store: b, told: map[string]*toldPass{}, log: zap.NewNop(),
		sign: func([]byte) ([]byte, error) { return make([]byte, 64), nil }}
	read := readOf(plate1, noon)
	read.Final = false
	read.Best = &alpr.Frame{Seq: 7, Image: image.NewYCbCr(image.Rect(0, 0, 320, 240), image.YCbCrSubsampleRatio420)}
	read.Corners = alpr.Quad{{X: 100, Y: 100}, {X: 180, Y: 100}, {X: 180, Y: 140}, {X: 100, Y: 140}}
	hit := func(list string) alpr.Hit {
		return alpr.Hit{Entry: alpr.Entry{ID: "entry of " + list, Plate: alpr.NewPlate(plate1), Class: "bolo"}, List: alpr.ListInfo{Name: list}, How: alpr.Exact, Posterior: 0.9}
	}
	if err := r.record(read, []alpr.Hit{hit(covertList), hit("ncic")}); err != nil {
		t.Fatal(err)
	}
	open, covert := b.sent["alert"], b.sent["covert/alert"]
	if len(open) != 1 || len(covert) != 1 || len(b.sent["alert/scene"]) != 1 || len(b.sent["covert/alert/scene"]) != 1 {
		t.Fatalf("%d open, %d covert alerts, scenes %d, %d", len(open), len(covert), len(b.sent["alert/scene"]), len(b.sent["covert/alert/scene"]))
	}
	if len(open[0].Matches) != 1 || open[0].Matches[0].List.Name != "ncic" || open[0].ID != read.ID+".1" || open[0].Evidence.SceneSHA256 == "" {
		t.Errorf("the open alert is %s with %d matches", open[0].ID, len(open[0].Matches))
	}
	if len(covert[0].Matches) != 1 || covert[0].Matches[0].List.Name != covertList || covert[0].ID == open[0].ID || covert[0].Evidence.SceneSHA256 != open[0].Evidence.SceneSHA256 {
		t.Errorf("the covert alert is %s with %d matches", covert[0].ID, len(covert[0].Matches))
	}
	read.Revision, read.Final = 2, true
	if err := r.record(read, []alpr.Hit{hit("ncic")}); err != nil { // the covert entry was removed, or better evidence speaks against it
		t.Fatal(err)
	}
	if open, covert = b.sent["alert"], b.sent["covert/alert"]; len(open) != 1 || len(covert) != 2 || len(covert[1].Matches) != 0 || covert[1].ID != covert[0].ID || covert[1].Revision != 2 {
		t.Errorf("then %d open alerts, and %d covert ones", len(open), len(covert))
	}
}
