// Package clock tells what time it is at least, and at most.
//
// A clock that jumps forward would destroy evidence, one that jumps back would keep data unlawfully. So there is no
// single "now" for decisions about a record's life, but a Span: nothing is destroyed before Earliest says so, and
// everything is locked once Latest does. The wall clock alone moves Latest; only powered time, or a kernel clock that
// was disciplined for some time without a step, moves Earliest (R49, R50).
package clock

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"alprd/internal/alpr"
)

const (
	// settle is how long the kernel's clock must be disciplined without a step before its word counts for destruction.
	settle = 10 * time.Minute
	// step is the change of wall clock against powered time that counts as a jump. Disciplining moves both clocks alike, so
	// that only steps and leap seconds show.
	step = 2 * time.Second
	// slack is how far the wall clock may lie behind what time it is at least before it isn't believed.
	slack = time.Minute
)

// Names of the marks in the ring, both in seconds.
const (
	markHigh    = "clock.high"    // Unix time it was at least
	markPowered = "clock.powered" // powered time of the unit's life
)

// Marks keeps numbers that never fall. *seal.Ring is one.
type Marks interface {
	Mark(name string) uint64
	Raise(name string, to uint64) error
}

// Span is what is known about the present.
type Span struct {
	Earliest time.Time     // it is at least this late
	Latest   time.Time     // it is at most this late
	Powered  time.Duration // the unit's powered time, over all starts; an hour is lost at most when the power fails
	Settled  bool          // the wall clock counts: disciplined, without a step, for ten minutes
	Steps    int           // steps of the wall clock since the start: what was stamped since the last is as good as the clock is now
}

// reading is what the machine says at one moment.
type reading struct {
	wall   time.Time
	up     time.Duration // since boot, sleep included
	synced bool          // the kernel's clock is disciplined
	error  time.Duration // its estimated maximum error
}

// Clock turns the machine's clocks into times that can be relied on. It may be used by several goroutines.
type Clock struct {
	marks Marks
	read  func() reading

	mu       sync.Mutex
	powered  time.Duration // at upAt
	earliest time.Time     // at upAt
	latest   time.Time     // at upAt
	offset   time.Duration // wall against powered time, when last seen
	upAt     time.Duration
	jumped   bool // a step came and hasn't settled
	steps    int
	steadyAt time.Duration // disciplined and without a step since then; negative while not
	last     reading
}

// New starts from the marks. built is when the program was made: it is never earlier than that. The zero time is fine.
func New(m Marks, built time.Time) *Clock { return start(m, built, machine) }

func start(m Marks, built time.Time, read func() reading) *Clock {
	r := read()
	c := &Clock{marks: m, read: read, upAt: r.up, steadyAt: -1, last: r, offset: offset(r)}
	c.powered = time.Duration(m.Mark(markPowered)) * time.Second
	c.earliest = time.Unix(int64(m.Mark(markHigh)), 0).UTC()
	if built.After(c.earliest) {
		c.earliest = built.UTC()
	}
	c.latest = c.earliest
	c.see(r)
	return c
}

func offset(r reading) time.Duration { return r.wall.Sub(time.Unix(0, 0)) - r.up }

// see takes a reading in.
func (c *Clock) see(r reading) {
	passed := max(r.up-c.upAt, 0)
	c.upAt = r.up
	c.powered += passed
	c.earliest = c.earliest.Add(passed)
	c.latest = c.latest.Add(passed)
	if d := offset(r) - c.offset; d > step || d < -step {
		c.jumped, c.steadyAt = true, -1
		c.steps++
	}
	c.offset = offset(r)
	switch {
	case !r.synced || r.wall.Before(c.earliest.Add(-slack)):
		c.steadyAt = -1
	case c.steadyAt < 0:
		c.steadyAt = r.up
	}
	c.last = r
	if c.settled() {
		c.jumped = false
		if t := r.wall.Add(-r.error); t.After(c.earliest) {
			c.earliest = t
		}
		c.latest = r.wall.Add(r.error) // what a step had claimed no longer counts
	}
	if r.wall.After(c.latest) {
		c.latest = r.wall
	}
	if c.earliest.After(c.latest) {
		c.latest = c.earliest
	}
}

func (c *Clock) settled() bool { return c.steadyAt >= 0 && c.upAt-c.steadyAt >= settle }

// Now is the time for a capture, UTC, and how far it can be trusted (R51). It never lies before what time it is at least:
// a wall clock that fell behind is replaced by the powered time since the last known time.
func (c *Clock) Now() (time.Time, alpr.Clock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.see(c.read())
	t, q := c.last.wall.UTC(), alpr.Clock{Quality: alpr.Unsynchronised}
	if t.Before(c.earliest.Add(-slack)) {
		return c.earliest, q
	}
	if c.last.synced && !c.jumped {
		q = alpr.Clock{Quality: alpr.Synchronised, Error: c.last.error}
	}
	return t, q
}

// Span is what is known about the present. Records are destroyed by Earliest and locked by Latest.
func (c *Clock) Span() Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.see(c.read())
	return Span{c.earliest.UTC(), c.latest.UTC(), c.powered, c.settled(), c.steps}
}

// Keep makes what is known durable. Call it every hour and before the end: what passes between is powered time lost.
func (c *Clock) Keep() error {
	s := c.Span()
	if err := c.marks.Raise(markHigh, uint64(max(s.Earliest.Unix(), 0))); err != nil {
		return fmt.Errorf("keep the time: %w", err)
	}
	if err := c.marks.Raise(markPowered, uint64(s.Powered/time.Second)); err != nil {
		return fmt.Errorf("keep the powered time: %w", err)
	}
	return nil
}

// machine reads the kernel's clocks. Reading how the clock is disciplined takes the system call that can also set it, and a
// sandbox may deny that (systemd's ProtectClock does). Then timesyncd's word counts; without it, the clock is undisciplined.
func machine() reading {
	r := reading{wall: time.Now().Round(0).UTC()}
	var b unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &b) == nil {
		r.up = time.Duration(b.Nano())
	}
	var t unix.Timex
	switch _, err := unix.Adjtimex(&t); {
	case err == nil:
		r.synced, r.error = t.Status&unix.STA_UNSYNC == 0, time.Duration(t.Maxerror)*time.Microsecond
	case errors.Is(err, unix.EPERM):
		st, err := os.Stat(timesyncd)
		r.synced = err == nil && fresh(st.ModTime(), r.wall)
	}
	if !r.synced {
		r.error = 0
	}
	return r
}

// timesyncd touches this file each time it adjusts the clock, at most 2,048 s apart by default.
const timesyncd = "/run/systemd/timesync/synchronized"

func fresh(touched, wall time.Time) bool {
	age := wall.Sub(touched)
	return age > -step && age < 35*time.Minute
}
