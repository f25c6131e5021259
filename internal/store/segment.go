package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"alprd/internal/disk"
	"alprd/internal/seal"
)

// A segment is a file of a day: a header (magic, salt) and records. A record is a header and a sealed body, with the
// header as its context:
//
//	0  4  magic
//	4  4  length of the sealed body
//	8  4  number of the record in its segment, from 0
//	12 1  kind
//	13 1  flags: first and last of its group
//	14 2  zero
//
// A group is what was committed together. It counts when it is there from its first record to its last, in order, and each
// opens. The segment's key is derived from its day's key, the salt, and the segment's name, so that no file opens in
// another's place. A segment is written from one opening of the store only: a record that a crash tore is never
// completed under the same key.
const (
	segMagic    = "ALPRSEG1"
	segHeader   = 40
	recMagic    = 0x31434552 // "REC1"
	recHeader   = 16
	recOverhead = recHeader + seal.Overhead + 8 // of a record, its time included
	maxRecord   = 64 << 20
)

type kind uint8

const (
	kindRead    kind = 1
	kindPicture kind = 2
	kindMessage kind = 3
)

const (
	flagFirst = 1
	flagLast  = 2
)

// segID names a segment.
type segID struct {
	Day string
	N   int
}

func (i segID) String() string { return fmt.Sprintf("%s/%04d", i.Day, i.N) }

// box is the cipher of a segment.
func (i segID) box(day seal.Key, salt []byte) seal.Box {
	return day.Derive(salt, "alprd segment 1 "+i.String()).Box()
}

// summary is what is known of a segment up to some end, without its content.
type summary struct {
	End      int64     `json:"end"` // of the last whole group
	Reads    int       `json:"reads"`
	Pictures int       `json:"pictures"`
	Messages int       `json:"messages"`
	Lost     int       `json:"lost"` // places where damage was skipped
	OldestAt time.Time `json:"oldest"`
	NewestAt time.Time `json:"newest"`
	MaxSeq   uint64    `json:"max_seq"`
}

func (s *summary) see(at time.Time) {
	if s.OldestAt.IsZero() || at.Before(s.OldestAt) {
		s.OldestAt = at
	}
	if at.After(s.NewestAt) {
		s.NewestAt = at
	}
}

// segment is one being written.
type segment struct {
	id     segID
	file   *disk.File
	box    seal.Box
	number uint32  // of the next record
	sum    summary // of what is written
	safe   summary // of what is durable
	full   bool    // nothing is added any more; closed once durable
}

// appendRecord seals a record behind buf. The parts are its body after its time.
func (g *segment) appendRecord(buf []byte, k kind, flags byte, at time.Time, scratch *[]byte, parts ...[]byte) []byte {
	plain := binary.LittleEndian.AppendUint64((*scratch)[:0], uint64(at.UnixNano()))
	for _, p := range parts {
		plain = append(plain, p...)
	}
	*scratch = plain
	start := len(buf)
	buf = append(buf, make([]byte, recHeader)...)
	h := buf[start : start+recHeader]
	binary.LittleEndian.PutUint32(h, recMagic)
	binary.LittleEndian.PutUint32(h[4:], uint32(len(plain)+seal.Overhead))
	binary.LittleEndian.PutUint32(h[8:], g.number)
	h[12], h[13] = byte(k), flags
	g.number++
	buf = slices.Grow(buf, len(plain)+seal.Overhead)
	return g.box.Seal(buf, plain, buf[start:start+recHeader])
}

// record is one found in a segment.
type record struct {
	off    int64 // of its header
	n      int   // length of the sealed body
	number uint32
	kind   kind
	flags  byte
}

func (r record) end() int64 { return r.off + recHeader + int64(r.n) }

// group is the records that were committed together.
type group []record

// reader finds groups in a segment.
type reader struct {
	r    io.ReaderAt
	box  seal.Box
	size int64
}

// newReader reads the header of a segment. errDamaged means that nothing in it can be read.
func newReader(r io.ReaderAt, size int64, id segID, day seal.Key) (*reader, error) {
	var h [segHeader]byte
	if size < segHeader {
		return nil, errDamaged
	}
	if _, err := r.ReadAt(h[:], 0); err != nil {
		return nil, fmt.Errorf("segment %v: %w", id, err)
	}
	if string(h[:8]) != segMagic {
		return nil, errDamaged
	}
	return &reader{r, id.box(day, h[8:]), size}, nil
}

// window reads ahead a little: a walk over headers and small bodies would otherwise be two system calls a record.
type window struct {
	r   io.ReaderAt
	off int64
	buf []byte // what stands at off
}

const windowSize = 8 << 10

func (w *window) ReadAt(p []byte, off int64) (int, error) {
	if len(p) > windowSize/2 {
		return w.r.ReadAt(p, off)
	}
	if off < w.off || off+int64(len(p)) > w.off+int64(len(w.buf)) {
		w.buf = w.buf[:cap(w.buf)]
		if len(w.buf) == 0 {
			w.buf = make([]byte, windowSize)
		}
		n, err := w.r.ReadAt(w.buf, off)
		w.off, w.buf = off, w.buf[:n]
		if n < len(p) {
			return copy(p, w.buf), err
		}
	}
	return copy(p, w.buf[off-w.off:]), nil
}

// header reads the record header at off; ok is false where there is none.
func (r *reader) header(off int64) (rec record, ok bool, err error) {
	var h [recHeader]byte
	if off+recHeader > r.size {
		return rec, false, nil
	}
	if _, err := r.r.ReadAt(h[:], off); err != nil {
		return rec, false, err
	}
	rec, ok = parseHeader(h[:], off)
	return rec, ok && rec.end() <= r.size, nil
}

func parseHeader(h []byte, off int64) (record, bool) {
	rec := record{off, int(binary.LittleEndian.Uint32(h[4:])), binary.LittleEndian.Uint32(h[8:]), kind(h[12]), h[13]}
	ok := binary.LittleEndian.Uint32(h) == recMagic && rec.n >= seal.Overhead+8 && rec.n <= maxRecord &&
		rec.kind >= kindRead && rec.kind <= kindMessage && rec.flags <= flagFirst|flagLast && h[14] == 0 && h[15] == 0
	return rec, ok
}

// body opens a record: its time, and what follows it. errDamaged means that it isn't what was written.
func (r *reader) body(rec record) (time.Time, []byte, error) {
	raw := make([]byte, recHeader+rec.n)
	if _, err := r.r.ReadAt(raw, rec.off); err != nil {
		if errors.Is(err, io.EOF) {
			return time.Time{}, nil, errDamaged
		}
		return time.Time{}, nil, err
	}
	plain, err := r.box.Open(nil, raw[recHeader:], raw[:recHeader])
	if err != nil {
		return time.Time{}, nil, errDamaged
	}
	return time.Unix(0, int64(binary.LittleEndian.Uint64(plain))).UTC(), plain[8:], nil
}

// groups calls fn for each whole group from off on, with a reader that its records are opened by cheapest. Records that end after verify are opened to see that they are what was
// written; for those before, the header is believed until fn opens them. Damage is skipped up to the next group that opens,
// and counted in lost; end is where the last whole group ends: behind it lies nothing, or what a crash tore.
func (r *reader) groups(off, verify int64, fn func(*reader, group) error) (end int64, lost int, err error) {
	end = max(off, segHeader)
	ahead := *r
	ahead.r = &window{r: r.r}
	r = &ahead
	pos := end
	var g group
	for pos < r.size {
		rec, ok, err := r.header(pos)
		if err != nil {
			return end, lost, err
		}
		if ok && len(g) > 0 && (rec.flags&flagFirst != 0 || rec.number != g[len(g)-1].number+1) || ok && len(g) == 0 && rec.flags&flagFirst == 0 {
			ok = false
		}
		if ok && rec.end() > verify {
			if _, _, err := r.body(rec); errors.Is(err, errDamaged) {
				ok = false
			} else if err != nil {
				return end, lost, err
			}
		}
		if !ok {
			next, err := r.resync(pos + 1)
			if err != nil {
				return end, lost, err
			}
			if next < 0 {
				break
			}
			lost++
			g, pos = nil, next
			continue
		}
		g = append(g, rec)
		pos = rec.end()
		if rec.flags&flagLast == 0 {
			continue
		}
		switch err := fn(r, g); {
		case errors.Is(err, errDamaged):
			lost++
		case err != nil:
			return end, lost, err
		}
		g, end = nil, pos
	}
	return end, lost, nil
}

// resync finds the next record from off on that begins a group and opens; -1 when there is none.
func (r *reader) resync(off int64) (int64, error) {
	buf := make([]byte, 64<<10)
	for off+recHeader <= r.size {
		n := int(min(int64(len(buf)), r.size-off))
		if _, err := r.r.ReadAt(buf[:n], off); err != nil {
			return -1, err
		}
		for i := 0; i+recHeader <= n; i++ {
			if binary.LittleEndian.Uint32(buf[i:]) != recMagic {
				continue
			}
			rec, ok := parseHeader(buf[i:], off+int64(i))
			if !ok || rec.flags&flagFirst == 0 || rec.end() > r.size {
				continue
			}
			if _, _, err := r.body(rec); err == nil {
				return rec.off, nil
			} else if !errors.Is(err, errDamaged) {
				return -1, err
			}
		}
		off += int64(n - recHeader + 1)
	}
	return -1, nil
}
