package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"alprd/internal/disk"
	"alprd/internal/seal"
)

// Accesses is the record of who asked the unit for what: one sealed file that only grows (R15). Each line is sealed with its
// number and holds the hash of what stands before it; a mark in the key ring counts them. So a line that was changed, taken out,
// moved or cut off at the end shows. It outlives the days it speaks of, and therefore speaks of records by their ids.
type Accesses struct {
	path string
	fs   *disk.FS
	ring *seal.Ring
	box  seal.Box

	mu     sync.Mutex
	file   *disk.File
	failed error
	count  uint64            // lines
	end    int64             // of the last
	chain  [sha256.Size]byte // over everything up to end
	broken bool
}

const (
	accessMagic  = "ALPRACC1"
	markAccesses = "accesses.count"
	// MaxAccess is how long a line may be.
	MaxAccess = 1 << 20
)

// OpenAccesses opens the record in dir, the ring's directory. What a crash tore off before it was acknowledged is cut. Broken reports that
// acknowledged lines are missing or changed; what is left can still be read, and new lines are added behind it.
func OpenAccesses(dir string, ring *seal.Ring, fsys *disk.FS) (*Accesses, error) {
	key, err := ring.Make("accesses", nil)
	if err != nil {
		return nil, fmt.Errorf("open the record of accesses: %w", err)
	}
	a := &Accesses{path: filepath.Join(dir, "accesses"), fs: fsys, ring: ring, box: key.Box()}
	if err := a.open(); err != nil {
		if a.file != nil {
			a.file.Close()
		}
		return nil, fmt.Errorf("open the record of accesses: %w", err)
	}
	return a, nil
}

func (a *Accesses) open() error {
	mark := a.ring.Mark(markAccesses)
	f, err := a.fs.Open("accesses", a.path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		a.broken = mark > 0
		if err = a.fs.WriteFile("accesses", a.path, []byte(accessMagic), 0o600); err == nil {
			f, err = a.fs.Open("accesses", a.path, os.O_RDWR)
		}
	}
	if err != nil {
		return err
	}
	a.file = f
	// A killed process may leave bytes here that the disk doesn't have yet.
	if err := f.Sync(); err != nil {
		return fmt.Errorf("%w: %w", ErrDiskState, err)
	}
	size, err := f.Size()
	if err != nil {
		return err
	}
	var last uint64
	whole, err := a.walk(size, func(n uint64, _ []byte) error { last = n; return nil })
	if err != nil {
		return err
	}
	a.broken = a.broken || !whole || last < mark
	a.count = max(last, mark)
	switch {
	case a.end == size:
	case a.end > 0 && last >= mark: // torn before it was acknowledged
		if err = f.Truncate(a.end); err == nil {
			err = f.Sync()
		}
	default: // whoever can make sense of it finds it there
		if err = a.renew(); err == nil {
			a.begin()
		}
	}
	if err != nil {
		return err
	}
	return a.ring.Raise(markAccesses, a.count)
}

// renew begins a new file and keeps the one there was beside it.
func (a *Accesses) renew() error {
	a.file.Close()
	a.file = nil
	if err := moveAside(a.fs, a.path); err != nil {
		return err
	}
	if err := a.fs.WriteFile("accesses", a.path, []byte(accessMagic), 0o600); err != nil {
		return err
	}
	f, err := a.fs.Open("accesses", a.path, os.O_RDWR)
	a.file = f
	return err
}

func (a *Accesses) begin() {
	a.end, a.chain = int64(len(accessMagic)), sha256.Sum256([]byte(accessMagic))
}

// walk reads all lines, and leaves end and chain behind the last whole one. It reports whether each is where and what it was.
func (a *Accesses) walk(size int64, fn func(n uint64, body []byte) error) (whole bool, err error) {
	magic := make([]byte, len(accessMagic))
	if _, err := a.file.ReadAt(magic, 0); err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	a.begin()
	if string(magic) != accessMagic {
		a.end = 0
		return false, nil
	}
	whole = true
	for next := uint64(1); a.end+12 <= size; {
		head := make([]byte, 12)
		if _, err := a.file.ReadAt(head, a.end); err != nil {
			return whole, err
		}
		n, length := binary.LittleEndian.Uint64(head), int64(binary.LittleEndian.Uint32(head[8:]))
		if length < seal.Overhead+sha256.Size || length > MaxAccess+seal.Overhead+sha256.Size || a.end+12+length > size {
			break
		}
		sealed := make([]byte, length)
		if _, err := a.file.ReadAt(sealed, a.end+12); err != nil {
			return whole, err
		}
		plain, err := a.box.Open(nil, sealed, head)
		if err != nil && a.end+12+length == size {
			break // torn: its length was on the disk, not all of it
		}
		whole = whole && err == nil && n == next && string(plain[:sha256.Size]) == string(a.chain[:])
		next = n + 1
		a.see(head, sealed)
		if err == nil {
			if err := fn(n, plain[sha256.Size:]); err != nil {
				return whole, err
			}
		}
	}
	return whole, nil
}

func (a *Accesses) see(head, sealed []byte) {
	h := sha256.New()
	h.Write(a.chain[:])
	h.Write(head)
	h.Write(sealed)
	a.chain = [sha256.Size]byte(h.Sum(nil))
	a.end += int64(len(head) + len(sealed))
}

// Broken reports that lines are missing or changed.
func (a *Accesses) Broken() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.broken
}

// Err is why nothing more is taken; nil while something is.
func (a *Accesses) Err() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failed
}

// Count is how many lines were ever written.
func (a *Accesses) Count() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count
}

// Append adds a line. At its return it is durable. After an error other than ErrFull nothing more is taken until it is opened anew.
func (a *Accesses) Append(body []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed != nil {
		return a.failed
	}
	if len(body) > MaxAccess {
		return fmt.Errorf("record of accesses: a line of %d bytes", len(body))
	}
	head := binary.LittleEndian.AppendUint64(nil, a.count+1)
	head = binary.LittleEndian.AppendUint32(head, uint32(sha256.Size+len(body)+seal.Overhead))
	sealed := a.box.Seal(nil, append(a.chain[:len(a.chain):len(a.chain)], body...), head)
	err := a.file.WriteAt(append(head[:12:12], sealed...), a.end)
	if disk.IsFull(err) && a.file.Truncate(a.end) == nil {
		return fmt.Errorf("%w: record of accesses: %w", ErrFull, err)
	}
	if err == nil {
		err = a.file.Sync()
	}
	if err != nil {
		a.failed = fmt.Errorf("%w: record of accesses: %w", ErrDiskState, err)
		return a.failed
	}
	// At this point the line is durable; a crash before it is counted is made up for by the next opening.
	a.see(head, sealed)
	a.count++
	if err := a.ring.Raise(markAccesses, a.count); err != nil {
		a.failed = fmt.Errorf("%w: record of accesses: %w", ErrDiskState, err)
		return a.failed
	}
	return nil
}

// All goes through the lines that can be read, in their order.
func (a *Accesses) All(fn func(n uint64, body []byte) error) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed != nil {
		return a.failed
	}
	end, chain := a.end, a.chain
	_, err := a.walk(end, fn)
	a.end, a.chain = end, chain
	return err
}

// Close gives the file back.
func (a *Accesses) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed != nil && errors.Is(a.failed, ErrClosed) {
		return nil
	}
	a.failed = ErrClosed
	return a.file.Close()
}
