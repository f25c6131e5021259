package capture

import (
	"context"
	"errors"
	"image"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"alprd/internal/alpr"

	"github.com/google/go-cmp/cmp"
)

// The reader is away while ten frames come: it finds the newest three, and seven are counted.
func TestRingDropsTheOldest(t *testing.T) {
	r := NewRing(3)
	for i := range 10 {
		r.Push(alpr.Frame{Seq: uint64(i + 1)})
	}
	r.Close()
	r.Push(alpr.Frame{Seq: 99}) // forgotten
	var got []uint64
	for f, ok := r.Next(); ok; f, ok = r.Next() {
		got = append(got, f.Seq)
	}
	if diff := cmp.Diff([]uint64{8, 9, 10}, got); diff != "" {
		t.Error(diff)
	}
	if r.Dropped() != 7 {
		t.Errorf("%d dropped, want 7", r.Dropped())
	}
}

// The reader is behind when the road gets empty: what it has not seen of the vehicle waits for it, however many still frames
// come, and of these the last one follows.
func TestStillFramesPushNothingOut(t *testing.T) {
	for _, moving := range []int{2, 3} {
		r := NewRing(3)
		for i := range moving {
			r.Push(alpr.Frame{Seq: uint64(i + 1)})
		}
		for i := range 20 {
			r.Push(alpr.Frame{Seq: uint64(10 + i), Still: true})
		}
		r.Close()
		var got []uint64
		for f, ok := r.Next(); ok; f, ok = r.Next() {
			got = append(got, f.Seq)
		}
		want := []uint64{1, 2, 29}
		if moving == 3 {
			want = []uint64{1, 2, 3}
		}
		if diff := cmp.Diff(want, got); diff != "" || r.Dropped() != 0 {
			t.Errorf("%d dropped, frames:\n%s", r.Dropped(), diff)
		}
	}
}

// Of pictures of 4K only as many wait as memory allows, and of any size one does.
func TestRingHoldsFewLargePictures(t *testing.T) {
	for _, c := range []struct{ w, h, want int }{{64, 48, 30}, {1280, 720, 30}, {3840, 2160, 3}, {8000, 8000, 1}} {
		m := image.NewYCbCr(image.Rect(0, 0, c.w, c.h), image.YCbCrSubsampleRatio420)
		r := NewRing(30)
		for i := range 40 {
			r.Push(alpr.Frame{Seq: uint64(i + 1), Image: m})
		}
		r.Close()
		n := 0
		for _, ok := r.Next(); ok; _, ok = r.Next() {
			n++
		}
		if n != c.want || r.Dropped() != uint64(40-c.want) || r.bytes != 0 {
			t.Errorf("%d×%d: %d frames waited, want %d; %d dropped; %d bytes are left", c.w, c.h, n, c.want, r.Dropped(), r.bytes)
		}
	}
}

// Put waits for room, Next waits for frames, Close ends both; every frame put arrives once, in order.
func TestRingPutWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRing(2)
		go func() {
			for i := range 100 {
				if err := r.Put(t.Context(), alpr.Frame{Seq: uint64(i + 1)}); err != nil {
					t.Error(err)
				}
			}
			r.Close()
		}()
		synctest.Wait() // it has filled the ring and waits
		want := uint64(1)
		for f, ok := r.Next(); ok; f, ok = r.Next() {
			if f.Seq != want {
				t.Fatalf("frame %d, want %d", f.Seq, want)
			}
			want++
		}
		if want != 101 || r.Dropped() != 0 {
			t.Errorf("%d frames, %d dropped", want-1, r.Dropped())
		}
	})
}

func TestRingPutEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRing(1)
		r.Push(alpr.Frame{})
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error, 1) // the one result
		go func() { done <- r.Put(ctx, alpr.Frame{}) }()
		synctest.Wait()
		cancel(errEnough)
		if err := <-done; !errors.Is(err, errEnough) {
			t.Errorf("Put = %v", err)
		}
	})
}

// Frames that went in are those that came out and those that were counted as dropped, whoever is faster.
func TestRingLosesNothingUncounted(t *testing.T) {
	r := NewRing(4)
	const n = 20000
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := range n {
			r.Push(alpr.Frame{Seq: uint64(i + 1)})
		}
		r.Close()
	})
	var got, last uint64
	for f, ok := r.Next(); ok; f, ok = r.Next() {
		if f.Seq <= last {
			t.Fatalf("frame %d after %d", f.Seq, last)
		}
		last = f.Seq
		got++
	}
	wg.Wait()
	if got+r.Dropped() != n || last != n {
		t.Errorf("%d came, %d dropped, of %d; the last was %d", got, r.Dropped(), n, last)
	}
}

// A reader that waits so long and no longer is told that nothing came, gets what came in time, and learns of the end.
func TestRingWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, start := NewRing(2), time.Now()
		if _, late, ok := r.Within(3 * time.Second); !late || !ok || time.Since(start) != 3*time.Second {
			t.Errorf("an empty ring: late %v, more %v after %v", late, ok, time.Since(start))
		}
		go func() {
			time.Sleep(time.Second)
			r.Push(alpr.Frame{Seq: 7})
			time.Sleep(time.Second)
			r.Close()
		}()
		if f, late, ok := r.Within(3 * time.Second); f.Seq != 7 || late || !ok {
			t.Errorf("frame %d, late %v, more %v", f.Seq, late, ok)
		}
		if _, late, ok := r.Within(3 * time.Second); late || ok {
			t.Errorf("a closed ring: late %v, more %v", late, ok)
		}
	})
}
