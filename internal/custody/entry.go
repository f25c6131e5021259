package custody

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"alprd/internal/alpr"
	"alprd/internal/clock"
	"alprd/internal/trust"
)

// MaxEntryLife is how long an entry made by hand lives without an extension, and how long each extension lasts (R26; Kinston
// B5).
const MaxEntryLife = 30 * 24 * time.Hour

// Add is the body of entry.add.
type Add struct {
	Plate        string     `json:"plate"`  // ? for one unknown character, * for any number of them
	Region       string     `json:"region"` // us-nc; empty when unknown
	Class        string     `json:"class"`  // stolen_vehicle, wanted, bolo, …
	Priority     int        `json:"priority"`
	Make         string     `json:"make"`
	Model        string     `json:"model"`
	Colour       string     `json:"colour"`
	Year         string     `json:"year"`
	Reason       string     `json:"reason"`
	Instructions string     `json:"instructions"`
	ExpiresAt    *alpr.Time `json:"expires_at"` // null: 30 days after the command was issued
	Covert       *Covert    `json:"covert"`     // null: everybody who sees alerts may see it
	Past         *Window    `json:"past"`       // null: only what comes; else the unit's own buffer is searched, too
}

// Covert marks an entry that only administrators know of.
type Covert struct {
	Approval string `json:"approval"` // reference of the written approval
}

// Window is a span of time that has passed.
type Window struct {
	From *alpr.Time `json:"from"` // null: as far back as is kept
	To   *alpr.Time `json:"to"`   // null: until now
}

// Extend is the body of entry.extend.
type Extend struct {
	Entry         string     `json:"entry"`      // its id
	ExpiresAt     *alpr.Time `json:"expires_at"` // null: 30 days after the command was issued
	Justification string     `json:"justification"`
}

// Remove is the body of entry.remove.
type Remove struct {
	Entry  string `json:"entry"`
	Reason string `json:"reason"`
}

// List is the body of entry.list.
type List struct{}

// Entry is an entry made by hand, as those may see it who may.
type Entry struct {
	ID           string      `json:"id"` // of the command that made it
	Plate        string      `json:"plate"`
	Region       string      `json:"region"`
	Class        string      `json:"class"`
	Priority     int         `json:"priority"`
	Make         string      `json:"make"`
	Model        string      `json:"model"`
	Colour       string      `json:"colour"`
	Year         string      `json:"year"`
	Reason       string      `json:"reason"`
	Instructions string      `json:"instructions"`
	Covert       *Covert     `json:"covert"`
	Operator     trust.Actor `json:"operator"`
	Purpose      string      `json:"purpose"`
	Case         string      `json:"case"`
	EnteredAt    alpr.Time   `json:"entered_at"`
	ExpiresAt    alpr.Time   `json:"expires_at"`
	Extensions   []Extension `json:"extensions"`
}

// Extension is what lengthened an entry's life.
type Extension struct {
	At            alpr.Time   `json:"at"`
	Operator      trust.Actor `json:"operator"`
	Justification string      `json:"justification"`
	ExpiresAt     alpr.Time   `json:"expires_at"`
}

// Format masks: an entry holds a plate.
func (e Entry) Format(s fmt.State, _ rune) { fmt.Fprintf(s, "[entry %s]", e.ID) }

// Kept is an entry as the unit keeps it.
type Kept struct {
	Entry   Entry         `json:"entry"`
	Powered time.Duration `json:"powered"` // the unit's powered time at which it is over, whatever the clocks say
}

// Format masks, too.
func (k Kept) Format(s fmt.State, v rune) { k.Entry.Format(s, v) }

// NewEntry makes the entry that a checked command asks for, or refuses and names what is missing or wrong.
func NewEntry(c trust.Command, now clock.Span) (Kept, Add, error) {
	var a Add
	if err := trust.Decode(c.Body, &a); err != nil {
		return Kept{}, a, wrong("what entry.add asks for is "+err.Error(), "make it with alprctl entry add")
	}
	end, err := until(c, a.ExpiresAt)
	if err == nil {
		err = a.check()
	}
	if err == nil && a.Past != nil {
		err = a.Past.check(c)
	}
	switch {
	case err != nil:
	case a.Covert != nil && !SeesCovert(c.Actor.Role):
		err = trust.Refuse(trust.RefusedRole, "only administrators may make covert entries", "let one do it, who has the written approval")
	case a.Covert != nil && c.Case == "":
		err = wrong("a covert entry needs its case", "give --case, the number of the case")
	}
	if err != nil {
		return Kept{}, a, err
	}
	return Kept{Entry{
		ID: c.ID, Plate: alpr.NewPattern(a.Plate).Text(), Region: a.Region, Class: a.Class, Priority: a.Priority, Make: a.Make, Model: a.Model, Colour: a.Colour, Year: a.Year,
		Reason: a.Reason, Instructions: a.Instructions, Covert: a.Covert, Operator: c.Actor, Purpose: c.Purpose, Case: c.Case,
		EnteredAt: c.IssuedAt, ExpiresAt: alpr.Time{Time: end}, Extensions: []Extension{},
	}, now.Powered + end.Sub(c.IssuedAt.Time)}, a, nil
}

// Extended is the entry with a longer life.
func (k Kept) Extended(c trust.Command, e Extend, now clock.Span) (Kept, error) {
	if err := text("the justification", "--justification", e.Justification, 1, 1000); err != nil {
		return k, err
	}
	end, err := until(c, e.ExpiresAt)
	if err != nil {
		return k, err
	}
	if !end.After(k.Entry.ExpiresAt.Time) {
		return k, wrong(fmt.Sprintf("the entry lives until %s already", k.Entry.ExpiresAt.UTC().Format(time.RFC3339)), "give a later end with --until, or leave it as it is; alprctl entry remove ends it")
	}
	at := alpr.Time{Time: end}
	k.Entry.Extensions = append(slices.Clone(k.Entry.Extensions), Extension{c.IssuedAt, c.Actor, e.Justification, at})
	k.Entry.ExpiresAt = at
	k.Powered = now.Powered + end.Sub(c.IssuedAt.Time)
	return k, nil
}

// Check refuses a removal that doesn't say why.
func (r Remove) Check() error { return text("the reason", "--reason", r.Reason, 1, 1000) }

// until is when an entry ends that this command makes or extends. It counts from the signed time of issue, so that every unit
// has the same end, and no unit's clock can move it.
func until(c trust.Command, asked *alpr.Time) (time.Time, error) {
	latest := c.IssuedAt.Add(MaxEntryLife)
	if asked == nil {
		return latest, nil
	}
	switch {
	case asked.After(latest):
		return latest, wrong("an entry made by hand lives for 30 days at most", "give an earlier end, and extend it then with a justification: alprctl entry extend")
	case !asked.After(c.IssuedAt.Time):
		return latest, wrong("the entry would end before it begins", "give an end that is still to come: --until")
	}
	return asked.Time, nil
}

// Over reports whether the entry may no longer alert: by the latest that the time may be, or by the time the unit has run since it was
// entered. A clock that is set back prolongs nothing by more than the entry's own length.
func (k Kept) Over(now clock.Span) bool {
	return !now.Latest.Before(k.Entry.ExpiresAt.Time) || now.Powered >= k.Powered
}

// Gone reports whether it is certainly over, so that it is forgotten. Between Over and Gone a clock that jumped may be set right, and the
// entry counts again.
func (k Kept) Gone(now clock.Span) bool {
	return !now.Earliest.Before(k.Entry.ExpiresAt.Time) || now.Powered >= k.Powered
}

// Listed is the entry as the matcher knows it.
func (k Kept) Listed() alpr.Entry {
	e := k.Entry
	return alpr.Entry{
		ID: e.ID, Plate: alpr.NewPattern(e.Plate), Region: e.Region, Class: e.Class, Priority: e.Priority, Make: e.Make, Model: e.Model, Colour: e.Colour, Year: e.Year,
		Reason: e.Reason, Instructions: e.Instructions, EnteredAt: e.EnteredAt.Time, ExpiresAt: e.ExpiresAt.Time, Operator: e.Operator.Name,
	}
}

func (a Add) check() error {
	if a.Plate == "" {
		return wrong("the plate is missing", "write it behind the command, ? for a character that nobody saw, * for any number of them")
	}
	for _, r := range a.Plate {
		if !(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("?* -.", r)) {
			return wrong("the plate has a character that no plate has", "write letters and digits, ? for a character that nobody saw, * for any number of them")
		}
	}
	p := alpr.NewPattern(a.Plate)
	switch n := len(p.Text()); {
	case n == 0 || n > 10:
		return wrong(fmt.Sprintf("the plate has %d characters, not 1 to 10", n), "write the registration alone")
	case p.Open() > 0 && (p.Open() > 2 || n-p.Open() < 3):
		return wrong(fmt.Sprintf("the plate names %d characters and leaves %d places open", n-p.Open(), p.Open()), "leave two open at most, and name three at least: with more, the wrong cars are stopped")
	case a.Priority < 0 || a.Priority > 100:
		return wrong("the priority is out of range", "write 0, the most urgent, to 100")
	case a.Covert != nil:
		if err := text("the written approval's reference", "--approval", a.Covert.Approval, 1, 200); err != nil {
			return err
		}
	}
	if err := text("the reason", "--reason", a.Reason, 1, 1000); err != nil {
		return err
	}
	for _, f := range []struct {
		what, flag, value string
		least, most       int
	}{
		{"the class", "--class", a.Class, 1, 40}, {"the instructions", "--instructions", a.Instructions, 0, 1000}, {"the make", "--make", a.Make, 0, 40},
		{"the model", "--model", a.Model, 0, 40}, {"the colour", "--colour", a.Colour, 0, 40}, {"the year", "--year", a.Year, 0, 10}, {"the state", "--state", a.Region, 0, 10},
	} {
		if err := text(f.what, f.flag, f.value, f.least, f.most); err != nil {
			return err
		}
	}
	return nil
}

func (w Window) check(c trust.Command) error {
	switch {
	case !LooksBack(c.Actor.Role):
		return trust.Refuse(trust.RefusedRole, fmt.Sprintf("the role %s may not ask what was seen before", c.Actor.Role), "add the entry without --past, or let an investigator or administrator ask")
	case c.Case == "":
		return wrong("looking back needs the number of the case", "give --case")
	case w.From != nil && w.To != nil && !w.From.Before(w.To.Time):
		return wrong("the time to look back to ends before it begins", "give --past a length of time, like 72h")
	}
	return nil
}

// text refuses what a person must write, and didn't, or too much of it.
func text(what, flag, s string, least, most int) error {
	switch {
	case len(strings.TrimSpace(s)) < least:
		return wrong(what+" is missing", "give "+flag)
	case len(s) > most:
		return wrong(fmt.Sprintf("%s is longer than %d bytes", what, most), "say it in fewer words: "+flag)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }):
		return wrong(what+" has characters that can't be printed", "write plain text: "+flag)
	}
	return nil
}

func wrong(what, mend string) error { return trust.Refuse(trust.RefusedBody, what, mend) }
