package store

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"alprd/internal/disk"
	"alprd/internal/seal"
)

// Ledger is a small durable set of named values that change together: what signed commands have told the unit, and which
// of their counters are used. It is one sealed file, written anew at each change, so that after any crash it says what it said before
// or after.
//
// A mark in the key ring counts the changes: an older copy of the file, put back, is not taken for the present one. The file's
// key is a new one whenever a value was deleted: what was deleted can't be read from any copy.
type Ledger struct {
	path string
	fs   *disk.FS
	ring *seal.Ring
	lost bool

	mu     sync.Mutex
	failed error
	number uint64 // of the file's key, which is the number of the change that made it; 0 while there is no file
	change uint64 // counts changes
	values map[string][]byte
}

// The file is a header (magic, number of the key, number of the change) and the sealed values, with the header as context.
const (
	ledgerMagic  = "ALPRLED1"
	ledgerHeader = 24
	markLedger   = "ledger.change"
	ledgerKeys   = "ledger/" // and the key's number
	// MaxLedger keeps a change a matter of milliseconds.
	MaxLedger = 16 << 20
)

// OpenLedger opens the ledger in dir, the ring's directory. One that is missing although it was written, damaged, or older than the ring
// remembers, is begun anew; Lost reports it.
func OpenLedger(dir string, ring *seal.Ring, fsys *disk.FS) (*Ledger, error) {
	l := &Ledger{path: filepath.Join(dir, "commands"), fs: fsys, ring: ring, values: map[string][]byte{}}
	raw, err := fsys.ReadFile("ledger", l.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	mark := ring.Mark(markLedger)
	if err == nil {
		l.lost = !l.read(raw, mark)
	} else {
		l.lost = mark > 0
	}
	if l.lost {
		l.change = mark
		if err == nil {
			if err := moveAside(fsys, l.path); err != nil {
				return nil, fmt.Errorf("open ledger: %w", err)
			}
		}
	}
	if err := l.settle(); err != nil {
		return nil, fmt.Errorf("open ledger: %w", err)
	}
	return l, nil
}

// read takes the file's content over, if it is the present one.
func (l *Ledger) read(raw []byte, mark uint64) bool {
	if len(raw) < ledgerHeader || string(raw[:8]) != ledgerMagic {
		return false
	}
	number, change := binary.LittleEndian.Uint64(raw[8:]), binary.LittleEndian.Uint64(raw[16:])
	key, _, ok := l.ring.Key(ledgerKey(number))
	if !ok || change < mark {
		return false
	}
	plain, err := key.Box().Open(nil, raw[ledgerHeader:], raw[:ledgerHeader])
	values := map[string][]byte{}
	if err != nil || json.Unmarshal(plain, &values) != nil {
		return false
	}
	l.number, l.change, l.values = number, change, values
	return true
}

// settle completes what a crash left: it marks the change that is on the disk, and destroys keys that no file needs.
func (l *Ledger) settle() error {
	names := l.ring.Names()
	return l.ring.Update(func(e *seal.Edit) {
		e.Raise(markLedger, l.change)
		for _, name := range names {
			if strings.HasPrefix(name, ledgerKeys) && name != ledgerKey(l.number) {
				e.Destroy(name)
			}
		}
	})
}

func ledgerKey(n uint64) string { return ledgerKeys + strconv.FormatUint(n, 10) }

// Lost reports that what had been written was missing, damaged or too old at opening.
func (l *Ledger) Lost() bool { return l.lost }

// Changes counts the changes since the unit began; it never falls.
func (l *Ledger) Changes() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.change
}

// Get returns a value, nil where there is none.
func (l *Ledger) Get(name string) []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.values[name])
}

// All goes through the values whose names begin with prefix, by name.
func (l *Ledger) All(prefix string) iter.Seq2[string, []byte] {
	l.mu.Lock()
	now := maps.Clone(l.values) // a change replaces values, never their bytes
	l.mu.Unlock()
	return func(yield func(string, []byte) bool) {
		for _, name := range slices.Sorted(maps.Keys(now)) {
			if strings.HasPrefix(name, prefix) && !yield(name, now[name]) {
				return
			}
		}
	}
}

// LedgerEdit is what one Update changes.
type LedgerEdit struct {
	values map[string][]byte
	forget bool
}

// Put sets a value.
func (e *LedgerEdit) Put(name string, value []byte) { e.values[name] = bytes.Clone(value) }

// Delete removes a value, for good.
func (e *LedgerEdit) Delete(name string) {
	if _, ok := e.values[name]; ok {
		delete(e.values, name)
		e.forget = true
	}
}

// Update changes the ledger, all of it or nothing. On a nil error the change is durable. ErrFull leaves it as it was; after
// ErrDiskState nothing more is taken until it is opened anew.
func (l *Ledger) Update(change func(*LedgerEdit)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	e := &LedgerEdit{values: maps.Clone(l.values)}
	change(e)
	number, count := l.number, l.change+1
	if e.forget || number == 0 {
		number = count
	}
	key, err := l.ring.Make(ledgerKey(number), nil)
	if err != nil {
		return l.ended(err)
	}
	plain, err := json.Marshal(e.values)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	if len(plain) > MaxLedger {
		return fault{fmt.Errorf("%w: what commands have told the unit takes more than %d MiB", ErrFull, MaxLedger>>20), "remove entries that are no longer needed: alprctl entry remove"}
	}
	raw := binary.LittleEndian.AppendUint64(append(make([]byte, 0, ledgerHeader+len(plain)+seal.Overhead), ledgerMagic...), number)
	raw = binary.LittleEndian.AppendUint64(raw, count)
	raw = key.Box().Seal(raw, plain, raw[:ledgerHeader])
	if err := l.fs.WriteFile("ledger", l.path, raw, 0o600); err != nil {
		return l.ended(err)
	}
	// At this point the change is durable. A crash before it is marked is made up for by the next opening.
	l.number, l.change, l.values = number, count, e.values
	if err := l.settle(); err != nil && !disk.IsFull(err) { // a key that could not be destroyed on a full disk is tried again at the next change
		l.failed = fmt.Errorf("%w: mark the ledger: %w", ErrDiskState, err)
		return l.failed
	}
	return nil
}

// ended tells a full disk from one whose state isn't known.
func (l *Ledger) ended(err error) error {
	if disk.IsFull(err) {
		return fmt.Errorf("%w: ledger: %w", ErrFull, err)
	}
	l.failed = fmt.Errorf("%w: ledger: %w", ErrDiskState, err)
	return l.failed
}
