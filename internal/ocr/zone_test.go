package ocr

import (
	"testing"
	"time"

	"alprd/internal/alpr"
)

// offset is an eye that sees the script's plates in the part of the picture it is shown, as the networks do.
type offset struct {
	at
	size []int // width and height of what was searched last
	dx   float64
	dy   float64
}

func (o *offset) search(p plane, v []view) []find {
	o.size = []int{p.w, p.h}
	found := o.at.search(p, v)
	for i := range found {
		for k := range found[i].quad {
			found[i].quad[k].X -= o.dx
			found[i].quad[k].Y -= o.dy
		}
	}
	return found
}

// A lane zone: a vehicle in it is read where it stands in the picture, one beside it is not, and less is searched.
func TestZone(t *testing.T) {
	s := newScript()
	drive(s, 1, 10, "ABC1234", 150, 5, nil) // at y of 150 to 190
	zone := alpr.Zone{{0, 0.4}, {1, 0.4}, {1, 1}, {0, 1}}
	for _, c := range []struct {
		zone  alpr.Zone
		dy    float64
		h     int
		reads bool
	}{
		{nil, 0, sceneH, true},
		{zone, 144 - sceneW/zoneRim, sceneH - 144 + sceneW/zoneRim, true},
		{alpr.Zone{{0, 0}, {1, 0}, {1, 0.4}, {0, 0.4}}, 0, 144 + sceneW/zoneRim, false},
		{alpr.Zone{{0.6, 0.4}, {1, 0.4}, {1, 1}}, 144 - sceneW/zoneRim, sceneH - 144 + sceneW/zoneRim, false},
	} {
		lane := newLane(at{s, 0}, LaneOptions{Zone: c.zone})
		eye := &offset{dy: c.dy}
		if len(c.zone) == 3 {
			eye.dx = 0.6*sceneW - sceneW/zoneRim
		}
		var reads []alpr.Read
		for seq := uint64(1); seq <= 10; seq++ {
			eye.at = at{s, seq}
			lane.eye = eye
			reads = append(reads, lane.See(s.frame(seq, tick))...)
		}
		reads = append(reads, lane.Flush()...)
		if eye.size[1] != c.h {
			t.Errorf("zone %v: %d lines were searched, want %d", c.zone, eye.size[1], c.h)
		}
		if (len(finals(reads)) == 1) != c.reads {
			t.Errorf("zone %v: events %q", c.zone, finals(reads))
		}
		for _, r := range reads {
			if y := r.Corners.Centre().Y; y < 145 || y > 200 {
				t.Errorf("zone %v: the plate is said to be at %.0f", c.zone, y)
			}
		}
	}
}

// Still frames, most without a picture, cost no network; a vehicle that has left is told by them, one that stands is not gone.
func TestStillFramesPassTime(t *testing.T) {
	s := newScript()
	drive(s, 1, 12, "ABC1234", 100, 8, nil)
	drive(s, 1, 10, "XYZ9876", 400, 15, nil)
	lane := newLane(at{s, 0}, LaneOptions{})
	var reads []alpr.Read
	for seq := uint64(1); seq <= 16; seq++ {
		if seq > 12 {
			s.shows[seq] = s.shows[12] // one of them stands there
		}
		lane.eye = at{s, seq}
		reads = append(reads, lane.See(s.frame(seq, tick))...)
	}
	searched := s.searches
	for seq := uint64(17); seq <= 200; seq++ {
		f := alpr.Frame{Camera: "cam", Seq: seq, At: time.Unix(5000, 0).UTC().Add(time.Duration(seq) * tick), Still: true}
		if seq%15 == 0 {
			f.Image = s.frame(seq, tick).Image
		}
		reads = append(reads, lane.See(f)...)
	}
	if s.searches != searched {
		t.Errorf("%d searches of still frames", s.searches-searched)
	}
	expectFinals(t, reads, "XYZ9876")
	expectFinals(t, append(reads, lane.Flush()...), "XYZ9876", "ABC1234")
}
