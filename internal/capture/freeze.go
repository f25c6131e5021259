package capture

import (
	"hash/crc32"
	"image"
	"time"
)

// freeze notices that a camera sends the same picture again and again: to the bit (a checksum), or encoded anew (a grid of
// samples that hardly differs from the picture at the beginning of the freeze; a living sensor's noise and the
// light's drift always differ more). A scene that is merely quiet has noise; a denoising camera at night may look frozen
// until something moves, so it is a sign for people and never a reason to reconnect.
type freeze struct {
	table *crc32.Table
	sum   uint32
	ref   []byte // samples of the picture that the freeze, if it is one, began with
	now   []byte
	size  image.Point
	since time.Time // when ref was seen
}

const (
	freezeGrid = 64  // samples across; as many lines as keep them square
	freezeMean = 0.5 // mean difference in levels up to which two pictures count as one
	freezeStep = 10  // a sample that differs by so much is something that moves…
	freezeMany = 4   // …when there are more than so many of them
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
	z.now = sample(z.now[:0], m)
	if size == z.size && z.ref != nil && alike(z.ref, z.now) {
		return z.since
	}
	z.ref, z.now = z.now, z.ref
	z.size, z.since = size, now
	return now
}

func sample(dst []byte, m *image.YCbCr) []byte {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	step := max(w/freezeGrid, 1)
	for y := step / 2; y < h; y += step {
		row := m.Y[y*m.YStride:]
		for x := step / 2; x < w; x += step {
			dst = append(dst, row[x])
		}
	}
	return dst
}

func alike(a, b []byte) bool {
	if len(a) != len(b) || len(a) == 0 {
		return len(a) == len(b)
	}
	sum, many := 0, 0
	for i, v := range a {
		d := int(v) - int(b[i])
		if d < 0 {
			d = -d
		}
		sum += d
		if d >= freezeStep {
			many++
		}
	}
	return many <= freezeMany && float64(sum) <= freezeMean*float64(len(a))
}
