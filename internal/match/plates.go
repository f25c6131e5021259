package match

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"slices"
	"unsafe"

	"alprd/internal/alpr"
)

// Plates is the plates of one list, packed for searching from their first character on and from their last: about 9 bytes
// a plate. What the list says of them is not in it. It is immutable.
//
// A plate's ordinal is its place, from 0, in the order of the folded plates (O written as 0; bytes compared), equal ones in
// the order they were given: the order of the records of a package.
type Plates struct {
	forward, backward trie
	open              uint32 // how many leave characters open
}

// Details tells what a list says of its entries.
type Details interface {
	// Entry is the entry of a plate's ordinal. It is called for hits only, from any number of goroutines; an error costs the
	// alert its details, not the alert.
	Entry(ordinal int) (alpr.Entry, error)
}

// Pack packs plates that come in the order of their folded texts.
func Pack(plates iter.Seq2[alpr.Plate, error]) (*Plates, error) {
	var codes []uint64
	for p, err := range plates {
		if err != nil {
			return nil, err
		}
		code, err := codeOf(p, len(codes)+1)
		if err != nil {
			return nil, err
		}
		if n := len(codes); n > 0 && codes[n-1] > code {
			return nil, fmt.Errorf("entry %d is out of order", n+1)
		}
		codes = append(codes, code)
	}
	return packSorted(codes), nil
}

// packSorted uses up codes.
func packSorted(codes []uint64) *Plates {
	p := &Plates{forward: newTrie(codes)}
	for i, c := range codes {
		if open(c) {
			p.open++
		}
		codes[i] = backward(c)
	}
	slices.Sort(codes)
	p.backward = newTrie(codes)
	return p
}

// codeOf packs the plate of the nth entry.
func codeOf(p alpr.Plate, n int) (uint64, error) {
	text := p.Fold()
	code, ok := encode(text)
	if !ok {
		return 0, fmt.Errorf("the plate of entry %d has %d characters, not 1 to %d", n, len(text), maxText)
	}
	if open := p.Open(); open > 0 && (open > maxOpen || len(text)-open < leastFixed) {
		return 0, fmt.Errorf("entry %d leaves too many characters open", n)
	}
	return code, nil
}

// Len is how many there are.
func (p *Plates) Len() int { return len(p.forward.rest) }

// Bytes is the memory that they take.
func (p *Plates) Bytes() int { return p.forward.bytes() + p.backward.bytes() }

// A stream of packed plates is platesMagic, the number of plates, of each trie's fourth characters and of plates that leave characters
// open, both tries' arrays, and the CRC-32C of all that; numbers have 32 bits in little-endian order.
const platesMagic = 0x31706c61 // "alp1"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// WriteTo writes what ReadPlates reads.
func (p *Plates) WriteTo(w io.Writer) (int64, error) {
	sum := &summed{w: w}
	head := []uint32{platesMagic, uint32(p.Len()), uint32(len(p.forward.fourth)), uint32(len(p.backward.fourth)), p.open}
	sum.write(bytesOf(head))
	for _, t := range []*trie{&p.forward, &p.backward} {
		sum.write(bytesOf(t.dir))
		sum.write(t.fourth)
		sum.write(bytesOf(t.starts))
		sum.write(bytesOf(t.rest))
	}
	sum.write(binary.LittleEndian.AppendUint32(nil, sum.crc))
	if sum.err != nil {
		return sum.n, fmt.Errorf("write packed plates: %w", sum.err)
	}
	return sum.n, nil
}

// Size is how many bytes WriteTo writes.
func (p *Plates) Size() int64 { return int64(p.Bytes()) + 24 }

// ReadPlates reads what WriteTo wrote, straight into place, and checks it: that it is so many plates, a sum over all bytes, and
// that no search can be led astray. It reads nothing behind the end.
func ReadPlates(r io.Reader, plates int) (*Plates, error) {
	sum := &summed{r: r}
	head := make([]uint32, 5)
	sum.read(bytesOf(head))
	if sum.err == nil && (head[0] != platesMagic || int(head[1]) != plates || head[2] > head[1] || head[3] > head[1] || head[4] > head[1]) {
		sum.err = errTrie
	}
	p := &Plates{open: head[4]}
	for i, t := range []*trie{&p.forward, &p.backward} {
		if sum.err != nil {
			break
		}
		t.dir = sum.numbers(dirSize)
		t.fourth = make([]uint8, head[2+i])
		sum.read(t.fourth)
		t.starts = sum.numbers(int(head[2+i]) + 1)
		t.rest = sum.numbers(int(head[1]))
	}
	want := sum.crc
	var crc [4]byte
	sum.read(crc[:])
	if sum.err == nil && binary.LittleEndian.Uint32(crc[:]) != want {
		sum.err = errTrie
	}
	for _, t := range []*trie{&p.forward, &p.backward} {
		if sum.err == nil {
			sum.err = t.check()
		}
	}
	if sum.err != nil {
		return nil, fmt.Errorf("read packed plates: %w", sum.err)
	}
	return p, nil
}

// summed writes or reads and sums up what passes, until the first error.
type summed struct {
	w   io.Writer
	r   io.Reader
	n   int64
	crc uint32
	err error
}

func (s *summed) write(b []byte) {
	if s.err != nil {
		return
	}
	s.crc = crc32.Update(s.crc, castagnoli, b)
	var n int
	n, s.err = s.w.Write(b)
	s.n += int64(n)
}

func (s *summed) read(b []byte) {
	if s.err != nil {
		return
	}
	if _, s.err = io.ReadFull(s.r, b); errors.Is(s.err, io.EOF) {
		s.err = io.ErrUnexpectedEOF
	}
	s.crc = crc32.Update(s.crc, castagnoli, b)
}

func (s *summed) numbers(n int) []uint32 {
	if s.err != nil {
		return nil
	}
	out := make([]uint32, n)
	s.read(bytesOf(out))
	return out
}

// bytesOf is the memory of v, which on the machines we run on is in little-endian order; ReadPlates refuses a head that isn't.
func bytesOf(v []uint32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}
