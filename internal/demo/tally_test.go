package demo

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"

	"github.com/google/go-cmp/cmp"
)

// readAt is a reader's word on what stands in frame n, where x is.
func readAt(n int, x Truth, text string, pass uint64, final bool) alpr.Read {
	return alpr.Read{ID: alpr.NewID(time.Now()), Pass: pass, Final: final, Plate: alpr.NewPlate(text), Corners: x.Corners, Best: &alpr.Frame{Seq: uint64(n + 1)}, Frames: 5}
}

// The summary counts what a reader did: one read rightly, one wrongly and told twice, the rest not at all, one pass where
// nothing is; an alert that was to come, one that was missed, and one for a plate nobody listed.
func TestTally(t *testing.T) {
	tr := NewTraffic(7, Options{})
	vehicles := tr.Vehicles(0, 300)
	var seen []Vehicle
	for _, v := range vehicles {
		if v.First >= 0 {
			seen = append(seen, v)
		}
	}
	list := func(v Vehicle) Listing {
		return Listing{Vehicle: v, Certain: true, Entry: alpr.Entry{Plate: alpr.NewPlate(v.Text), Region: v.Region}}
	}
	y := NewTally(tr, []Listing{list(seen[0]), list(seen[2])})
	for n := range 400 {
		y.Shown(alpr.Frame{Seq: uint64(n + 1)}, tr.Truth(n))
	}
	at := func(v Vehicle) (int, Truth) {
		n := (v.First + v.Last) / 2
		for _, x := range tr.Truth(n) {
			if x.Vehicle == v.ID {
				return n, x
			}
		}
		t.Fatal("a vehicle isn't where it is")
		return 0, Truth{}
	}
	n, x := at(seen[0])
	early := readAt(n, x, x.Text, 1, false)
	final := early
	final.Final = true
	for _, r := range []alpr.Read{early, final} {
		if got := y.Read(r); got != x.Text {
			t.Errorf("the drawn text is %q, told as %q", x.Text, got)
		}
	}
	n, x = at(seen[1])
	y.Read(readAt(n, x, "WRONG11", 2, true))
	y.Read(readAt(n, x, "WRONG12", 3, true))
	x.Corners = alpr.Quad{{X: 10, Y: 10}, {X: 60, Y: 10}, {X: 60, Y: 30}, {X: 10, Y: 30}}
	if got := y.Read(readAt(n, x, "OBX", 4, true)); got != "" {
		t.Errorf("a bumper sticker is the plate %q", got)
	}
	alert := func(id string, revision int, pass uint64, plate string) []byte {
		b, err := (&alpr.Alert{ID: id, Revision: revision, Read: alpr.AlertRead{Pass: pass, Text: plate}, CapturedAt: alpr.Time{Time: time.Now().Add(-time.Second)},
			Matches: []alpr.AlertMatch{{Entry: alpr.AlertEntry{Plate: plate}}}}).Encode(func([]byte) ([]byte, error) { return []byte("x"), nil })
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for i, c := range []struct {
		message []byte
		fresh   bool
	}{
		{alert("a", 1, 1, seen[0].Text), true},
		{alert("a", 1, 1, seen[0].Text), false}, // the broker may deliver twice
		{alert("a", 2, 1, seen[0].Text), true},
		{alert("b", 1, 2, "VVV1111"), true},
	} {
		if _, fresh, err := y.Alert(c.message, time.Now()); err != nil || fresh != c.fresh {
			t.Errorf("alert %d: fresh %v, %v", i, fresh, err)
		}
	}
	s := y.Summary(30)
	if s.LatencyP50 < .9 || s.LatencyP95 > 60 {
		t.Errorf("latency %.3f to %.3f s", s.LatencyP50, s.LatencyP95)
	}
	s.LatencyP50, s.LatencyP95, s.Seconds = 0, 0, 0
	want := Summary{Vehicles: s.Vehicles, Right: 1, Wrong: 1, Unread: s.Vehicles - 2, Twice: 1, Phantom: 1, Alerts: 2, Expected: 2, Missed: 1, WrongAlerts: 1}
	if d := cmp.Diff(want, s); d != "" || s.Vehicles < len(seen) {
		t.Errorf("%d of %d vehicles: %s", s.Vehicles, len(seen), d)
	}
	if text := s.String(); !strings.Contains(text, "1 read rightly") || !strings.Contains(text, "1 missed, 1 wrong") {
		t.Error(text)
	}
}

// A parked car, too far to count as legible, never leaves; the summary says what it was read as, rightly or not.
func TestTallyOfWhoStays(t *testing.T) {
	tr := NewTraffic(7, Options{Parked: true})
	for _, wrong := range []bool{false, true} {
		y := NewTally(tr, nil)
		var there Truth
		for n := range 60 {
			for _, x := range tr.Truth(n) {
				if x.Vehicle == 1 {
					there = x
				}
			}
			y.Shown(alpr.Frame{Seq: uint64(n + 1)}, tr.Truth(n))
		}
		said := there.Text
		if wrong {
			said = "X" + said[1:6]
		}
		r := readAt(30, there, said, 1, true)
		r.Confidence = 0.7
		y.Read(r)
		s := y.Summary(30)
		if d := cmp.Diff([]StillThere{{there.Text, said, 0.7}}, s.Still); d != "" {
			t.Error(d)
		}
		if text := s.String(); !strings.Contains(text, "1 still in view, read as "+said+" with 0.70") || wrong != strings.Contains(text, "(it is "+there.Text) {
			t.Error(text)
		}
	}
}

// The demo's list holds the first vehicle that can be read, a letter O for a figure 0, and an entry of another state; what
// else is on it is neither a coming plate nor one character away from one, so that an alert for it would be wrong.
func TestListings(t *testing.T) {
	for seed := range uint64(5) {
		tr := NewTraffic(seed, Options{Parked: true})
		listings := tr.Listings(10 * time.Minute)
		if len(listings) < 20 {
			t.Fatalf("seed %d: %d listings", seed, len(listings))
		}
		var first Vehicle
		all := map[string]bool{}
		for _, v := range tr.Vehicles(0, 15*1800) {
			if v.First >= 0 && first.ID == 0 {
				first = v
			}
			all[v.Text] = true
		}
		if listings[0].Vehicle.ID != first.ID || listings[0].Entry.Plate.Text() != first.Text {
			t.Errorf("seed %d: the first listing is vehicle %d, the first vehicle %d", seed, listings[0].Vehicle.ID, first.ID)
		}
		var letters, foreign int
		for _, l := range listings {
			if strings.Contains(l.Entry.Plate.Text(), "O") {
				letters++
			}
			if l.Entry.Region != l.Vehicle.Region {
				foreign++
			}
			if l.Entry.Plate.Fold() != l.Vehicle.Text {
				t.Errorf("seed %d: vehicle %d is listed as another", seed, l.Vehicle.ID)
			}
		}
		if letters != 1 || foreign != 1 {
			t.Errorf("seed %d: %d letters O, %d other states", seed, letters, foreign)
		}
		var b bytes.Buffer
		if err := tr.WriteList(&b, listings, 200); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(&b).ReadAll()
		if err != nil || len(rows) < len(listings)+150 {
			t.Fatal(err, len(rows))
		}
		for _, r := range rows[1+len(listings):] {
			if alike(r[1], all) {
				t.Errorf("seed %d: another entry is like a coming plate", seed)
			}
		}
	}
}
