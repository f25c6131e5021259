package alpr

import (
	"image"
	"math"
	"strings"
	"testing"
)

// What a person may write for a zone and what is wrong with it.
func TestZoneCheck(t *testing.T) {
	for _, c := range []struct {
		zone Zone
		say  string
	}{
		{nil, ""},
		{Zone{{0, 0.4}, {1, 0.4}, {1, 1}, {0, 1}}, ""},
		{Zone{{1, 0.4}, {0.5, 0}, {0, 1}}, ""}, // the other way round
		{Zone{{0, 0}}, "1 corners"},
		{Zone{{0, 0}, {1, 1}}, "2 corners"},
		{Zone{{0, 0}, {640, 0}, {640, 360}}, "640"}, // pixels
		{Zone{{0, 0}, {1, 0}, {1, -0.1}}, "-0.1"},
		{Zone{{0, 0}, {1, math.NaN()}, {1, 1}}, "NaN"},
		{Zone{{0, 0.5}, {0.5, 0.5}, {1, 0.5}}, "covers"},
	} {
		err := c.zone.Check()
		if (err == nil) != (c.say == "") || err != nil && !strings.Contains(err.Error(), c.say) {
			t.Errorf("%v: %v, want words about %q", c.zone, err, c.say)
		}
	}
}

func TestZoneHoldsAndBounds(t *testing.T) {
	lane := Zone{{0.25, 0.5}, {0.75, 0.5}, {1, 1}, {0, 1}} // wider where it is near
	for _, c := range []struct {
		x, y float64
		in   bool
	}{{0.5, 0.75, true}, {0.5, 0.25, false}, {0.05, 0.55, false}, {0.05, 0.97, true}, {0.9, 0.7, false}} {
		if lane.Holds(c.x, c.y) != c.in {
			t.Errorf("%v, %v: %v", c.x, c.y, !c.in)
		}
	}
	if !(Zone{}).Holds(0.1, 0.1) {
		t.Error("the empty zone isn't the whole picture")
	}
	if got, want := lane.Bounds(1280, 720), image.Rect(0, 360, 1280, 720); got != want {
		t.Errorf("bounds %v, want %v", got, want)
	}
	if got, want := (Zone{}).Bounds(1280, 720), image.Rect(0, 0, 1280, 720); got != want {
		t.Errorf("bounds of the empty zone %v, want %v", got, want)
	}
}
