package uplink

import (
	"sync"
	"time"
)

// settler removes acknowledged messages from the outbox, many in one commit: one commit for each would cost an fsync
// each (measured: 2,500 a second against 36,000). A crash before the commit sends those messages again.
type settler struct {
	delivered func(seqs []uint64) error

	mu    sync.Mutex
	seqs  []uint64 // acknowledged, not yet removed
	err   error    // the outbox failed: nothing further is removed
	ended bool

	poke chan struct{} // holds one: seqs or ended changed
	done chan struct{} // closed when run has ended
}

const (
	settleEvery = 50 * time.Millisecond // at the latest
	settleMany  = 256                   // at once
)

// newSettler starts the goroutine that commits; end stops it.
func newSettler(delivered func([]uint64) error) *settler {
	s := &settler{delivered: delivered, poke: make(chan struct{}, 1), done: make(chan struct{})}
	go s.run()
	return s
}

// add takes a message that was acknowledged, or given up.
func (s *settler) add(seq uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seqs = append(s.seqs, seq)
	if n := len(s.seqs); n == 1 || n == settleMany {
		s.signal()
	}
}

// idle reports whether everything that was added has been removed.
func (s *settler) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.seqs) == 0
}

// failed is closed when the outbox has failed; end then tells how.
func (s *settler) failed() <-chan struct{} { return s.done }

// end removes the rest and returns the outbox's error, if any.
func (s *settler) end() error {
	s.mu.Lock()
	s.ended = true
	s.signal()
	s.mu.Unlock()
	<-s.done
	return s.err
}

func (s *settler) signal() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

func (s *settler) run() {
	defer close(s.done)
	timer := time.NewTimer(settleEvery)
	defer timer.Stop()
	for {
		<-s.poke // something came, or the end
		timer.Reset(settleEvery)
		for {
			s.mu.Lock()
			wait := len(s.seqs) < settleMany && !s.ended
			s.mu.Unlock()
			if !wait {
				break
			}
			select {
			case <-s.poke:
				continue
			case <-timer.C:
			}
			break
		}
		s.mu.Lock()
		batch, ended := s.seqs, s.ended
		s.mu.Unlock()
		if len(batch) > 0 {
			if err := s.delivered(batch); err != nil {
				s.err = err
				return
			}
		}
		s.mu.Lock()
		s.seqs = append([]uint64(nil), s.seqs[len(batch):]...)
		if len(s.seqs) > 0 || s.ended {
			s.signal()
		}
		ended = ended && len(s.seqs) == 0
		s.mu.Unlock()
		if ended {
			return
		}
	}
}
