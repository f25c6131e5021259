package uplink

import (
	"math/rand/v2"
	"time"
)

// backoff spaces the tries to connect: doubling, and each between half and the whole of its length, so that a thousand
// units don't come back to a restarted broker in the same second.
type backoff struct {
	least, most time.Duration
	next        time.Duration
}

func (b *backoff) reset() { b.next = 0 }

// wait is how long to wait before the next try.
func (b *backoff) wait() time.Duration {
	b.next = min(max(2*b.next, b.least), b.most)
	return b.next/2 + rand.N(b.next/2+1)
}
