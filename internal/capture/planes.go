package capture

import (
	"fmt"
	"image"
)

const (
	maxSide   = 16384
	maxPixels = 64 << 20
)

// planes is a decoded picture that still lies in its decoder's memory.
type planes struct {
	width, height int
	ratio         image.YCbCrSubsampleRatio
	pix           [3][]byte // Y, Cb, Cr; the last two nil for a grey picture
	stride        [3]int    // bytes
	pixel         [3]int    // bytes from one sample to the next
	wide          int       // bits a sample beyond eight; samples are then two bytes, little-endian
	limited       bool      // 16..235 and 16..240 instead of 0..255
}

// chroma is the size of the Cb and Cr planes, as image.NewYCbCr rounds it.
func chroma(w, h int, ratio image.YCbCrSubsampleRatio) (cw, ch int) {
	switch ratio {
	case image.YCbCrSubsampleRatio422:
		return (w + 1) / 2, h
	case image.YCbCrSubsampleRatio420:
		return (w + 1) / 2, (h + 1) / 2
	case image.YCbCrSubsampleRatio440:
		return w, (h + 1) / 2
	case image.YCbCrSubsampleRatio411:
		return (w + 3) / 4, h
	case image.YCbCrSubsampleRatio410:
		return (w + 3) / 4, (h + 1) / 2
	}
	return w, h
}

// planesSize is the number of bytes of a packed picture.
func planesSize(w, h int, ratio image.YCbCrSubsampleRatio) int {
	cw, ch := chroma(w, h, ratio)
	return w*h + 2*cw*ch
}

func checkSize(w, h int) error {
	if w < 1 || h < 1 || w > maxSide || h > maxSide || w*h > maxPixels {
		return fmt.Errorf("a picture of %d×%d pixels is outside what is accepted (%d a side, %d megapixels)", w, h, maxSide, maxPixels>>20)
	}
	return nil
}

// adopt makes an image of packed planes, without a copy.
func adopt(b []byte, w, h int, ratio image.YCbCrSubsampleRatio) *image.YCbCr {
	cw, ch := chroma(w, h, ratio)
	y, c := w*h, cw*ch
	return &image.YCbCr{
		Y: b[:y:y], Cb: b[y : y+c : y+c], Cr: b[y+c : y+2*c : y+2*c],
		YStride: w, CStride: cw, SubsampleRatio: ratio, Rect: image.Rect(0, 0, w, h),
	}
}

// pack writes the picture's planes to dst, which has planesSize bytes: full range, eight bits, no gaps.
func (p *planes) pack(dst []byte, r *ranges) {
	cw, ch := chroma(p.width, p.height, p.ratio)
	n := p.width * p.height
	p.plane(dst[:n], 0, p.width, p.height, &r.luma)
	for i := 1; i < 3; i++ {
		c := dst[n : n+cw*ch]
		if p.pix[i] == nil {
			for k := range c {
				c[k] = 128
			}
		} else {
			p.plane(c, i, cw, ch, &r.chroma)
		}
		n += cw * ch
	}
}

// turned is the picture, turned as an EXIF orientation says, in memory of its own.
func (p *planes) turned(orientation int, r *ranges) *planes {
	b := make([]byte, planesSize(p.width, p.height, p.ratio))
	p.pack(b, r)
	m := turn(adopt(b, p.width, p.height, p.ratio), orientation)
	return &planes{width: m.Rect.Dx(), height: m.Rect.Dy(), ratio: m.SubsampleRatio, pix: [3][]byte{m.Y, m.Cb, m.Cr}, stride: [3]int{m.YStride, m.CStride, m.CStride}}
}

func (p *planes) plane(dst []byte, i, w, h int, table *[256]byte) {
	step := max(p.pixel[i], 1)
	for y := range h {
		src := p.pix[i][y*p.stride[i]:]
		row := dst[y*w : y*w+w]
		switch {
		case p.wide > 0:
			for x := range row {
				v := (int(src[2*x*step]) | int(src[2*x*step+1])<<8) >> p.wide
				row[x] = byte(min(v, 255))
			}
		case step > 1:
			for x := range row {
				row[x] = src[x*step]
			}
		case p.limited:
			expand(row, src[:w], table)
			continue
		default:
			copy(row, src[:w])
		}
		if p.limited {
			expand(row, row, table)
		}
	}
}

// ranges are the tables from limited to full range (ITU-R BT.601, 16..235 for luma, 16..240 for chroma, to 0..255).
type ranges struct{ luma, chroma [256]byte }

func newRanges() *ranges {
	r := new(ranges)
	for i := range 256 {
		r.luma[i] = clamp((float64(i) - 16) * 255 / 219)
		r.chroma[i] = clamp((float64(i)-128)*255/224 + 128)
	}
	return r
}

func clamp(v float64) byte { return byte(min(max(v+0.5, 0), 255)) }

func expand(dst, src []byte, table *[256]byte) {
	dst = dst[:len(src)]
	for i, v := range src {
		dst[i] = table[v]
	}
}

// expandImage takes a limited-range picture to full range in place.
func expandImage(m *image.YCbCr) {
	r := newRanges()
	expand(m.Y, m.Y, &r.luma)
	expand(m.Cb, m.Cb, &r.chroma)
	expand(m.Cr, m.Cr, &r.chroma)
}
