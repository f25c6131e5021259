package uplink

import "time"

// window says how much may be in flight: enough that the link never idles, and no more, so that what is sent next does
// not stand in a queue that nobody can overtake. The target is twice the delivery rate times the least delay of an
// acknowledgement, as BBR measures them (Cardwell et al. 2016); a message's own time on the link is part of its delay,
// so the target is at least two messages' worth.
type window struct {
	messages       int // at most
	floor, ceiling int // bytes

	delivered int64      // bytes acknowledged on this connection
	rates     [8]float64 // bytes a second, of the last acknowledgements; the best one counts
	next      int        // of rates
	delay     time.Duration
	delayAt   time.Time // when delay was measured
	probing   bool      // delay is old: let the pipe run empty once and measure again
	alone     bool      // one message at a time, to learn which one ends connections
}

const probeEvery = 30 * time.Second

// stamp is the state at which a message was sent.
type stamp struct {
	at        time.Time
	delivered int64
}

func (w *window) sent(now time.Time) stamp { return stamp{now, w.delivered} }

func (w *window) acked(s stamp, size int, now time.Time) {
	w.delivered += int64(size)
	took := max(now.Sub(s.at), time.Microsecond)
	w.rates[w.next] = float64(w.delivered-s.delivered) / took.Seconds()
	w.next = (w.next + 1) % len(w.rates)
	switch {
	case w.delay == 0, took < w.delay:
		w.delay, w.delayAt, w.probing = took, now, false
	case w.probing && s.at.After(w.delayAt):
		w.delay, w.delayAt, w.probing = took, now, false
	case now.Sub(w.delayAt) > probeEvery && !w.probing:
		w.probing = true
		w.delayAt = now
	}
}

// open reports whether a further message may be sent while so much is unacknowledged.
func (w *window) open(messages, bytes int) bool {
	if messages == 0 {
		return true
	}
	return !w.probing && !w.alone && messages < w.messages && bytes < w.target()
}

// target is the window in bytes.
func (w *window) target() int {
	var rate float64
	for _, r := range w.rates {
		rate = max(rate, r)
	}
	return int(min(max(2*rate*w.delay.Seconds(), float64(w.floor)), float64(w.ceiling)))
}
