package demo

import (
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"alprd/internal/alpr"
)

var reasons = [...][2]string{
	{"stolen_vehicle", "Reported stolen, keys in the car"},
	{"stolen_plate", "Plate reported stolen from another vehicle"},
	{"missing", "Endangered adult, may be the driver"},
	{"wanted", "Owner wanted on a felony warrant"},
	{"amber", "Child abduction, driver unknown"},
}

// Listings picks, among the vehicles that come within the given time, those that the demo's hot list will hold: every
// fifth or so, beginning with the first that can be read. One in three has a twist: letter O written for the figure 0, or
// the same text in another state.
func (t *Traffic) Listings(within time.Duration) []Listing {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.extend(within.Seconds() + 12)
	var out []Listing
	skip, zero, foreign := 0, false, false
	for _, m := range t.movers {
		v := m.Vehicle
		if v.Text == "" || m.speed == 0 && m.course == nil {
			continue
		}
		if m.inAt > within.Seconds() {
			break
		}
		if skip > 0 {
			skip--
			// A plate with a figure 0 comes before its turn: it shows what the list's letter O means.
			if zero || skip > 3 || !strings.Contains(v.Text[3:], "0") {
				continue
			}
		}
		if t.readable(&m, &v); v.First < 0 {
			continue
		}
		k := len(out)
		why := reasons[k%len(reasons)]
		l := Listing{Vehicle: v, Certain: true, Entry: alpr.Entry{ID: fmt.Sprintf("D%05d", 100+k), Plate: alpr.NewPlate(v.Text), Region: v.Region, Class: why[0], Priority: 10 + 5*(k%5),
			Make: v.Make, Model: v.Model, Colour: v.Colour, Reason: why[1]}}
		switch {
		case k > 0 && !zero && strings.Contains(v.Text[3:], "0"):
			zero = true
			l.Entry.Plate = alpr.NewPlate(v.Text[:3] + strings.Replace(v.Text[3:], "0", "O", 1))
		case k > 1 && !foreign:
			foreign = true
			l.Entry.Region = "us-sc"
			l.Entry.Reason = "Same characters, another state: verify the state"
			l.Entry.Make, l.Entry.Model, l.Entry.Colour = "PIERA", "EV", "yellow"
		}
		out = append(out, l)
		skip = 4
	}
	return out
}

// WriteList writes the hot list as an agency's system would export it: the listings among n other invented plates.
func (t *Traffic) WriteList(w io.Writer, listings []Listing, n int) error {
	taken := map[string]bool{}
	t.mu.Lock()
	t.extend(1800)
	for _, m := range t.movers {
		taken[m.Text] = true
	}
	t.mu.Unlock()
	c := csv.NewWriter(w)
	c.Write([]string{"id", "plate", "state", "category", "priority", "make", "model", "colour", "reason", "entered"})
	day := time.Now().UTC().AddDate(0, 0, -2).Format("2006-01-02")
	for _, l := range listings {
		e := l.Entry
		c.Write([]string{e.ID, e.Plate.Text(), state(e.Region), e.Class, fmt.Sprint(e.Priority), e.Make, e.Model, e.Colour, e.Reason, day})
	}
	r := rand.New(rand.NewPCG(t.seed, 4))
	for i := range n {
		reg := invent(r, "us-nc")
		if alike(reg.Text, taken) {
			continue
		}
		mk, why := makes[r.IntN(len(makes))], reasons[r.IntN(len(reasons))]
		c.Write([]string{fmt.Sprintf("F%05d", i), reg.Text, "NC", why[0], "50", mk[0], mk[1], colours[r.IntN(len(colours))].name, why[1], day})
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("write the demo's hot list: %w", err)
	}
	return nil
}

// alike reports whether a text is one of the taken ones, or but one character from it: such an entry would be a right hit
// that the summary could not tell from a wrong one.
func alike(text string, taken map[string]bool) bool {
	for t := range taken {
		if len(t) != len(text) {
			continue
		}
		d := 0
		for i := range t {
			if t[i] != text[i] {
				d++
			}
		}
		if d <= 1 {
			return true
		}
	}
	return false
}
