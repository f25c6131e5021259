package match

import (
	"testing"
	"time"

	"alprd/internal/alpr"
)

// Hours are by the wall's clock where the list says, across midnight and across the changes of the clock.
func TestHours(t *testing.T) {
	carolina, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, hours, at string // local time in North Carolina
		in              bool
	}{
		{"a working day", "mon-fri 08:00-17:00", "2026-11-23 12:00", true},
		{"from its first minute", "mon-fri 08:00-17:00", "2026-11-23 08:00", true},
		{"not before", "mon-fri 08:00-17:00", "2026-11-23 07:59", false},
		{"up to its end, which is out", "mon-fri 08:00-17:00", "2026-11-23 17:00", false},
		{"not on Sunday", "mon-fri 08:00-17:00", "2026-11-22 12:00", false},
		{"the night belongs to the day it begins on", "fri 22:00-06:00", "2026-11-27 23:30", true},
		{"so Saturday's small hours are Friday's", "fri 22:00-06:00", "2026-11-28 05:59", true},
		{"and end", "fri 22:00-06:00", "2026-11-28 06:00", false},
		{"Friday's small hours are Thursday's", "fri 22:00-06:00", "2026-11-27 05:00", false},
		{"Sunday's night reaches into Monday", "sun 22:00-02:00", "2026-11-30 01:00", true},
		{"a list of days", "sat,sun", "2026-11-28 00:00", true},
		{"days around the week's end", "fri-mon", "2026-11-29 12:00", true},
		{"and not those between", "fri-mon", "2026-11-25 12:00", false},
		{"every day", "00:00-24:00", "2026-11-25 23:59", true},
		{"the day's end", "wed 20:00-24:00", "2026-11-26 00:00", false},
		{"the hour that comes twice", "01:00-02:00", "2026-11-01 01:30", true},
		{"after the hour that never was", "03:00-04:00", "2026-03-08 03:30", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, err := ParseHours(c.hours)
			if err != nil {
				t.Fatal(err)
			}
			at, err := time.ParseInLocation("2006-01-02 15:04", c.at, carolina)
			if err != nil {
				t.Fatal(err)
			}
			r := Rules{Hours: []Hours{h}, Zone: carolina}
			if got := r.applies(alpr.Read{}, at.UTC()); got != c.in {
				t.Errorf("%s within %q: %t", c.at, c.hours, got)
			}
		})
	}
	for _, s := range []string{"", "mon-fri 8-17", "monday", "25:00-26:00", "08:00", "08:00-08:00", "24:00-06:00", "08:60-09:00", "mon 08:00-09:00 tue", "-", "mon-", "0800-0900", "08:0-09:00"} {
		if _, err := ParseHours(s); err == nil {
			t.Errorf("%q was taken for hours", s)
		}
	}
}

// The same hours elsewhere are another time.
func TestHoursZone(t *testing.T) {
	h, err := ParseHours("22:00-06:00")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	tokyo := time.FixedZone("", 9*3600)
	if !(Rules{Hours: []Hours{h}}).applies(alpr.Read{}, at) || (Rules{Hours: []Hours{h}, Zone: tokyo}).applies(alpr.Read{}, at) {
		t.Error("3:00 in UTC is night there and noon in Tokyo")
	}
	// A clock that nobody vouches for must not silence an alert.
	if !(Rules{Hours: []Hours{h}, Zone: tokyo}).applies(alpr.Read{Clock: alpr.Clock{Quality: alpr.Unsynchronised}}, at) {
		t.Error("a read of an untrusted clock was silenced")
	}
}

// What a list's rules let through.
func TestRules(t *testing.T) {
	exact, torn := certain("ABC1234", "us-nc"), torn("AB2123", 2, '7', 0.8)
	low := 3
	for _, c := range []struct {
		name   string
		rules  Rules
		read   alpr.Read
		listed string
		hits   int
	}{
		{"none", Rules{}, exact, "ABC1234", 1},
		{"exact only, and it is", Rules{Ways: []alpr.How{alpr.Exact}}, exact, "ABC1234", 1},
		{"exact only, and it isn't", Rules{Ways: []alpr.How{alpr.Exact}}, torn, "AB7123", 0},
		{"a look-alike, and it is one", Rules{Ways: []alpr.How{alpr.Confusable}}, torn, "AB7123", 1},
		{"the direction of travel", Rules{Directions: []alpr.Direction{alpr.Approaching}}, moving(exact, alpr.Approaching), "ABC1234", 1},
		{"the other direction", Rules{Directions: []alpr.Direction{alpr.Approaching}}, moving(exact, alpr.Receding), "ABC1234", 0},
		{"an unknown direction", Rules{Directions: []alpr.Direction{alpr.Approaching}}, exact, "ABC1234", 1},
		{"another hour", Rules{Hours: []Hours{{Days: [7]bool{0: true}, To: day}}}, exact, "ABC1234", 0},
		{"a threshold above the doubt", Rules{Threshold: 0.5}, torn, "AB7123", 0},
		{"the list's priority", Rules{Priority: &low}, exact, "ABC1234", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			x, err := Build([]List{{Rules: c.rules, Entries: entries([]alpr.Entry{entry("1", c.listed, "")})}})
			if err != nil {
				t.Fatal(err)
			}
			hits := x.Match(c.read, now)
			if len(hits) != c.hits {
				t.Fatalf("%d hits", len(hits))
			}
			if len(hits) > 0 && c.rules.Priority != nil && hits[0].Entry.Priority != low {
				t.Errorf("priority %d", hits[0].Entry.Priority)
			}
		})
	}
	high := 101
	for _, r := range []Rules{{Threshold: 1.1}, {Threshold: -1}, {Priority: &high}, {Ways: []alpr.How{"near"}}, {Directions: []alpr.Direction{"north"}}} {
		if _, err := Build([]List{{Rules: r, Entries: entries(nil)}}); err == nil {
			t.Errorf("%+v was taken", r)
		}
	}
}

func moving(r alpr.Read, d alpr.Direction) alpr.Read {
	r.Direction = d
	return r
}
