package capture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"os"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// maxFile is the largest picture file that is read, in bytes.
const maxFile = 256 << 20

// DecodeFile is Decode of a file. Its errors don't name the file.
func DecodeFile(path string) (*image.YCbCr, error) {
	if err := readable(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Decode(f)
}

// Decode reads a JPEG, PNG, WebP, BMP or TIFF picture into full-range BT.601 planes with their origin at (0, 0), upright
// as its EXIF orientation says. A JPEG's own planes are used as they are; RGB becomes 4:4:4; transparency falls on black.
// A picture that claims more than 64 megapixels is refused before its pixels are read.
func Decode(r io.Reader) (img *image.YCbCr, err error) {
	defer func() {
		if p := recover(); p != nil { // a decoder's bug, met by a file made for it
			img, err = nil, fmt.Errorf("the decoder failed: %v", p)
		}
	}()
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read the picture: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("the file is larger than %d MiB", maxFile>>20)
	}
	conf, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, plain(err)
	}
	if err := checkSize(conf.Width, conf.Height); err != nil {
		return nil, err
	}
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		if kind == "jpeg" && !bytes.Contains(data[max(0, len(data)-64):], []byte{0xff, 0xd9}) { // no end of image
			err = io.ErrUnexpectedEOF
		}
		return nil, plain(err)
	}
	if b := m.Bounds(); b.Dx() < 1 || b.Dy() < 1 {
		return nil, errors.New("the picture is empty")
	}
	img = toYCbCr(m)
	if kind == "webp" && vp8(m) {
		expandImage(img)
	}
	return turn(img, orientation(data, kind)), nil
}

// vp8 reports whether a WebP's planes are VP8's own, which are limited range (RFC 9649, section 2.5); Go passes them on as
// they are.
func vp8(m image.Image) bool {
	switch m.(type) {
	case *image.YCbCr, *image.NYCbCrA:
		return true
	}
	return false
}

func plain(err error) error {
	switch {
	case errors.Is(err, image.ErrFormat):
		return errors.New("not a picture of a kind that can be read (JPEG, PNG, WebP, BMP, TIFF)")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the picture is truncated: the file ends in the middle")
	}
	return err
}

// toYCbCr converts whatever a decoder gave. The result shares memory with a YCbCr that came in.
func toYCbCr(m image.Image) *image.YCbCr {
	switch m := m.(type) {
	case *image.YCbCr:
		return atOrigin(m)
	case *image.NYCbCrA:
		return atOrigin(&m.YCbCr)
	case *image.Gray:
		b := m.Bounds()
		out := grey(b.Dx(), b.Dy())
		for y := range b.Dy() {
			copy(out.Y[y*out.YStride:], m.Pix[y*m.Stride:y*m.Stride+b.Dx()])
		}
		return out
	case *image.Gray16:
		b := m.Bounds()
		out := grey(b.Dx(), b.Dy())
		for y := range b.Dy() {
			for x := range b.Dx() {
				out.Y[y*out.YStride+x] = m.Pix[y*m.Stride+2*x]
			}
		}
		return out
	}
	b := m.Bounds()
	rgb, ok := m.(*image.RGBA)
	if !ok {
		rgb = image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
		draw.Draw(rgb, rgb.Rect, m, b.Min, draw.Src)
	}
	out := image.NewYCbCr(image.Rect(0, 0, b.Dx(), b.Dy()), image.YCbCrSubsampleRatio444)
	for y := range b.Dy() {
		src := rgb.Pix[y*rgb.Stride:]
		for x := range b.Dx() {
			i := y*out.YStride + x
			out.Y[i], out.Cb[i], out.Cr[i] = color.RGBToYCbCr(src[4*x], src[4*x+1], src[4*x+2])
		}
	}
	return out
}

// grey makes an empty picture without colour.
func grey(w, h int) *image.YCbCr {
	m := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = 128, 128
	}
	return m
}

func atOrigin(m *image.YCbCr) *image.YCbCr {
	if m.Rect.Min == (image.Point{}) {
		return m
	}
	b := m.Rect
	out := *m
	out.Y = m.Y[m.YOffset(b.Min.X, b.Min.Y):]
	out.Cb = m.Cb[m.COffset(b.Min.X, b.Min.Y):]
	out.Cr = m.Cr[m.COffset(b.Min.X, b.Min.Y):]
	out.Rect = image.Rect(0, 0, b.Dx(), b.Dy())
	return &out
}
