package alpr

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"time"
)

// Read is what the unit believes it read of one vehicle pass, or of one plate in a still picture.
type Read struct {
	ID       string // names the pass; NewID
	Camera   string
	Pass     uint64 // counts the camera's passes from 1 since start
	Revision int    // 1 for the first report of the pass, then counting
	Final    bool   // the vehicle is gone: no further revision follows

	FirstAt, LastAt time.Time // of the pass
	At              time.Time // of Best
	Clock           Clock

	Plate            Plate
	Partial          bool    // Plate leaves characters open: some can't be read, or the picture's edge cuts it
	Confidence       float64 // 0..1, that the text is right as far as a picture tells (docs/decisions/0090)
	Weakest          float64 // 0..1, of its least certain character
	Region           string  // "us-nc"; empty when unknown, never a guess
	RegionConfidence float64
	Small            []int // positions from 0 of small stacked characters
	Candidates       []Candidate
	Lattice          Lattice
	Evidence         Evidence // of the pass's best frames

	Frames   int     // frames the plate was read in
	Agreeing int     // of them, frames whose own best text is Plate
	Corners  Quad    // in Best
	CharPx   float64 // estimated height of the characters in Best, pixels

	// Direction is how the vehicle moved, as the camera sees it, and Speed how fast its plate moved in the picture around
	// Best, pixels a second; "" and 0 where that can't be told.
	Direction Direction
	Speed     float64

	// Part marks the read of a vehicle that has stood there for about an hour, or whose camera fell silent while it stood. It is
	// kept like a final one, but the pass goes on under the same ID with new looks and a new FirstAt: what is kept must be
	// forgotten by the day it was captured on.
	Part bool

	// Best is the frame the evidence pictures are cut from: always one that was read, never merely a good look at
	// the vehicle. It is nil once the read is stored.
	Best *Frame
	// Others are the other plates found in Best: they are blanked wherever the scene leaves the unit.
	Others []Quad
}

// Direction is a vehicle's movement as its camera sees it.
type Direction string

const (
	Approaching Direction = "approaching"
	Receding    Direction = "receding"
	Leftward    Direction = "left"
	Rightward   Direction = "right"
)

// NewID makes a name that sorts by time: 48 bits of Unix milliseconds and 80 random bits, in hexadecimal.
func NewID(now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	rand.Read(b[6:])
	return hex.EncodeToString(b[:])
}
