package clock

import (
	"math/rand/v2"
	"testing"
	"time"

	"alprd/internal/alpr"
)

type marks map[string]uint64

func (m marks) Mark(n string) uint64 { return m[n] }
func (m marks) Raise(n string, to uint64) error {
	m[n] = max(m[n], to)
	return nil
}

// bench is a machine whose clocks a test sets.
type bench struct{ reading }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// pass lets true time pass, looked at every minute.
func (b *bench) pass(c *Clock, d time.Duration) {
	for d > 0 {
		s := min(d, time.Minute)
		b.wall, b.up = b.wall.Add(s), b.up+s
		c.Span()
		d -= s
	}
}

func newBench(synced bool) *bench {
	return &bench{reading{wall: noon, up: time.Hour, synced: synced, error: 5 * time.Millisecond}}
}

func (b *bench) start(m marks) *Clock {
	return start(m, time.Time{}, func() reading { return b.reading })
}

func TestSettledClockIsBelieved(t *testing.T) {
	b, m := newBench(true), marks{}
	c := b.start(m)
	if _, q := c.Now(); q.Quality != alpr.Synchronised || q.Error != 5*time.Millisecond {
		t.Errorf("a disciplined clock: %+v", q)
	}
	if s := c.Span(); s.Settled || s.Earliest.Year() > 1970 {
		t.Errorf("believed at once: %+v", s)
	}
	b.pass(c, settle)
	s := c.Span()
	if !s.Settled || b.wall.Sub(s.Earliest) > time.Second || s.Latest.Sub(b.wall) > time.Second {
		t.Errorf("not believed after %v: %+v at %v", settle, s, b.wall)
	}
}

// Whatever the wall clock is set to, by itself it moves no Earliest by more than the time that passed (R49), and never
// lets Latest fall (R50), nor Earliest.
func TestJumpsAlone(t *testing.T) {
	day := 24 * time.Hour
	year := 365 * day
	for _, jump := range []time.Duration{-100 * year, -1024 * 7 * day, -91 * day, -day, -time.Second, time.Second, day, 89 * day, 90 * day, 91 * day, 1024 * 7 * day, 100 * year} {
		for _, synced := range []bool{false, true} {
			b, m := newBench(synced), marks{}
			c := b.start(m)
			b.pass(c, time.Hour)
			before := c.Span()
			b.wall, b.synced = b.wall.Add(jump), false // settimeofday makes the kernel's clock undisciplined
			b.pass(c, time.Hour)
			got := c.Span()
			if d := got.Earliest.Sub(before.Earliest); d < time.Hour || d > time.Hour+time.Second {
				t.Errorf("jump %v: Earliest moved by %v in an hour", jump, d)
			}
			if d := got.Latest.Sub(before.Latest); d < time.Hour {
				t.Errorf("jump %v: Latest moved by %v in an hour", jump, d)
			}
			if jump > step && got.Latest.Before(b.wall) {
				t.Errorf("jump %v: the wall clock is later than Latest %v", jump, got.Latest)
			}
			at, q := c.Now()
			if q.Quality != alpr.Unsynchronised {
				t.Errorf("jump %v: quality %v", jump, q.Quality)
			}
			if at.Before(got.Earliest.Add(-slack)) {
				t.Errorf("jump %v: a capture is stamped %v, it is at least %v", jump, at, got.Earliest)
			}
			if err := c.Keep(); err != nil {
				t.Fatal(err)
			}
			high := m[markHigh]
			// The same over a restart: the floor holds, and the jump is no fact.
			c = b.start(m)
			if s := c.Span(); s.Earliest.Before(got.Earliest.Add(-time.Second)) || s.Earliest.After(got.Earliest.Add(time.Second)) || s.Powered < got.Powered-time.Second {
				t.Errorf("jump %v: after a restart %+v, before %+v", jump, s, got)
			}
			if err := c.Keep(); err != nil || m[markHigh] < high {
				t.Errorf("jump %v: the high-water mark fell", jump)
			}
			// Once disciplined again at the true time, Latest returns to it.
			b.wall, b.synced = noon.Add(b.up-time.Hour), true
			b.pass(c, settle+time.Minute)
			if s := c.Span(); !s.Settled || s.Latest.Sub(b.wall).Abs() > time.Second || s.Earliest.Sub(b.wall).Abs() > time.Second {
				t.Errorf("jump %v: disciplined again, yet %+v at %v", jump, s, b.wall)
			}
		}
	}
}

// A step inside the ten minutes starts them anew.
func TestStepUnsettles(t *testing.T) {
	b := newBench(true)
	c := b.start(marks{})
	b.pass(c, settle-time.Minute)
	b.wall = b.wall.Add(100 * 24 * time.Hour)
	b.pass(c, settle-time.Minute)
	if s := c.Span(); s.Settled || s.Earliest.Year() > 1970 || s.Steps != 1 {
		t.Errorf("%+v", s)
	}
	if _, q := c.Now(); q.Quality != alpr.Unsynchronised {
		t.Error("a clock that has just stepped counts as synchronised")
	}
}

// A machine that comes up in 1970 stamps captures with what time it is at least.
func TestNeverBeforeTheFloor(t *testing.T) {
	b, m := newBench(false), marks{markHigh: uint64(noon.Unix()), markPowered: 3600}
	b.wall = time.Unix(0, 0)
	c := b.start(m)
	b.pass(c, time.Hour)
	at, q := c.Now()
	if d := at.Sub(noon); d < time.Hour || d > time.Hour+time.Second || q.Quality != alpr.Unsynchronised {
		t.Errorf("stamped %v (%v)", at, q.Quality)
	}
	if p := c.Span().Powered; p != 2*time.Hour {
		t.Errorf("powered %v", p)
	}
	built := noon.Add(48 * time.Hour)
	c = start(m, built, func() reading { return b.reading })
	if at, _ := c.Now(); at.Before(built) {
		t.Errorf("stamped %v, built %v", at, built)
	}
}

// Random schedules: neither side ever falls within a run unless a settled clock corrects Latest, and Earliest never
// passes Latest.
func TestSpanInvariants(t *testing.T) {
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 200 {
		b, m := newBench(rng.IntN(2) == 0), marks{}
		c := b.start(m)
		prev := c.Span()
		for range 100 {
			switch rng.IntN(6) {
			case 0:
				b.wall = b.wall.Add(time.Duration(rng.Int64N(int64(400*24*time.Hour))) - 200*24*time.Hour)
				b.synced = false
			case 1:
				b.synced = !b.synced
			case 2:
				c.Keep()
				c = b.start(m)
				prev = c.Span()
			}
			b.pass(c, time.Duration(rng.IntN(40))*time.Minute)
			s := c.Span()
			if s.Earliest.Before(prev.Earliest) || s.Earliest.After(s.Latest) || s.Powered < prev.Powered || !s.Settled && s.Latest.Before(prev.Latest) {
				t.Fatalf("seed %d: %+v after %+v", seed, s, prev)
			}
			prev = s
		}
	}
}

func TestMachine(t *testing.T) {
	r := machine()
	if time.Since(r.wall).Abs() > time.Minute || r.up <= 0 || !r.synced && r.error != 0 {
		t.Errorf("%+v", r)
	}
	for age, want := range map[time.Duration]bool{0: true, 34 * time.Minute: true, 36 * time.Minute: false, -time.Hour: false, 24 * time.Hour: false} {
		if fresh(noon, noon.Add(age)) != want {
			t.Errorf("timesyncd spoke %v ago: %v", age, !want)
		}
	}
}
