package store

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"alprd/internal/alpr"
)

// Item is what belongs together: it is kept wholly or not at all, after any crash.
type Item struct {
	// At is when the oldest thing in it was captured: it decides the day it is kept in, and the end of its life. Zero
	// means the read's FirstAt, or its At.
	At       time.Time
	Read     alpr.Read // without an ID for messages that come from no read
	Pictures []Picture
	Messages []Message
	Sync     bool // durable when Commit returns; set for a hit
}

// Picture is one picture of a read.
type Picture struct {
	Name string // "plate", "scene"; at most 255 bytes
	JPEG []byte
}

// Message is one that leaves the unit once it is durable.
type Message struct {
	Class alpr.Class
	Topic string // below the unit's own: "alert", "alert/scene"; at most 255 bytes
	// Build makes the payload. seq is unique among the unit's messages and rises with each. Build is called inside
	// Commit and must not call the store.
	Build func(seq uint64) ([]byte, error)
}

func (it *Item) at() time.Time {
	for _, t := range []time.Time{it.At, it.Read.FirstAt, it.Read.At} {
		if !t.IsZero() {
			return t.Round(0).UTC()
		}
	}
	return time.Time{}
}

var (
	errNoTime = errors.New("store: an item without a time")
	errEmpty  = errors.New("store: an item without content")
)

func (it *Item) check() error {
	at := it.at()
	switch {
	case at.IsZero() || at.Year() < 1970 || at.Year() > 2200:
		return errNoTime
	case it.Read.ID == "" && len(it.Messages) == 0:
		return errEmpty
	}
	for _, p := range it.Pictures {
		if len(p.Name) > 255 || len(p.JPEG) > maxRecord/2 {
			return fmt.Errorf("store: a picture of %d bytes with a name of %d bytes", len(p.JPEG), len(p.Name))
		}
	}
	for _, m := range it.Messages {
		if len(m.Topic) > 255 || m.Class > alpr.Bulk || m.Build == nil {
			return fmt.Errorf("store: a message of class %d with a topic of %d bytes", m.Class, len(m.Topic))
		}
	}
	return nil
}

// readBody is a read as it is kept: its name for a search, everything but the posteriors as JSON, and the posteriors as
// half floats, 74 bytes a column, with each column's smallness in a byte.
type readBody struct {
	ID               string           `json:"id"`
	Camera           string           `json:"camera"`
	Pass             uint64           `json:"pass"`
	Revision         int              `json:"revision"`
	Final            bool             `json:"final,omitempty"`
	FirstAt          time.Time        `json:"first_at"`
	LastAt           time.Time        `json:"last_at"`
	At               time.Time        `json:"at"`
	Clock            alpr.Clock       `json:"clock"`
	Plate            string           `json:"plate"`
	Partial          bool             `json:"partial,omitempty"`
	Confidence       float64          `json:"confidence"`
	Weakest          float64          `json:"weakest"`
	Region           string           `json:"region,omitempty"`
	RegionConfidence float64          `json:"region_confidence,omitempty"`
	Small            []int            `json:"small,omitempty"`
	Candidates       []alpr.Candidate `json:"candidates,omitempty"`
	Lattice          alpr.Lattice     `json:"lattice,omitempty"`
	Frames           int              `json:"frames"`
	Agreeing         int              `json:"agreeing"`
	Corners          alpr.Quad        `json:"corners"`
	CharPx           float64          `json:"char_px"`
	Direction        alpr.Direction   `json:"direction,omitempty"`
	Speed            float64          `json:"speed,omitempty"`
	Part             bool             `json:"part,omitempty"`
	Others           []alpr.Quad      `json:"others,omitempty"`
}

const readVersion = 1

func encodeRead(r *alpr.Read) ([]byte, error) {
	head, err := json.Marshal(readBody{r.ID, r.Camera, r.Pass, r.Revision, r.Final, r.FirstAt, r.LastAt, r.At, r.Clock, r.Plate.Text(), r.Partial,
		r.Confidence, r.Weakest, r.Region, r.RegionConfidence, r.Small, r.Candidates, r.Lattice, r.Frames, r.Agreeing, r.Corners, r.CharPx, r.Direction, r.Speed, r.Part, r.Others})
	if err != nil {
		return nil, fmt.Errorf("encode read: %w", err)
	}
	out := append(make([]byte, 0, len(head)+8), readVersion)
	out = binary.LittleEndian.AppendUint32(out, uint32(len(head)))
	out = append(out, head...)
	out = append(out, byte(min(len(r.Evidence), 255)))
	for _, p := range r.Evidence[:min(len(r.Evidence), 255)] {
		half, err := base64.StdEncoding.DecodeString(p.Half())
		if err != nil {
			return nil, fmt.Errorf("encode posterior: %w", err)
		}
		out = binary.LittleEndian.AppendUint16(out, uint16(p.Columns()))
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(p.Weight))
		out = append(out, half...)
		small := byte(0)
		if len(p.Small) == p.Columns() && len(p.Small) > 0 {
			small = 1
		}
		out = append(out, small)
		if small == 1 {
			for _, v := range p.Small {
				out = append(out, byte(min(max(v, 0), 1)*255+0.5))
			}
		}
	}
	return out, nil
}

// decodeRead reads what was authenticated; errDamaged means that it was written by a program that knows more.
func decodeRead(b []byte) (alpr.Read, error) {
	d := decoder{b}
	version := d.byte()
	head := d.bytes(int(d.uint32()))
	var r readBody
	if version != readVersion || json.Unmarshal(head, &r) != nil {
		return alpr.Read{}, errDamaged
	}
	out := alpr.Read{ID: r.ID, Camera: r.Camera, Pass: r.Pass, Revision: r.Revision, Final: r.Final, FirstAt: r.FirstAt, LastAt: r.LastAt,
		At: r.At, Clock: r.Clock, Plate: alpr.NewSeen(r.Plate), Partial: r.Partial, Confidence: r.Confidence, Weakest: r.Weakest, Region: r.Region,
		RegionConfidence: r.RegionConfidence, Small: r.Small, Candidates: r.Candidates, Lattice: r.Lattice, Frames: r.Frames,
		Agreeing: r.Agreeing, Corners: r.Corners, CharPx: r.CharPx, Direction: r.Direction, Speed: r.Speed, Part: r.Part, Others: r.Others}
	for range d.byte() {
		n, weight := int(d.uint16()), math.Float32frombits(d.uint32())
		p, err := alpr.ParseHalf(base64.StdEncoding.EncodeToString(d.bytes(n * 2 * alpr.Classes)))
		if err != nil {
			return alpr.Read{}, errDamaged
		}
		p.Weight = weight
		if d.byte() == 1 {
			for _, v := range d.bytes(n) {
				p.Small = append(p.Small, float32(v)/255)
			}
		}
		out.Evidence = append(out.Evidence, p)
	}
	if d.b == nil {
		return alpr.Read{}, errDamaged
	}
	return out, nil
}

// name writes a text of up to 255 bytes with its length before it.
func name(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// message is the head of a message record; the payload follows it.
type message struct {
	seq      uint64
	class    alpr.Class
	topic    string
	recorded time.Time
}

func (m message) head() []byte {
	b := binary.LittleEndian.AppendUint64(nil, m.seq)
	b = binary.LittleEndian.AppendUint64(b, uint64(m.recorded.UnixNano()))
	return append(append(b, byte(m.class)), name(m.topic)...)
}

func decodeMessage(b []byte) (m message, payload []byte, err error) {
	d := decoder{b}
	m.seq = d.uint64()
	m.recorded = time.Unix(0, int64(d.uint64())).UTC()
	m.class = alpr.Class(d.byte())
	m.topic = string(d.bytes(int(d.byte())))
	if d.b == nil || m.class > alpr.Bulk {
		return m, nil, errDamaged
	}
	return m, d.b, nil
}

func decodePicture(b []byte) (Picture, error) {
	d := decoder{b}
	p := Picture{Name: string(d.bytes(int(d.byte())))}
	if d.b == nil {
		return p, errDamaged
	}
	p.JPEG = slices.Clone(d.b)
	return p, nil
}

// decoder reads from b, which is nil from the moment it ran short.
type decoder struct{ b []byte }

func (d *decoder) bytes(n int) []byte {
	if d.b == nil || n < 0 || len(d.b) < n {
		d.b = nil
		return nil
	}
	out := d.b[:n:n]
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

func (d *decoder) uint32() uint32 {
	if b := d.bytes(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.bytes(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}
