package store

import "errors"

// What callers branch on.
var (
	// ErrDiskState is returned when a failed write or sync left it unknown what is on the disk. Nothing more is taken:
	// close the store and the ring, and open both anew; that recovers what was acknowledged.
	ErrDiskState = errors.New("store: the disk's state is unknown after an error")
	// ErrFull is returned when there is no room for an item, or when a read without a hit is turned away to keep room
	// for alerts. The store goes on working.
	ErrFull = errors.New("store: no room on the disk")
	// ErrLocked is returned for what may be past its lawful life, as far as the clock can be relied on: it isn't shown, and
	// isn't destroyed either (R1, R49). It comes back when the clock is corrected, or is forgotten when it is certain.
	ErrLocked = errors.New("store: locked until the time is certain")
	// ErrOldVersion is returned for a list that isn't newer than the highest version ever seen (R22).
	ErrOldVersion = errors.New("store: not newer than the highest version seen")
	// ErrClosed is returned after Close.
	ErrClosed = errors.New("store: closed")

	errDamaged = errors.New("damaged")
)

// fault is an error that a person can mend.
type fault struct {
	error
	hint string
}

func (f fault) Hint() string  { return f.hint }
func (f fault) Unwrap() error { return f.error }
