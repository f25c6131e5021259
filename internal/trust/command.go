package trust

import (
	"encoding/json"
	"fmt"
	"time"

	"alprd/internal/alpr"
)

// CommandType is a command to a unit, signed by somebody whom the agency's root vouches for.
const CommandType Type = "alprd-command"

const (
	// MaxCommand is how large a signed command may be.
	MaxCommand = 64 << 10
	// MaxLife is the longest that a command may wait for a unit that is away. An entry made by hand lives no longer, either (R26).
	MaxLife = 30 * 24 * time.Hour
	// ahead is how far a unit's clock may lag behind the signer's.
	ahead = 5 * time.Minute
)

// Fleet addresses a command to every unit of the agency.
const Fleet = "_fleet"

// Command is what somebody asks a unit to do. It is the payload of a compact JWS of type CommandType, in the one spelling
// of Encode.
type Command struct {
	ID        string          `json:"id"`      // unique; an entry is called by the command that made it
	Unit      string          `json:"unit"`    // the unit's id, or Fleet
	Type      string          `json:"type"`    // entry.add, …
	Counter   uint64          `json:"counter"` // of the signer's key, from 1; never twice
	IssuedAt  alpr.Time       `json:"issued_at"`
	ExpiresAt alpr.Time       `json:"expires_at"`
	Actor     Actor           `json:"actor"`
	Purpose   string          `json:"purpose"`
	Case      string          `json:"case"` // number of the case; empty where there is none
	Body      json.RawMessage `json:"body"` // by type
}

// Actor is in whose name a command is given: exactly what the root vouched for.
type Actor struct {
	Name   string `json:"name"`
	Role   Role   `json:"role"`
	Agency string `json:"agency"`
}

// Sign makes the signed command. What no unit would take is refused here already.
func (c Command) Sign(key PrivateKey) ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	payload, err := Encode(c)
	if err != nil {
		return nil, fmt.Errorf("encode the command: %w", err)
	}
	message, err := Sign(key, CommandType, payload)
	if err == nil && len(message) > MaxCommand {
		err = Refuse(RefusedForm, fmt.Sprintf("the command is larger than %d KiB", MaxCommand>>10), "say less in it")
	}
	return message, err
}

// OpenCommand checks everything about a command but its counter, its role and its body: form, signature, the root's word for the
// key, in whose name, for which unit, and when. What time it is lies between earliest and latest; whatever may be over is. The
// error is a *Refusal; the command and its signer are told beside it where the signature was good, so that the refusal can be
// recorded, and are empty otherwise.
func OpenCommand(message []byte, roster Roster, unit string, earliest, latest time.Time) (Command, Member, error) {
	payload, key, err := Verify(message, CommandType, MaxCommand, roster.keys()...)
	if err != nil {
		return Command{}, Member{}, unverified(err, "the command", "have the agency's root vouch for your key (alprctl trust vouch), and send the roster to the unit (alprctl trust send)")
	}
	by, _ := roster.Find(key.Fingerprint())
	var c Command
	if err := Decode(payload, &c); err != nil {
		return Command{}, by, Refuse(RefusedForm, "the command is "+err.Error(), "make it with alprctl")
	}
	if err := c.check(); err != nil {
		return c, by, err
	}
	switch {
	case c.Actor != Actor{by.Name, by.Role, by.Agency}:
		return c, by, Refuse(RefusedActor, fmt.Sprintf("the command is given as %s, %s of %s, but the root vouched for %s, %s of %s", c.Actor.Name, c.Actor.Role, c.Actor.Agency, by.Name, by.Role, by.Agency),
			"sign it anew with the roster that is in force")
	case c.Unit != unit && c.Unit != Fleet:
		return c, by, Refuse(RefusedUnit, fmt.Sprintf("the command is for the unit %s, and this is %s", c.Unit, unit), "sign one for this unit")
	case !latest.Before(by.EndsAt.Time):
		return c, by, Refuse(RefusedEnded, "the root's vouching for "+by.Name+" ended at "+stamp(by.EndsAt)+since(earliest, latest, by.EndsAt.Time), "have it renewed: alprctl trust vouch, then alprctl trust send")
	case !latest.Before(c.ExpiresAt.Time):
		return c, by, Refuse(RefusedExpired, "the command expired at "+stamp(c.ExpiresAt)+since(earliest, latest, c.ExpiresAt.Time), "sign a new one, and look at both clocks")
	case c.IssuedAt.After(latest.Add(ahead)):
		return c, by, Refuse(RefusedEarly, fmt.Sprintf("the command was issued at %s, and here it is %s", stamp(c.IssuedAt), stamp(alpr.Time{Time: latest})), "set the clock that is wrong, the unit's or the signer's")
	}
	return c, by, nil
}

// since tells that it isn't the end, but the clock's uncertainty, that refuses.
func since(earliest, latest, end time.Time) string {
	if earliest.Before(end) {
		return fmt.Sprintf("; the unit's clock is not certain, it may be as late as %s", stamp(alpr.Time{Time: latest}))
	}
	return ""
}

func stamp(t alpr.Time) string { return t.UTC().Format(time.RFC3339) }

// check refuses what is no command whoever signs it.
func (c Command) check() error {
	bad := func(what string) error { return Refuse(RefusedForm, "the command "+what, "make it with alprctl") }
	switch {
	case !goodName(c.ID) || len(c.ID) < 16:
		return bad("has no usable id: 16 to 64 letters, digits, dots, dashes or underscores that nobody can guess")
	case !goodName(c.Unit) || !goodName(c.Type):
		return bad("names no unit or no type")
	case c.Counter == 0:
		return bad("has no counter")
	case c.IssuedAt.IsZero() || !c.ExpiresAt.After(c.IssuedAt.Time):
		return bad("expires before it is issued")
	case c.ExpiresAt.Sub(c.IssuedAt.Time) > MaxLife:
		return bad("stays valid for longer than 30 days")
	case !plain(c.Actor.Name, 1, 100) || !plain(c.Actor.Agency, 1, 200):
		return bad("doesn't say who gives it")
	case !plain(c.Purpose, 0, 100) || !plain(c.Case, 0, 200):
		return bad("has an unprintable or overlong purpose or case")
	case len(c.Body) == 0 || c.Body[0] != '{':
		return bad("has no body")
	}
	return nil
}
