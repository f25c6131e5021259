package uplink

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"
)

// carry simulates a link and returns the share of it that was used in the second half, and the most bytes that were in
// flight then.
func carry(w *window, rate float64, rtt time.Duration, size int, seconds float64) (used float64, most int) {
	type sent struct {
		stamp stamp
		ack   time.Time
	}
	start := time.Unix(0, 0)
	now, free := start, start
	half, end := start.Add(time.Duration(seconds/2*1e9)), start.Add(time.Duration(seconds*1e9))
	var flights []sent
	var delivered int
	for now.Before(end) {
		for w.open(len(flights), len(flights)*size) {
			if free.Before(now) {
				free = now
			}
			free = free.Add(time.Duration(float64(size) / rate * 1e9))
			flights = append(flights, sent{w.sent(now), free.Add(rtt)})
		}
		if now.After(half) {
			most = max(most, len(flights)*size)
		}
		now = flights[0].ack
		w.acked(flights[0].stamp, size, now)
		flights = flights[1:]
		if now.After(half) {
			delivered += size
		}
	}
	return float64(delivered) / rate / (seconds / 2), most
}

// The window fills the link, whatever it is, with no more than a few bandwidth-delay products in flight.
func TestWindowFillsTheLinkAndNoMore(t *testing.T) {
	for _, c := range []struct {
		name string
		rate float64 // bytes a second
		rtt  time.Duration
		size int
	}{
		{"LTE, pictures", 1e6, 50 * time.Millisecond, 100e3},
		{"LTE, alerts", 1e6, 50 * time.Millisecond, 8e3},
		{"fibre, pictures", 10e6, 20 * time.Millisecond, 100e3},
		{"3G, alerts", 100e3, 200 * time.Millisecond, 8e3},
		{"satellite, pictures", 500e3, 600 * time.Millisecond, 60e3},
		{"2G, pictures", 5e3, 500 * time.Millisecond, 100e3},
	} {
		w := &window{messages: 64, floor: 16 << 10, ceiling: 1 << 20}
		seconds := max(300, 40*float64(c.size)/c.rate)
		used, most := carry(w, c.rate, c.rtt, c.size, seconds)
		product := c.rate * c.rtt.Seconds()
		limit := 2*(product+float64(c.size)) + float64(c.size) + float64(16<<10)
		t.Logf("%s: %.0f %% of the link, %d kB in flight at most, bandwidth × delay is %.0f kB", c.name, 100*used, most/1000, product/1000)
		if used < 0.93 {
			t.Errorf("%s: only %.0f %% of the link is used", c.name, 100*used)
		}
		if float64(most) > limit {
			t.Errorf("%s: %d bytes in flight, limit %.0f", c.name, most, limit)
		}
	}
}

// A link that becomes ten times slower: what was right before would be a queue of seconds.
func TestWindowForgetsABetterLink(t *testing.T) {
	w := &window{messages: 64, floor: 16 << 10, ceiling: 1 << 20}
	carry(w, 10e6, 50*time.Millisecond, 60e3, 100)
	before := w.target()
	w.delayAt = time.Unix(0, 0) // carry begins its clock anew
	_, most := carry(w, 1e6, 50*time.Millisecond, 60e3, 200)
	if limit := 2*(50_000+60_000) + 60_000 + 16<<10; before < 500e3 || most > limit {
		t.Errorf("window was %d on the quick link, at most %d in flight on the slow one, limit %d", before, most, limit)
	}
}

func TestBackoff(t *testing.T) {
	b := backoff{least: time.Second, most: time.Minute}
	for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		if got := b.wait(); got < want*time.Second/2 || got > want*time.Second {
			t.Errorf("waits %v, want between half and all of %d s", got, want)
		}
	}
	b.reset()
	if got := b.wait(); got > time.Second {
		t.Errorf("waits %v after a reset", got)
	}
	same := true // a thousand units don't come back in the same instant
	first := (&backoff{least: time.Minute, most: time.Minute}).wait()
	for range 20 {
		same = same && (&backoff{least: time.Minute, most: time.Minute}).wait() == first
	}
	if same {
		t.Error("there is no chance in it")
	}
}

func TestSettlerBatches(t *testing.T) {
	var mu sync.Mutex
	var got []uint64
	commits := 0
	s := newSettler(func(seqs []uint64) error {
		time.Sleep(5 * time.Millisecond) // an fsync
		mu.Lock()
		defer mu.Unlock()
		got = append(got, seqs...)
		commits++
		return nil
	})
	var want []uint64
	for seq := range uint64(5000) {
		want = append(want, seq)
		s.add(seq)
	}
	if err := s.end(); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d of %d removed, or out of order", len(got), len(want))
	}
	if commits > 100 {
		t.Errorf("%d commits for %d messages", commits, len(want))
	}
}

func TestSettlerFails(t *testing.T) {
	full := errors.New("no space left on device")
	s := newSettler(func([]uint64) error { return full })
	s.add(1)
	<-s.failed()
	s.add(2)
	if err := s.end(); err != full {
		t.Errorf("%v", err)
	}
}
