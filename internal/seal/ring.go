package seal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"alprd/internal/disk"
)

// The ring file has two slots. A slot is a header (magic, generation, length of what follows) and the sealed ring with the
// header as its context, padded with zeros to the slot's size. Both slots are allocated at first start, so that keys can
// be destroyed on a full disk.
const (
	SlotSize   = 64 << 10
	slotHeader = 24
	ringMagic  = "ALPRRNG1"
)

// Ring is a small durable set of named keys and marks.
//
// Marks are counters that never fall. A key, once destroyed, can't come back: the ring that held it was sealed under a
// key that exists nowhere any more, whatever copies of the ring's file were taken before (R11).
type Ring struct {
	fs     *disk.FS
	file   *disk.File
	lock   io.Closer
	holder Holder

	mu     sync.Mutex
	key    Key // of the active slot
	active int
	state  state
	failed error // set once the disk's state is unknown
	fresh  bool
}

type state struct {
	generation uint64
	keys       map[string]entry
	marks      map[string]uint64
}

type entry struct {
	key  Key
	note []byte
}

func (s state) clone() state {
	return state{s.generation, maps.Clone(s.keys), maps.Clone(s.marks)}
}

// OpenRing opens the ring at path, and makes it at first start. It takes the lock of the directory the ring lies in:
// ErrInUse tells that another process has it. A nil fsys is the operating system's.
func OpenRing(path string, h Holder, fsys *disk.FS) (_ *Ring, err error) {
	r := &Ring{fs: fsys, holder: h}
	r.lock, err = fsys.LockDir(filepath.Dir(path))
	if errors.Is(err, disk.ErrLocked) {
		return nil, fault{fmt.Errorf("%w: %s", ErrInUse, filepath.Dir(path)),
			"another alprd runs on this state directory; stop it first, or choose another directory"}
	}
	if err != nil {
		return nil, fmt.Errorf("lock state directory: %w", err)
	}
	defer func() {
		if err != nil {
			r.lock.Close()
		}
	}()
	f, err := fsys.Open("ring", path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = r.begin(path)
	}
	if err != nil {
		return nil, fmt.Errorf("open key ring: %w", err)
	}
	r.file = f
	if err := r.boot(); err != nil {
		f.Close()
		return nil, err
	}
	return r, nil
}

// begin makes the key, then the ring: a crash between leaves a key and no ring, which is begun again.
func (r *Ring) begin(path string) (*disk.File, error) {
	k, err := r.holder.Key()
	if errors.Is(err, ErrNoKey) {
		k = NewKey()
		err = r.holder.Replace(k)
	}
	if err != nil {
		return nil, err
	}
	s := state{1, map[string]entry{}, map[string]uint64{}}
	slot, err := s.seal(k)
	if err != nil {
		return nil, err
	}
	if err := r.fs.WriteFile("ring", path, append(slot, make([]byte, SlotSize)...), 0o600); err != nil {
		return nil, err
	}
	r.fresh = true
	return r.fs.Open("ring", path, os.O_RDWR)
}

// boot finds the slot that counts: the highest generation that opens under the holder's key. Whatever doesn't open is what
// a crash left, sealed under a key that never counted or is gone: it is zeroed.
func (r *Ring) boot() error {
	k, err := r.holder.Key()
	if errors.Is(err, ErrNoKey) {
		return fault{errors.New("the key ring is there, but the key it is sealed under is not"),
			"what was stored can't be read any more, and no copy of the key may exist that would help; move the state directory away and start with an empty one"}
	}
	if err != nil {
		return err
	}
	// A killed process may leave bytes here that the disk doesn't have yet.
	if err := r.file.Sync(); err != nil {
		return fmt.Errorf("%w: sync key ring: %w", ErrDiskState, err)
	}
	found := -1
	var dirty []int
	for i := range 2 {
		raw := make([]byte, SlotSize)
		if _, err := r.file.ReadAt(raw, int64(i)*SlotSize); err != nil {
			return fmt.Errorf("read key ring: %w", err)
		}
		s, err := unseal(raw, k)
		switch {
		case err == nil && (found < 0 || s.generation > r.state.generation):
			found, r.state = i, s
		case err != nil && !bytes.Equal(raw, make([]byte, SlotSize)):
			dirty = append(dirty, i)
		}
	}
	if found < 0 {
		return fault{errors.New("no part of the key ring opens under the ring key"),
			"the ring and its key don't belong together, or both copies are damaged; what is stored can't be read: start with an empty state directory"}
	}
	for _, i := range dirty {
		if err := r.zero(i); err != nil {
			return err
		}
	}
	r.key, r.active = k, found
	return nil
}

// Close gives the ring back.
func (r *Ring) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = errors.New("seal: the ring is closed")
	return errors.Join(r.file.Close(), r.lock.Close())
}

// Fresh reports whether this opening made the ring: no key of any earlier one can exist.
func (r *Ring) Fresh() bool { return r.fresh }

// Key returns a key and the note it was made with.
func (r *Ring) Key(name string) (k Key, note []byte, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.state.keys[name]
	return e.key, e.note, ok
}

// Names lists the keys, sorted.
func (r *Ring) Names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Sorted(maps.Keys(r.state.keys))
}

// Mark returns a mark; zero when it was never raised.
func (r *Ring) Mark(name string) uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.marks[name]
}

// Raise lifts one mark, durably.
func (r *Ring) Raise(name string, to uint64) error {
	return r.Update(func(e *Edit) { e.Raise(name, to) })
}

// Make returns a key that is made when there is none, durably.
func (r *Ring) Make(name string, note []byte) (Key, error) {
	if k, _, ok := r.Key(name); ok {
		return k, nil
	}
	var k Key
	err := r.Update(func(e *Edit) { k = e.Make(name, note) })
	return k, err
}

// Edit is what one Update changes.
type Edit struct {
	s     state
	fatal bool // a key dies
	any   bool
}

// Make returns the named key, which is made if there is none. The note is up to 255 bytes that stay with it.
func (e *Edit) Make(name string, note []byte) Key {
	old, ok := e.s.keys[name]
	if ok {
		return old.key
	}
	k := NewKey()
	e.s.keys[name] = entry{k, slices.Clone(note)}
	e.any = true
	return k
}

// Note replaces the note of a key that is there.
func (e *Edit) Note(name string, note []byte) {
	if k, ok := e.s.keys[name]; ok && !bytes.Equal(k.note, note) {
		e.s.keys[name] = entry{k.key, slices.Clone(note)}
		e.any = true
	}
}

// Destroy ends a key. One that isn't there is fine.
func (e *Edit) Destroy(name string) {
	if _, ok := e.s.keys[name]; ok {
		delete(e.s.keys, name)
		e.any, e.fatal = true, true
	}
}

// Raise lifts a mark; it never falls.
func (e *Edit) Raise(name string, to uint64) {
	if to > e.s.marks[name] {
		e.s.marks[name] = to
		e.any = true
	}
}

// Update changes the ring, all of it or nothing. On a nil error the change is durable and destroyed keys are gone. On an
// error the ring goes on as it was (a crash right after may still bring the change), or, when the disk's state is unknown,
// refuses every further Update with ErrDiskState until it is opened anew.
func (r *Ring) Update(change func(*Edit)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed != nil {
		return r.failed
	}
	e := &Edit{s: r.state.clone()}
	change(e)
	if !e.any {
		return nil
	}
	e.s.generation++
	if e.fatal {
		return r.rotate(e.s)
	}
	return r.write(e.s)
}

// write puts a ring in which no key died beside the active one, under the same key, with a higher generation.
func (r *Ring) write(s state) error {
	slot := 1 - r.active
	if err := r.put(slot, r.key, s); err != nil {
		return r.undo(slot, err)
	}
	// At this point the new generation opens, and counts because it is higher.
	r.active, r.state = slot, s
	return nil
}

// rotate puts the ring under a new key beside the active one, and replaces the key: one step commits and destroys.
func (r *Ring) rotate(s state) error {
	slot, key := 1-r.active, NewKey()
	if err := r.put(slot, key, s); err != nil {
		return r.undo(slot, err)
	}
	// At this point both rings are on the disk and the old one counts: its key is the one in force.
	if err := r.holder.Replace(key); err != nil {
		inForce, e := r.holder.Key()
		switch {
		case e == nil && inForce == r.key:
			return r.undo(slot, fmt.Errorf("replace ring key: %w", err))
		case e != nil || inForce != key:
			r.failed = fmt.Errorf("%w: replace ring key: %w", ErrDiskState, err)
			return r.failed
		}
	}
	// At this point the new ring counts, and nothing opens the old one or any copy of it.
	old := r.active
	r.key, r.active, r.state = key, slot, s
	if err := r.zero(old); err != nil {
		// What is left there opens under no key; the next write overwrites it, and boot zeroes it.
		return nil
	}
	return nil
}

// undo takes back a slot that may or may not have been written.
func (r *Ring) undo(slot int, cause error) error {
	if err := r.zero(slot); err != nil {
		r.failed = fmt.Errorf("%w: %w", ErrDiskState, cause)
		return r.failed
	}
	return cause
}

func (r *Ring) put(slot int, k Key, s state) error {
	raw, err := s.seal(k)
	if err != nil {
		return err
	}
	return r.fill(slot, raw)
}

func (r *Ring) zero(slot int) error { return r.fill(slot, make([]byte, SlotSize)) }

func (r *Ring) fill(slot int, raw []byte) error {
	if err := r.file.WriteAt(raw, int64(slot)*SlotSize); err != nil {
		return fmt.Errorf("write key ring: %w", err)
	}
	if err := r.file.Sync(); err != nil {
		return fmt.Errorf("sync key ring: %w", err)
	}
	return nil
}

// seal writes a slot: header, sealed state, zeros.
func (s state) seal(k Key) ([]byte, error) {
	plain := []byte{1}
	plain = binary.LittleEndian.AppendUint16(plain, uint16(len(s.keys)))
	for _, name := range slices.Sorted(maps.Keys(s.keys)) {
		e := s.keys[name]
		if len(name) > 255 || len(e.note) > 255 {
			return nil, errors.New("key ring: a name or note is longer than 255 bytes")
		}
		plain = append(append(plain, byte(len(name))), name...)
		plain = append(plain, e.key[:]...)
		plain = append(append(plain, byte(len(e.note))), e.note...)
	}
	plain = binary.LittleEndian.AppendUint16(plain, uint16(len(s.marks)))
	for _, name := range slices.Sorted(maps.Keys(s.marks)) {
		if len(name) > 255 {
			return nil, errors.New("key ring: a name is longer than 255 bytes")
		}
		plain = append(append(plain, byte(len(name))), name...)
		plain = binary.LittleEndian.AppendUint64(plain, s.marks[name])
	}
	n := len(plain) + Overhead
	if slotHeader+n > SlotSize {
		return nil, fmt.Errorf("key ring: %d bytes don't fit its slot of %d", n, SlotSize)
	}
	raw := make([]byte, slotHeader, SlotSize)
	copy(raw, ringMagic)
	binary.LittleEndian.PutUint64(raw[8:], s.generation)
	binary.LittleEndian.PutUint32(raw[16:], uint32(n))
	raw = k.Box().Seal(raw, plain, raw[:slotHeader])
	return raw[:SlotSize], nil
}

func unseal(raw []byte, k Key) (state, error) {
	s := state{keys: map[string]entry{}, marks: map[string]uint64{}}
	if string(raw[:8]) != ringMagic {
		return s, ErrForged
	}
	s.generation = binary.LittleEndian.Uint64(raw[8:])
	n := binary.LittleEndian.Uint32(raw[16:])
	if n > SlotSize-slotHeader {
		return s, ErrForged
	}
	plain, err := k.Box().Open(nil, raw[slotHeader:slotHeader+n], raw[:slotHeader])
	if err != nil {
		return s, err
	}
	d := decoder{plain}
	if d.byte() != 1 {
		return s, errors.New("key ring: written by a newer version")
	}
	for range d.uint16() {
		name := string(d.bytes(int(d.byte())))
		var e entry
		copy(e.key[:], d.bytes(KeySize))
		e.note = slices.Clone(d.bytes(int(d.byte())))
		s.keys[name] = e
	}
	for range d.uint16() {
		name := string(d.bytes(int(d.byte())))
		if b := d.bytes(8); b != nil {
			s.marks[name] = binary.LittleEndian.Uint64(b)
		}
	}
	if d.b == nil {
		return s, ErrForged
	}
	return s, nil
}

// decoder reads what was authenticated, so that running short means a defect, not an attack; b is nil from then on.
type decoder struct{ b []byte }

func (d *decoder) bytes(n int) []byte {
	if d.b == nil || len(d.b) < n {
		d.b = nil
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint16() uint16 {
	if b := d.bytes(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}
