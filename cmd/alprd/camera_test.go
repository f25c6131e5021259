package main

import (
	"context"
	"image"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/demo"
	"alprd/internal/match"
	"alprd/internal/ocr"
	"alprd/internal/store"
)

// shelf is a store that shows what is put on it.
type shelf struct {
	mu    sync.Mutex
	items []store.Item
	kept  chan struct{} // a token for each item
}

func newShelf() *shelf { return &shelf{kept: make(chan struct{}, 100)} }

func (s *shelf) Commit(item store.Item) (store.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, item)
	s.kept <- struct{}{}
	return store.Receipt{}, nil
}

func (s *shelf) reads() (all []alpr.Read) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range s.items {
		all = append(all, i.Read)
	}
	return all
}

// A camera dies while a car stands before it: its read is kept without waiting for the camera to come back; when it comes back, the
// car that still stands there is no second event.
func TestSilentCameraTellsWhatWasInView(t *testing.T) {
	engine, err := ocr.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	traffic := demo.NewTraffic(4, demo.Options{})
	first, last := inView(t, traffic)
	on := newShelf()
	c := &camera{
		ring: capture.NewRing(40), reader: engine.Lane(ocr.LaneOptions{}), failed: engine.Err, lists: &match.Current{}, log: zap.NewNop(), begun: time.Now(),
		now:      func() (time.Time, alpr.Clock) { return time.Now().UTC(), alpr.Clock{} },
		recorder: &recorder{store: on, retention: 90 * 24 * time.Hour, told: map[string]*toldPass{}, log: zap.NewNop()},
	}
	done := make(chan error)
	go func() { done <- c.watch() }()
	show := func(n int) {
		img, _ := traffic.Frame(n)
		c.ring.Push(alpr.Frame{Camera: "road", Seq: uint64(n + 1), At: time.Now().UTC(), Image: img})
	}
	for n := first; n < last; n++ {
		show(n)
	}
	select {
	case <-on.kept:
	case <-time.After(time.Minute):
		t.Fatal("a minute after its last frame, nothing is kept of the vehicle")
	}
	show(last - 1)
	c.ring.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	reads := on.reads()
	if len(reads) != 1 || !reads[0].Final || reads[0].Plate.Text() == "" {
		t.Errorf("%d reads: %+v", len(reads), reads)
	}
}

// reel is a camera that shows the given frames, as fast as they are taken.
type reel []alpr.Frame

func (r reel) Run(_ context.Context, emit func(alpr.Frame)) error {
	for _, f := range r {
		emit(f)
	}
	return nil
}

// A vehicle passes on a road that is empty before and after, and the gate is shut then: the vehicle is told while the road is still,
// and the finder has searched little more than what moved.
func TestStillRoad(t *testing.T) {
	engine, err := ocr.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	traffic := demo.NewTraffic(4, demo.Options{})
	first, last := inView(t, traffic)
	empty := 0
	for len(traffic.Truth(empty)) > 0 {
		empty++
	}
	road, _ := traffic.Frame(empty)
	var frames reel
	show := func(img *image.YCbCr) {
		n := len(frames)
		frames = append(frames, alpr.Frame{Camera: "road", Seq: uint64(n + 1), At: time.Unix(5000, 0).UTC().Add(time.Duration(n) * time.Second / 15), Image: img})
	}
	for range 60 {
		show(road)
	}
	for n := first; n < last; n++ {
		img, _ := traffic.Frame(n)
		show(img)
	}
	for range 120 {
		show(road)
	}
	spec := capture.Camera{Name: "road", URL: "rtsp://drawn/road", Gate: true}
	source, err := capture.Gated(spec, frames)
	if err != nil {
		t.Fatal(err)
	}
	on, lane := newShelf(), engine.Lane(ocr.LaneOptions{})
	ring := capture.NewRing(10)
	c := &camera{
		ring: ring, reader: lane, failed: engine.Err, lists: &match.Current{}, log: zap.NewNop(), begun: time.Now(),
		recorder: &recorder{store: on, retention: 90 * 24 * time.Hour, told: map[string]*toldPass{}, log: zap.NewNop()},
	}
	done := make(chan error)
	go func() { done <- c.watch() }()
	err = source.Run(t.Context(), func(f alpr.Frame) {
		if err := ring.Put(t.Context(), f); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-on.kept: // by the still frames: the end of the stream comes later
	case <-time.After(time.Minute):
		t.Error("the vehicle isn't told while the road is still")
	}
	ring.Close()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if reads := on.reads(); len(reads) != 1 || !reads[0].Final || reads[0].Plate.Text() == "" {
		t.Errorf("%d reads: %+v", len(reads), reads)
	}
	if searched, _ := lane.Work(); searched < last-first || searched > len(frames)/2 {
		t.Errorf("the finder searched %d of %d frames, %d of them with a vehicle", searched, len(frames), last-first)
	}
}

// inView gives frames in which one legible plate is in view, and no other.
func inView(t *testing.T, traffic *demo.Traffic) (first, last int) {
	for n := range 2000 {
		_, truth := traffic.Frame(n)
		if len(truth) == 1 && truth[0].Legible() {
			if last == 0 {
				first = n
			}
			if last = n + 1; last-first == 8 {
				return first, last
			}
			continue
		}
		last = 0
	}
	t.Fatal("no vehicle comes alone")
	return 0, 0
}

// The part of a long stand is kept as a final read is, and its pass goes on; an early read that hits nothing is not kept.
func TestPartsAreKept(t *testing.T) {
	on := newShelf()
	r := &recorder{store: on, retention: 90 * 24 * time.Hour, told: map[string]*toldPass{}, log: zap.NewNop()}
	at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for i, read := range []alpr.Read{{}, {Part: true}, {Part: true}, {Final: true}} {
		read.ID, read.Revision, read.FirstAt, read.LastAt = "a", i+1, at.Add(time.Duration(i)*time.Hour), at.Add(time.Duration(i+1)*time.Hour)
		if err := r.record(read, nil); err != nil {
			t.Fatal(err)
		}
	}
	got := on.reads()
	if len(got) != 3 || !got[0].Part || !got[1].Part || !got[2].Final {
		t.Fatalf("%d kept: %+v", len(got), got)
	}
	if got[0].FirstAt.Equal(got[1].FirstAt) {
		t.Error("both parts have the life of the first")
	}
	if n := r.passes.Load(); n != 1 {
		t.Errorf("%d passes counted, it was one", n)
	}
}
