package alpr

import (
	"errors"
	"time"
)

// Class says which connection a message takes, so that an alert never waits behind pictures.
type Class uint8

const (
	Prompt Class = iota // alerts and everything small
	Bulk                // scene pictures, preserved data
)

// String names the class for logs.
func (c Class) String() string {
	if c == Bulk {
		return "bulk"
	}
	return "prompt"
}

// Outgoing is one message the unit owes its agency. It waits in the store's outbox until the broker has acknowledged it.
type Outgoing struct {
	Seq        uint64 // unique for each message of the unit; rises in the order the messages were recorded
	Class      Class
	Topic      string    // below {prefix}/{unit}/: "alert", "alert/scene"
	Size       int       // of the payload, bytes
	RecordedAt time.Time // when it was committed, UTC
}

// Depth is how much waits in the outbox.
type Depth struct {
	Count    int
	Bytes    int64
	OldestAt time.Time // RecordedAt of the oldest; zero when nothing waits
}

// ErrForgotten is returned when a message's payload is gone for good: the day it belongs to was purged before it could
// leave. Whoever meets it drops the message knowingly and counts it.
var ErrForgotten = errors.New("alpr: the message's day was purged before it left")
