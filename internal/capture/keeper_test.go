package capture

import (
	"context"
	"encoding/json"
	"errors"
	"image"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"alprd/internal/alpr"
)

// script is a source that does in each run what its next function says.
type script struct {
	runs []func(ctx context.Context, emit func(alpr.Frame)) error
	at   []time.Time // when each run began
}

func (s *script) Run(ctx context.Context, emit func(alpr.Frame)) error {
	s.at = append(s.at, time.Now())
	if i := len(s.at) - 1; i < len(s.runs) {
		return s.runs[i](ctx, emit)
	}
	<-ctx.Done()
	return context.Cause(ctx)
}

func fail(context.Context, func(alpr.Frame)) error {
	return errors.New("no route to rtsp://admin:hunter2@10.1.1.1/a")
}

// show emits n frames, one each interval, and then fails. Noise says whether they differ.
func show(n int, interval time.Duration, noise bool) func(context.Context, func(alpr.Frame)) error {
	return func(ctx context.Context, emit func(alpr.Frame)) error {
		for i := range n {
			m := image.NewYCbCr(image.Rect(0, 0, 128, 64), image.YCbCrSubsampleRatio420)
			for k := range m.Y {
				m.Y[k] = 100
				if noise {
					m.Y[k] += byte(i*7+k*13) % 5
				}
			}
			emit(alpr.Frame{Camera: "c", Seq: uint64(i + 1), At: time.Now(), Image: m})
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-time.After(interval):
			}
		}
		return errors.New("cable cut")
	}
}

var liveCamera = Camera{Name: "c", URL: "rtsp://admin:hunter2@10.1.1.1/a"}

// keep runs a keeper in the bubble, with a reader that takes everything, and returns what ends it.
func keep(t *testing.T, cam Camera, src Source) (k *Keeper, seen *[]alpr.Frame, stop func() error) {
	ring := NewRing(1000)
	k = NewKeeper(cam, src, ring, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)    // the one result
	over := make(chan struct{}, 1) // the reader's end
	seen = new([]alpr.Frame)
	go func() { done <- k.Run(ctx) }()
	go func() {
		for f, ok := ring.Next(); ok; f, ok = ring.Next() {
			*seen = append(*seen, f)
		}
		over <- struct{}{}
	}()
	return k, seen, func() error {
		cancel()
		<-over
		return <-done
	}
}

// A camera is away for a day: it is tried again and again, ever more seldom but at least every 37.5 s, without a limit.
func TestKeeperNeverGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{}
		for range 10000 {
			src.runs = append(src.runs, fail)
		}
		k, _, stop := keep(t, liveCamera, src)
		time.Sleep(24 * time.Hour)
		h := k.Health(time.Now())
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if h.Reconnects < 86400*10/375 || h.Reconnects > 86400/20 {
			t.Errorf("%d tries in a day", h.Reconnects)
		}
		var different int
		for i := 1; i < len(src.at); i++ {
			gap := src.at[i].Sub(src.at[i-1])
			if gap > longestPause*5/4 || gap < firstPause*3/4 {
				t.Fatalf("try %d after %v", i, gap)
			}
			if i < 5 && gap > firstPause<<(i-1)*5/4 {
				t.Errorf("try %d only after %v", i, gap)
			}
			if i > 10 && gap != src.at[i-1].Sub(src.at[i-2]) {
				different++
			}
		}
		if different < len(src.at)/2 {
			t.Error("the pauses have no jitter")
		}
		if h.State != Retrying || !strings.Contains(h.LastError, "no route") || strings.Contains(h.LastError, "hunter2") {
			t.Errorf("health %+v", h)
		}
	})
}

// After a good while the pause is short again, frames are numbered on, and the health tells the story.
func TestKeeperNumbersOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{runs: []func(context.Context, func(alpr.Frame)) error{
			fail, fail, fail, fail, fail, show(150, 100*time.Millisecond, true), show(150, 100*time.Millisecond, true)}}
		k, seen, stop := keep(t, liveCamera, src)
		time.Sleep(55 * time.Second)
		synctest.Wait()
		h := k.Health(time.Now())
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if gap := src.at[6].Sub(src.at[5]) - 15*time.Second; gap > firstPause*5/4 {
			t.Errorf("the pause after a good run was %v", gap)
		}
		for i, f := range *seen {
			if f.Seq != uint64(i+1) {
				t.Fatalf("frame %d has number %d", i+1, f.Seq)
			}
		}
		if h.Reconnects < 6 || h.Frames != uint64(len(*seen)) || h.Frames <= 150 {
			t.Errorf("health %+v, %d frames seen", h, len(*seen))
		}
	})
}

// A camera that gives a frame and dies, again and again, doesn't reset the pause.
func TestKeeperIsNotFooledByOneFrame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{}
		for range 1000 {
			src.runs = append(src.runs, show(1, time.Millisecond, true))
		}
		k, _, stop := keep(t, liveCamera, src)
		time.Sleep(10 * time.Minute)
		h := k.Health(time.Now())
		stop()
		if h.Reconnects > 40 {
			t.Errorf("%d tries in ten minutes", h.Reconnects)
		}
	})
}

// Rate, silence and freezing as health tells them. Times are those of the bubble: exact.
func TestKeeperHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &script{runs: []func(context.Context, func(alpr.Frame)) error{
			func(ctx context.Context, emit func(alpr.Frame)) error {
				show(300, 100*time.Millisecond, true)(ctx, emit)  // 30 s of life
				show(600, 100*time.Millisecond, false)(ctx, emit) // 60 s frozen
				show(100, 100*time.Millisecond, true)(ctx, emit)  // 10 s of life
				time.Sleep(20 * time.Second)                      // silence that the source doesn't notice
				return errors.New("cable cut")
			}}}
		k, _, stop := keep(t, liveCamera, src)
		defer stop()
		at := func(s time.Duration) Health {
			time.Sleep(time.Until(src.at[0].Add(s)))
			synctest.Wait()
			return k.Health(time.Now())
		}
		synctest.Wait()
		if h := at(29 * time.Second); h.State != Running || h.FPS < 9.9 || h.FPS > 10.1 || h.Frozen || h.Width != 128 || h.Height != 64 {
			t.Errorf("alive: %+v", h)
		}
		if h := at(55 * time.Second); h.Frozen {
			t.Errorf("after 25 s of the same picture: %+v", h)
		}
		if h := at(65 * time.Second); !h.Frozen || h.FrozenAt.Sub(src.at[0]).Round(time.Second) != 30*time.Second {
			t.Errorf("after 35 s of the same picture: %+v", h)
		}
		if h := at(91 * time.Second); h.Frozen {
			t.Errorf("moving again: %+v", h)
		}
		if h := at(102 * time.Second); h.State != Running || h.FPS > 9 {
			t.Errorf("two seconds without a frame: %+v", h)
		}
		h := at(112 * time.Second)
		if h.State != Silent || h.FPS > 5 {
			t.Errorf("twelve seconds without a frame: %+v", h)
		}
		b, err := json.Marshal(h)
		if err != nil || strings.Contains(string(b), "hunter2") || strings.Contains(string(b), "frozen_since") {
			t.Errorf("%s, %v", b, err)
		}
	})
}

// A clip that can't be read is an error, not a reason to try for ever; its end is the end.
func TestKeeperEndsWithAClip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, want := range []error{nil, errEnough} {
			src := &script{runs: []func(context.Context, func(alpr.Frame)) error{
				func(context.Context, func(alpr.Frame)) error { return want }}}
			ring := NewRing(1)
			k := NewKeeper(Camera{Name: "c", URL: "a.mp4"}, src, ring, nil)
			if err := k.Run(t.Context()); err != want {
				t.Errorf("Run = %v, want %v", err, want)
			}
			for _, ok := ring.Next(); ok; _, ok = ring.Next() {
				t.Error("a frame from nowhere")
			}
		}
	})
}
