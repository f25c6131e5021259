package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/jpeg"
	"math"

	"golang.org/x/image/draw"

	"alprd/internal/alpr"
)

// maxPlateJPEG keeps a whole alert, base64 and lattice included, below the 16 KiB that a narrow link carries at once.
const maxPlateJPEG = 7 << 10

// encodePlate cuts the plate, with some of what surrounds it, out of the frame that was read, as small as an alert needs.
func encodePlate(f *alpr.Frame, q alpr.Quad) ([]byte, error) {
	x0, y0, x1, y1 := q.Bounds()
	mx, my := 0.15*(x1-x0), 0.35*(y1-y0)
	r := image.Rect(int(x0-mx), int(y0-my), int(math.Ceil(x1+mx)), int(math.Ceil(y1+my))).Intersect(f.Image.Bounds())
	if r.Empty() {
		return nil, fmt.Errorf("plate picture: the plate lies outside the frame")
	}
	var crop image.Image = f.Image.SubImage(r)
	const width = 320 // more shows no more of a plate
	if r.Dx() > width {
		small := image.NewRGBA(image.Rect(0, 0, width, max(1, r.Dy()*width/r.Dx())))
		draw.CatmullRom.Scale(small, small.Bounds(), crop, r, draw.Src, nil)
		crop = small
	}
	for quality := 90; ; quality -= 15 {
		b, err := encode(crop, quality)
		if err != nil || len(b) <= maxPlateJPEG || quality <= 15 {
			return b, err
		}
	}
}

// encodeScene is the whole picture with the plates in blank made grey: an alert shows one vehicle's plate, not its
// neighbours'.
func encodeScene(f *alpr.Frame, blank []alpr.Quad, quality int) ([]byte, error) {
	if len(blank) == 0 {
		return encode(f.Image, quality)
	}
	c := *f.Image
	c.Y, c.Cb, c.Cr = bytes.Clone(c.Y), bytes.Clone(c.Cb), bytes.Clone(c.Cr)
	for _, q := range blank {
		x0, y0, x1, y1 := q.Bounds()
		mx, my := 0.08*(x1-x0), 0.15*(y1-y0)
		r := image.Rect(int(x0-mx), int(y0-my), int(math.Ceil(x1+mx)), int(math.Ceil(y1+my))).Intersect(c.Rect)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				c.Y[c.YOffset(x, y)] = 128
				c.Cb[c.COffset(x, y)], c.Cr[c.COffset(x, y)] = 128, 128
			}
		}
	}
	return encode(&c, quality)
}

func encode(m image.Image, quality int) ([]byte, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode picture: %w", err)
	}
	return b.Bytes(), nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
