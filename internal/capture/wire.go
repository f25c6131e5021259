package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"io"
)

// The child's messages, child to unit: a header of 60 bytes, little-endian, and a payload.
//
//	 0 magic "ALPF"   4 kind   5 subsample ratio   6 still (0 or 1)   7 zero   8 width   12 height
//	16 time, Unix nanoseconds (8)   24 sequence (8)   32 dropped (8)   40 damaged (8)
//	48 payload bytes   52 CRC-32C of the payload   56 CRC-32C of the 56 bytes before
//
// A frame's payload is its three planes without gaps. Whatever does not add up ends the child.
const (
	headerSize = 60
	maxText    = 64 << 10
)

var magic = [4]byte{'A', 'L', 'P', 'F'}

const (
	msgHello byte = 1 + iota // the child stands and knows its camera
	msgFrame                 // a picture
	msgStill                 // a frame in which nothing moves, without its picture
	msgAlive                 // the child waits on purpose (a clip's own pace)
	msgNote                  // JSON note: something for the log
	msgFail                  // JSON failure: the camera is broken; the child ends
	msgEnd                   // the clip is over; the child ends
)

// message is one decoded header.
type message struct {
	kind             byte
	still            bool // of a picture: nothing moves in it
	ratio            image.YCbCrSubsampleRatio
	width, height    int
	at               int64 // Unix nanoseconds
	seq              uint64
	dropped, damaged uint64 // so far in this run
	length           int
	sum              uint32
}

// note and failure are the payloads of msgNote and msgFail.
type note struct {
	Text    string  `json:"text"`
	Setting string  `json:"setting,omitempty"`
	Asked   float64 `json:"asked,omitempty"`
	Got     float64 `json:"got,omitempty"`
}

type failure struct {
	Text string `json:"text"`
	Hint string `json:"hint,omitempty"`
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

func (m *message) put(b []byte, table *crc32.Table) {
	le := binary.LittleEndian
	copy(b, magic[:])
	b[4], b[5], b[6], b[7] = m.kind, byte(m.ratio), 0, 0
	if m.still {
		b[6] = 1
	}
	le.PutUint32(b[8:], uint32(m.width))
	le.PutUint32(b[12:], uint32(m.height))
	le.PutUint64(b[16:], uint64(m.at))
	le.PutUint64(b[24:], m.seq)
	le.PutUint64(b[32:], m.dropped)
	le.PutUint64(b[40:], m.damaged)
	le.PutUint32(b[48:], uint32(m.length))
	le.PutUint32(b[52:], m.sum)
	le.PutUint32(b[56:], crc32.Checksum(b[:56], table))
}

var (
	errGarbage  = errors.New("the decoder process sent something that is no message")
	errChecksum = errors.New("the decoder process sent a message with a wrong checksum")
)

// readMessage reads a header and its payload. The payload of a frame is newly allocated and belongs to the caller.
func readMessage(r io.Reader, header []byte, table *crc32.Table) (m message, payload []byte, err error) {
	if _, err = io.ReadFull(r, header); err != nil {
		return m, nil, err
	}
	if m, err = parseHeader(header, table); err != nil {
		return m, nil, err
	}
	if m.length == 0 {
		return m, nil, nil
	}
	payload = make([]byte, m.length)
	if _, err = io.ReadFull(r, payload); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return m, nil, err
	}
	if crc32.Checksum(payload, table) != m.sum {
		return m, nil, errChecksum
	}
	return m, payload, nil
}

func parseHeader(b []byte, table *crc32.Table) (m message, err error) {
	le := binary.LittleEndian
	if [4]byte(b[:4]) != magic {
		return m, errGarbage
	}
	if crc32.Checksum(b[:56], table) != le.Uint32(b[56:]) {
		return m, errChecksum
	}
	m = message{
		kind: b[4], still: b[6] == 1, ratio: image.YCbCrSubsampleRatio(b[5]),
		width: int(le.Uint32(b[8:])), height: int(le.Uint32(b[12:])),
		at: int64(le.Uint64(b[16:])), seq: le.Uint64(b[24:]),
		dropped: le.Uint64(b[32:]), damaged: le.Uint64(b[40:]),
		length: int(le.Uint32(b[48:])), sum: le.Uint32(b[52:]),
	}
	switch m.kind {
	case msgFrame:
		if err := checkSize(m.width, m.height); err != nil {
			return m, fmt.Errorf("the decoder process: %w", err)
		}
		if m.ratio < image.YCbCrSubsampleRatio444 || m.ratio > image.YCbCrSubsampleRatio410 || m.length != planesSize(m.width, m.height, m.ratio) {
			return m, errGarbage
		}
	case msgNote, msgFail:
		if m.length > maxText {
			return m, errGarbage
		}
	case msgHello, msgStill, msgAlive, msgEnd:
		if m.length != 0 {
			return m, errGarbage
		}
	default:
		return m, errGarbage
	}
	return m, nil
}
