package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/clock"
	"alprd/internal/custody"
	"alprd/internal/seal"
	"alprd/internal/store"
	"alprd/internal/trust"
)

// authority is the one way to get at plates, or to change what alerts: commands, signed by people for whom the agency's root
// vouches. They are obeyed one after the other, each once, and recorded before it is.
type authority struct {
	unit     string
	root     trust.PublicKey // the zero key: none is configured, and nobody has any say
	purposes []string        // that the agency's profile allows
	ledger   *store.Ledger
	accesses *store.Accesses
	marks    clock.Marks
	clock    spanner
	log      *zap.Logger
	obeys    map[string]func(order) (deed, error) // by type of command

	mu     sync.Mutex
	roster trust.Roster
	floor  time.Time // commands that were issued before are refused: nobody remembers which were used
}

// spanner tells the time. *clock.Clock is one.
type spanner interface {
	Span() clock.Span
	Now() (time.Time, alpr.Clock)
}

// order is a command that is genuine, in time, not used before, and that its signer's role may give.
type order struct {
	trust.Command
	span clock.Span
}

// deed is what obeying an order means.
type deed struct {
	about  []string                // ids, for the record
	count  int                     // of what is told, for the record
	change func(*store.LedgerEdit) // becomes durable together with the use of the command's counter; nil for none
	done   func()                  // called once that is durable; nil for none
	tell   func(*custody.Reply)    // what the answer says
	// then is work that takes long, done without keeping other commands up; what it answers is recorded before it is told.
	then func(context.Context, *custody.Reply) (about []string, count int, err error)
}

const (
	ledgerRoster  = "roster"
	ledgerFloor   = "floor"
	ledgerCounter = "counter/" // and the key's fingerprint
	markRoster    = "roster.version"
)

// openAuthority opens what commands need of the state directory. A roster that isn't the configured root's counts for nothing. The caller closes it.
func openAuthority(cfg config, ring *seal.Ring, clk spanner, log *zap.Logger) (*authority, error) {
	ledger, err := store.OpenLedger(cfg.StateDir, ring, nil)
	if err != nil {
		return nil, err
	}
	accesses, err := store.OpenAccesses(cfg.StateDir, ring, nil)
	if err != nil {
		return nil, err
	}
	a := &authority{unit: cfg.Unit.ID, purposes: cfg.Profile.Purposes, ledger: ledger, accesses: accesses, marks: ring, clock: clk, log: log, obeys: map[string]func(order) (deed, error){}}
	if err := a.remember(cfg.Trust.Root); err != nil {
		accesses.Close()
		return nil, err
	}
	return a, nil
}

// remember takes over the configured root and what the ledger holds.
func (a *authority) remember(root string) error {
	if root != "" {
		text, err := os.ReadFile(root)
		if err != nil {
			return &configError{root, "", "the agency's root key can't be read: " + errors.Unwrap(err).Error(), "copy the .pub file that alprctl keygen made to this place, or mend trust.root"}
		}
		if a.root, err = trust.ParsePublicKey(text); err != nil {
			return &configError{root, "", err.Error(), "copy the .pub file that alprctl keygen made to this place"}
		}
	}
	if a.ledger.Lost() {
		// What was lost at most is what the clock's mark doesn't know yet: an hour.
		floor, err := a.clock.Span().Earliest.Add(time.Hour).MarshalText()
		if err != nil {
			return err
		}
		if err := a.ledger.Update(func(e *store.LedgerEdit) { e.Put(ledgerFloor, floor) }); err != nil {
			return err
		}
		a.log.Error("what commands had told the unit is lost: entries made by hand, and the roster; send the roster anew, and enter what is still needed")
	}
	if raw := a.ledger.Get(ledgerFloor); raw != nil {
		if err := a.floor.UnmarshalText(raw); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	if raw := a.ledger.Get(ledgerRoster); raw != nil {
		r, err := trust.OpenRoster(raw, a.root)
		if err != nil {
			a.log.Error("the roster can't be used; send the agency's present one", zap.Error(err))
		} else if err := a.marks.Raise(markRoster, r.Version); err != nil {
			return err
		}
		a.roster = r
	}
	return nil
}

// close gives the files back.
func (a *authority) close() { a.accesses.Close() }

// receive obeys a command or refuses it, and answers. The answer is for whoever sent it and nobody else.
func (a *authority) receive(ctx context.Context, message []byte) custody.Reply {
	start := time.Now()
	c, by, d, err := a.obey(message, start)
	reply := a.reply(c, err)
	if err == nil && d.tell != nil {
		d.tell(&reply)
	}
	if err == nil && d.then != nil {
		var about []string
		var count int
		if about, count, err = d.then(ctx, &reply); err != nil {
			err = fmt.Errorf("what changes is in force, but %w", err)
			reply = a.reply(c, err)
			d.tell(&reply)
		}
		line := a.line(c, by, reply, start)
		line.About, line.Count = about, count
		if e := a.record(line); e != nil {
			reply = a.reply(c, e)
		}
	}
	level := a.log.Info
	if reply.Outcome == custody.Failed {
		level = a.log.Error
	}
	level("command", zap.String("command", reply.Command), zap.String("type", reply.Type), zap.String("outcome", string(reply.Outcome)),
		zap.Stringp("refused", (*string)(reply.Refused)), zap.String("key", by.Fingerprint), zap.NamedError("why", failure(reply, err)))
	return reply
}

// failure is for the log: why the unit could not. What it refuses is told to whom it concerns, and may name people.
func failure(r custody.Reply, err error) error {
	if r.Outcome == custody.Failed {
		return err
	}
	return nil
}

// obey does what is asked, or nothing. At its return it is durable.
func (a *authority) obey(message []byte, start time.Time) (c trust.Command, by trust.Member, d deed, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c, by, window, d, err := a.admit(message)
	line := a.line(c, by, a.reply(c, err), start)
	if err != nil {
		if e := a.record(line); e != nil && !refused(err) {
			err = e
		}
		return c, by, d, err
	}
	window.Use(c.Counter)
	raw, err := json.Marshal(window)
	if err != nil {
		return c, by, d, err
	}
	line.About, line.Count, line.Signed = d.about, d.count, string(message)
	if err := a.record(line); err != nil { // R32: what can't be recorded isn't done
		return c, by, d, err
	}
	// At this point the record says that it is done. A crash here leaves it undone, and the sender without an answer: the command is
	// still good.
	err = a.ledger.Update(func(e *store.LedgerEdit) {
		e.Put(ledgerCounter+by.Fingerprint, raw)
		if d.change != nil {
			d.change(e)
		}
	})
	if err != nil {
		line.Outcome, line.Signed = custody.Failed, ""
		return c, by, d, errors.Join(fmt.Errorf("obey: %w", err), a.record(line))
	}
	// At this point it is durable, and the command is used.
	if d.done != nil {
		d.done()
	}
	return c, by, d, nil
}

// admit checks everything about a command, and finds out what obeying it means. Nothing changes.
func (a *authority) admit(message []byte) (c trust.Command, by trust.Member, w trust.Window, d deed, err error) {
	switch {
	case a.root.Name == "":
		err = trust.Refuse(trust.RefusedKey, "this unit knows no agency whose people may command it", "name the agency's root key in its configuration: trust.root")
	case a.roster.Version == 0:
		err = trust.Refuse(trust.RefusedKey, "this unit has no roster: it doesn't know yet for whom the agency vouches", "send it: alprctl trust send")
	}
	if err != nil {
		return
	}
	span := a.clock.Span()
	if c, by, err = trust.OpenCommand(message, a.roster, a.unit, span.Earliest, span.Latest); err != nil {
		return
	}
	if c.IssuedAt.Before(a.floor) {
		err = trust.Refuse(trust.RefusedEarly, "the unit lost its memory of which commands it has obeyed, and this one is from before", "sign a new one after "+a.floor.UTC().Format(time.RFC3339))
		return
	}
	if raw := a.ledger.Get(ledgerCounter + by.Fingerprint); raw != nil {
		if err = json.Unmarshal(raw, &w); err != nil {
			err = fmt.Errorf("ledger: %w", err)
			return
		}
	}
	if err = w.Check(c.Counter); err != nil {
		return
	}
	if err = custody.Allow(by.Role, c.Type); err != nil {
		return
	}
	if err = custody.CheckPurpose(c.Purpose, a.purposes); err != nil {
		return
	}
	obey := a.obeys[c.Type]
	if obey == nil {
		err = custody.Allow(by.Role, "")
		return
	}
	d, err = obey(order{c, span})
	return
}

// enrolled is the answer to a roster.
type enrolled struct {
	Agency  string `json:"agency"`
	Version uint64 `json:"version"`
	Members int    `json:"members"`
	New     bool   `json:"new"` // false when it was in force already
}

// enrol puts a roster in force. Its authority is the root's signature: it doesn't matter who brings it.
func (a *authority) enrol(message []byte) (any, error) {
	start := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	r, isNew, err := a.examine(message)
	line := a.line(trust.Command{Type: "trust.update"}, trust.Member{}, a.reply(trust.Command{}, err), start)
	line.Count = len(r.Members)
	if err == nil {
		line.Key, line.Signed = a.root.Fingerprint(), string(message)
	}
	if isNew || err != nil {
		if e := a.record(line); e != nil && !refused(err) {
			return nil, e
		}
	}
	if err != nil {
		return nil, err
	}
	if isNew {
		if err := a.ledger.Update(func(e *store.LedgerEdit) { e.Put(ledgerRoster, message) }); err != nil {
			return nil, fmt.Errorf("keep the roster: %w", err)
		}
		// At this point it is durable: who isn't in it has no say.
		if err := a.marks.Raise(markRoster, r.Version); err != nil {
			return nil, fmt.Errorf("keep the roster: %w", err)
		}
		a.roster = r
		a.log.Info("roster in force", zap.Uint64("version", r.Version), zap.Int("members", len(r.Members)))
	}
	return enrolled{r.Agency, r.Version, len(r.Members), isNew}, nil
}

func (a *authority) examine(message []byte) (r trust.Roster, isNew bool, err error) {
	if a.root.Name == "" {
		return r, false, trust.Refuse(trust.RefusedKey, "this unit knows no agency whose people may command it", "name the agency's root key in its configuration: trust.root")
	}
	if r, err = trust.OpenRoster(message, a.root); err != nil {
		return trust.Roster{}, false, err
	}
	highest := a.marks.Mark(markRoster)
	switch {
	case string(message) == string(a.ledger.Get(ledgerRoster)) && a.roster.Version == r.Version:
		return r, false, nil
	case r.Version < highest || r.Version == highest && a.roster.Version == highest:
		return trust.Roster{}, false, trust.Refuse(trust.RefusedVersion, fmt.Sprintf("version %d of the roster is not newer than version %d, which this unit has seen", r.Version, highest), "send the present one; if it was lost, make one with a higher version: alprctl trust vouch --version")
	}
	return r, true, nil
}

// alarms are what a person has to mend.
func (a *authority) alarms() []alpr.Alarm {
	var out []alpr.Alarm
	if a.ledger.Lost() {
		out = append(out, alpr.Alarm{Code: "commands_lost", About: "commands", Text: "the roster and the entries made by hand are lost; send the roster, and enter what is still needed"})
	}
	if a.accesses.Broken() {
		out = append(out, alpr.Alarm{Code: "record_broken", About: "record of accesses", Text: "lines of the record of accesses are missing or were changed"})
	}
	if err := a.accesses.Err(); err != nil { // R32
		out = append(out, alpr.Alarm{Code: "record_failed", About: "record of accesses", Text: "accesses can't be recorded, so that none is granted: " + err.Error()})
	}
	return out
}

func refused(err error) bool {
	var r *trust.Refusal
	return errors.As(err, &r)
}

// reply says in the answer's form what became of a command.
func (a *authority) reply(c trust.Command, err error) custody.Reply {
	now, _ := a.clock.Now()
	r := custody.Reply{Command: c.ID, Type: c.Type, Unit: a.unit, At: alpr.Time{Time: now}, Outcome: custody.Done}
	if err == nil {
		return r
	}
	var no *trust.Refusal
	if errors.As(err, &no) {
		r.Outcome, r.Refused, r.What, r.Mend, r.Code = custody.Refused, &no.Code, no.What, no.Mend, no.ExitCode()
		return r
	}
	r.Outcome, r.What, r.Mend, r.Code = custody.Failed, err.Error(), "see the unit's log and alprd status", exitFailed
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		r.Mend = h.Hint()
	}
	return r
}

// line is the record of an access, so far.
func (a *authority) line(c trust.Command, by trust.Member, r custody.Reply, start time.Time) custody.Access {
	now, q := a.clock.Now()
	return custody.Access{
		At: alpr.Time{Time: now}, Clock: string(q.Quality), Event: c.Type, Outcome: r.Outcome, Refused: r.Refused, Command: c.ID, Counter: c.Counter, Key: by.Fingerprint,
		Actor: trust.Actor{Name: by.Name, Role: by.Role, Agency: by.Agency}, Purpose: c.Purpose, Case: c.Case, About: []string{}, Took: time.Since(start),
	}
}

// record makes a line of the record durable.
func (a *authority) record(line custody.Access) error {
	if line.About == nil {
		line.About = []string{}
	}
	raw, err := json.Marshal(line)
	if err == nil {
		err = a.accesses.Append(raw)
	}
	if err != nil {
		return fmt.Errorf("the access can't be recorded, and so isn't granted: %w", err)
	}
	return nil
}
