package capture

import (
	"hash/crc32"
	"image"
	"time"
)

// freeze notices that a camera sends the same picture again and again: to the bit (a checksum), or encoded anew: then the
// means of sixteen times nine cells stay where they were when the freeze began. Measured: one picture encoded again and
// again at 800 kbit/s moved them by at most 0.4 levels; a real quiet car park moved one by 1.6 within a second. A camera that
// removes all noise may look frozen in steady light until something moves: so this is a sign for people, and no reason to
// reconnect.
type freeze struct {
	table *crc32.Table
	sum   uint32
	ref   []float32 // means of the picture that the freeze, if it is one, began with
	now   []float32
	size  image.Point
	since time.Time // when ref was seen
}

const (
	freezeCells = 16  // across; as many lines as make them square
	freezeLevel = 0.6 // levels by which a cell's mean may differ
)

// see takes a frame and returns since when the picture has stood still: now, if it hasn't.
func (z *freeze) see(m *image.YCbCr, now time.Time) time.Time {
	if z.table == nil {
		z.table = castagnoli()
	}
	size := m.Rect.Size()
	sum := uint32(0)
	for y := range size.Y {
		sum = crc32.Update(sum, z.table, m.Y[y*m.YStride:y*m.YStride+size.X])
	}
	same := sum == z.sum && size == z.size && z.ref != nil
	z.sum = sum
	if same {
		return z.since
	}
	z.now = means(z.now[:0], m)
	if size == z.size && z.ref != nil && alike(z.ref, z.now) {
		return z.since
	}
	z.ref, z.now = z.now, z.ref
	z.size, z.since = size, now
	return now
}

func means(dst []float32, m *image.YCbCr) []float32 {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cell := max((w+freezeCells-1)/freezeCells, 4)
	for y := 0; y < h; y += cell {
		for x := 0; x < w; x += cell {
			dst = append(dst, blockMean(m, x, y, min(cell, w-x), min(cell, h-y), max(cell/16, 1)))
		}
	}
	return dst
}

func alike(a, b []float32) bool {
	for i, v := range a {
		if d := v - b[i]; d > freezeLevel || d < -freezeLevel {
			return false
		}
	}
	return true
}
