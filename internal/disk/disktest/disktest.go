// Package disktest lets the calls of package disk fail, one at a time, and builds what a disk may hold after the power
// went at any moment. It is for tests.
package disktest

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"alprd/internal/disk"
)

// ErrInjected is the error of an injected fault.
var ErrInjected = errors.New("injected fault")

// Mode says how a chosen call fails.
type Mode int

const (
	Failed        Mode = iota // the call isn't made
	FailedButDone             // the call is made, and an error reported nevertheless
	Crash                     // the call isn't made, and neither is any later one
)

func (m Mode) String() string { return [...]string{"failed", "failed but done", "crash"}[m] }

// Faults fails the Nth call that Match accepts, counting from 1; with N zero it only counts and lists.
type Faults struct {
	N     int
	Mode  Mode
	Match func(disk.Call) bool // nil accepts every call that changes something
	Err   error                // ErrInjected when nil

	mu    sync.Mutex
	count int
	dead  bool
	names []string
}

// Mutates reports whether a call changes what is on the disk.
func Mutates(c disk.Call) bool {
	switch c.Op {
	case disk.OpOpen, disk.OpRead, disk.OpReadDir, disk.OpSpace:
		return false
	}
	return true
}

// Calls lists the calls seen so far: label and operation.
func (f *Faults) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.names)
}

// Hit reports whether the chosen call came.
func (f *Faults) Hit() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.N > 0 && f.count >= f.N
}

// Hook is for disk.FS.
func (f *Faults) Hook(c disk.Call, do func() error) error {
	match := f.Match
	if match == nil {
		match = Mutates
	}
	err := f.Err
	if err == nil {
		err = ErrInjected
	}
	f.mu.Lock()
	if f.dead {
		f.mu.Unlock()
		return err
	}
	mine := false
	if match(c) {
		f.count++
		f.names = append(f.names, fmt.Sprintf("%s: %s", c.Label, c.Op))
		mine = f.count == f.N
	}
	if mine && f.Mode == Crash {
		f.dead = true
	}
	f.mu.Unlock()
	if !mine {
		return do()
	}
	if f.Mode == FailedButDone {
		if e := do(); e != nil {
			return e
		}
	}
	return err
}

// Dir is a temporary directory in memory where there is one: what a test makes fail needn't wait for a disk.
func Dir(t testing.TB) string {
	dir, err := os.MkdirTemp("/dev/shm", "alprd-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// Recorder keeps the history of one directory tree, which must be empty at first and be changed through Hook only. (What
// bypasses it, such as a bbolt file, is absent from the images.)
type Recorder struct {
	Root string

	mu    sync.Mutex
	steps []step
}

type step struct {
	c    disk.Call
	data []byte
}

// Hook is for disk.FS.
func (r *Recorder) Hook(c disk.Call, do func() error) error {
	if !Mutates(c) {
		return do()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	err := do()
	if err == nil {
		s := step{c, slices.Clone(c.Data)}
		s.c.Data = nil
		r.steps = append(r.steps, s)
	}
	return err
}

// Len is the number of steps so far: a moment that Image can be asked for.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.steps)
}

// Step names the nth step, for messages.
func (r *Recorder) Step(n int) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n >= len(r.steps) {
		return "end"
	}
	c := r.steps[n].c
	return fmt.Sprintf("%s: %s %s", c.Label, c.Op, filepath.Base(c.Path))
}

// file is one inode: what is durable, and what was done to it since its last sync.
type file struct {
	durable []byte
	since   []step
}

// Image writes into dir what the disk may hold when the power goes after the first n steps. What was synced is there.
// Of the writes since a file's last sync each may be there, absent, or torn between two 512-byte sectors; of the changes
// of names since a directory's last sync a random number, from the oldest on, is there.
func (r *Recorder) Image(dir string, n int, rng *rand.Rand) error {
	r.mu.Lock()
	steps := r.steps[:min(n, len(r.steps))]
	r.mu.Unlock()
	live, kept := map[string]*file{}, map[string]*file{} // names now, and names known to be durable
	dirs := map[string]bool{r.Root: true}                // known to be durable
	pending := map[string][]step{}                       // changes of names, by directory
	inode := map[int]*file{}                             // by the step that created it
	apply := func(names map[string]*file, i int, s step) {
		switch s.c.Op {
		case disk.OpCreate:
			names[s.c.Path] = inode[i]
		case disk.OpRename:
			if f := names[s.c.Path]; f != nil {
				names[s.c.To] = f
				delete(names, s.c.Path)
			}
		case disk.OpLink:
			if f := names[s.c.Path]; f != nil {
				names[s.c.To] = f
			}
		case disk.OpRemove:
			delete(names, s.c.Path)
		case disk.OpMkdir:
			dirs[s.c.Path] = true
		}
	}
	index := map[string][]int{}
	for i, s := range steps {
		d := filepath.Dir(s.c.Path)
		switch s.c.Op {
		case disk.OpCreate:
			inode[i] = &file{}
			fallthrough
		case disk.OpRename, disk.OpLink, disk.OpRemove:
			apply(live, i, s)
			pending[d], index[d] = append(pending[d], s), append(index[d], i)
		case disk.OpMkdir:
			pending[d], index[d] = append(pending[d], s), append(index[d], i)
		case disk.OpSyncDir:
			for j, p := range pending[s.c.Path] {
				apply(kept, index[s.c.Path][j], p)
			}
			delete(pending, s.c.Path)
			delete(index, s.c.Path)
		case disk.OpWrite, disk.OpTruncate:
			if f := live[s.c.Path]; f != nil {
				f.since = append(f.since, s)
			}
		case disk.OpSync:
			if f := live[s.c.Path]; f != nil {
				for _, w := range f.since {
					f.durable = put(f.durable, w, 0, len(w.data))
				}
				f.since = nil
			}
		}
	}
	for _, d := range slices.Sorted(maps.Keys(pending)) {
		for j := range rng.IntN(len(pending[d]) + 1) {
			apply(kept, index[d][j], pending[d][j])
		}
	}
	done := map[*file]bool{}
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		f := kept[name]
		if done[f] { // a second name of the same file
			continue
		}
		done[f] = true
		for _, w := range f.since {
			switch rng.IntN(3) {
			case 0:
			case 1:
				f.durable = put(f.durable, w, 0, len(w.data))
			default:
				cut := rng.IntN(len(w.data)/512+1) * 512
				if rng.IntN(2) == 0 {
					f.durable = put(f.durable, w, 0, cut)
				} else {
					f.durable = put(f.durable, w, cut, len(w.data))
				}
			}
		}
	}
	where := func(p string) string { return filepath.Join(dir, strings.TrimPrefix(p, r.Root)) }
	for _, d := range slices.Sorted(maps.Keys(dirs)) {
		if err := os.MkdirAll(where(d), 0o700); err != nil {
			return err
		}
	}
	maps.DeleteFunc(kept, func(name string, _ *file) bool { // lost with a directory above it
		for d := filepath.Dir(name); d != r.Root; d = filepath.Dir(d) {
			if !dirs[d] {
				return true
			}
		}
		return false
	})
	first := map[*file]string{}
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		f := kept[name]
		err := error(nil)
		if at, ok := first[f]; ok {
			err = os.Link(at, where(name))
		} else {
			err = os.WriteFile(where(name), f.durable, 0o600)
		}
		if err != nil {
			return err
		}
		first[f] = where(name)
	}
	return nil
}

// put applies bytes from..to of a write, or a truncate.
func put(b []byte, s step, from, to int) []byte {
	if s.c.Op == disk.OpTruncate {
		if n := int(s.c.Offset); n <= len(b) {
			return slices.Clone(b[:n])
		}
		return append(slices.Clone(b), make([]byte, int(s.c.Offset)-len(b))...)
	}
	if from >= to {
		return b
	}
	b = slices.Clone(b)
	if end := int(s.c.Offset) + to; end > len(b) {
		b = append(b, make([]byte, end-len(b))...)
	}
	copy(b[int(s.c.Offset)+from:], s.data[from:to])
	return b
}
