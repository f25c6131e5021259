package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// marked is a picture of odd size that shows which way is up: four corners of four greys, and a red top.
func marked(w, h int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			v := byte(0)
			if x >= w/2 {
				v = 85
			}
			if y >= h/2 {
				v += 170
			}
			m.SetRGBA(x, y, color.RGBA{v, v, v, 255})
		}
	}
	return m
}

// corners are the lumas near the four corners, row by row.
func corners(m *image.YCbCr) [4]int {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	near := func(x, y int) int { return (int(m.Y[m.YOffset(x, y)]) + 42) / 85 } // 0..3
	return [4]int{near(w/8, h/8), near(w-1-w/8, h/8), near(w/8, h-1-h/8), near(w-1-w/8, h-1-h/8)}
}

func TestDecodeKinds(t *testing.T) {
	src := marked(47, 33)
	gray := image.NewGray(src.Rect)
	paletted := image.NewPaletted(src.Rect, color.Palette{color.Gray{0}, color.Gray{85}, color.Gray{170}, color.Gray{255}})
	deep := image.NewGray16(src.Rect)
	for y := range 33 {
		for x := range 47 {
			gray.Set(x, y, src.At(x, y))
			paletted.Set(x, y, src.At(x, y))
			deep.Set(x, y, src.At(x, y))
		}
	}
	write := func(f func(b *bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := f(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	files := map[string][]byte{
		"jpeg":      write(func(b *bytes.Buffer) error { return jpeg.Encode(b, src, &jpeg.Options{Quality: 95}) }),
		"grey jpeg": write(func(b *bytes.Buffer) error { return jpeg.Encode(b, gray, &jpeg.Options{Quality: 95}) }),
		"png":       write(func(b *bytes.Buffer) error { return png.Encode(b, src) }),
		"grey png":  write(func(b *bytes.Buffer) error { return png.Encode(b, gray) }),
		"deep png":  write(func(b *bytes.Buffer) error { return png.Encode(b, deep) }),
		"palette":   write(func(b *bytes.Buffer) error { return png.Encode(b, paletted) }),
		"bmp":       write(func(b *bytes.Buffer) error { return bmp.Encode(b, src) }),
		"tiff":      write(func(b *bytes.Buffer) error { return tiff.Encode(b, src, nil) }),
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in.png")
	if err := os.WriteFile(in, files["png"], 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"lossy webp":    {"-c:v", "libwebp", "-quality", "95"},
		"lossless webp": {"-c:v", "libwebp", "-lossless", "1"},
		"4:4:4 jpeg":    {"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj444p"},
	} {
		out := filepath.Join(dir, strings.ReplaceAll(strings.ReplaceAll(name, " ", "."), "4:4:4", "444"))
		ffmpeg(t, append(append([]string{"-v", "error", "-i", in}, args...), out)...)
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		files[name] = b
	}
	for name, b := range files {
		m, err := Decode(bytes.NewReader(b))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Rect != image.Rect(0, 0, 47, 33) || corners(m) != [4]int{0, 1, 2, 3} {
			t.Errorf("%s: %v with corners %v", name, m.Rect, corners(m))
		}
		// Full range: black is 0 and white is 255, give or take the compression.
		if lo, hi := m.Y[m.YOffset(4, 4)], m.Y[m.YOffset(43, 29)]; lo > 4 || hi < 251 {
			t.Errorf("%s: black is %d, white is %d", name, lo, hi)
		}
		if c := m.COffset(20, 20); m.Cb[c] < 126 || m.Cb[c] > 130 || m.Cr[c] < 126 || m.Cr[c] > 130 {
			t.Errorf("%s: grey has the colour %d, %d", name, m.Cb[c], m.Cr[c])
		}
		// Cut off, it is an error and no panic.
		if _, err := Decode(bytes.NewReader(b[:len(b)*2/3])); err == nil && name != "tiff" {
			t.Errorf("%s: cut off, and no error", name)
		}
	}
}

// exif is an EXIF block with one orientation.
func exif(orientation int, order binary.AppendByteOrder, mark string) []byte {
	b := []byte(mark)
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, 274)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, uint16(orientation))
	return order.AppendUint32(b, 0)
}

// Pictures lie in eight ways (EXIF 2.3); all of them come out upright, at every chroma subsampling.
func TestEXIFOrientation(t *testing.T) {
	// What the corners 0 1 / 2 3 look like in a file whose orientation is o, from the standard's own table.
	lying := map[int][4]int{1: {0, 1, 2, 3}, 2: {1, 0, 3, 2}, 3: {3, 2, 1, 0}, 4: {2, 3, 0, 1}, 5: {0, 2, 1, 3}, 6: {1, 3, 0, 2}, 7: {3, 1, 2, 0}, 8: {2, 0, 3, 1}}
	dir := t.TempDir()
	for o, grey := range lying {
		w, h := 47, 33 // as it lies
		if o >= 5 {
			w, h = 33, 47
		}
		m := image.NewRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				k := 0
				if x >= w/2 {
					k = 1
				}
				if y >= h/2 {
					k += 2
				}
				v := byte(grey[k] * 85)
				m.SetRGBA(x, y, color.RGBA{v, v, v, 255})
			}
		}
		in := filepath.Join(dir, fmt.Sprint(o, ".png"))
		f, err := os.Create(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, m); err != nil {
			t.Fatal(err)
		}
		f.Close()
		for i, layout := range []string{"yuvj420p", "yuvj422p", "yuvj444p"} {
			out := filepath.Join(dir, "out.jpg")
			codec := []string{"-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", layout}
			ffmpeg(t, append(append([]string{"-v", "error", "-y", "-i", in}, codec...), out)...)
			b, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			body := append([]byte("Exif\x00\x00"), exif(o, binary.LittleEndian, "II*\x00")...)
			if i%2 == 1 {
				body = append([]byte("Exif\x00\x00"), exif(o, binary.BigEndian, "MM\x00*")...)
			}
			seg := append([]byte{0xff, 0xe1, 0, byte(len(body) + 2)}, body...)
			b = append(append(append([]byte{}, b[:2]...), seg...), b[2:]...)
			got, err := Decode(bytes.NewReader(b))
			if err != nil {
				t.Fatal(err)
			}
			if got.Rect != image.Rect(0, 0, 47, 33) || corners(got) != [4]int{0, 1, 2, 3} {
				t.Errorf("orientation %d, %s: %v with corners %v", o, layout, got.Rect, corners(got))
			}
		}
	}
}

// Turning keeps the colour of each pixel with its luma, whatever the subsampling.
func TestTurnKeepsColour(t *testing.T) {
	for ratio := image.YCbCrSubsampleRatio444; ratio <= image.YCbCrSubsampleRatio410; ratio++ {
		m := image.NewYCbCr(image.Rect(0, 0, 48, 32), ratio)
		for y := range 32 {
			for x := range 48 {
				v := byte(60)
				if x >= 24 {
					v = 200
				}
				m.Y[m.YOffset(x, y)], m.Cb[m.COffset(x, y)], m.Cr[m.COffset(x, y)] = v, v, 255-v
			}
		}
		for o := 1; o <= 8; o++ {
			u := turn(m, o)
			for y := range u.Rect.Dy() {
				for x := range u.Rect.Dx() {
					l, c := u.Y[u.YOffset(x, y)], u.COffset(x, y)
					if u.Cb[c] != l || u.Cr[c] != 255-l {
						t.Fatalf("%v turned by %d: luma %d with chroma %d, %d at (%d, %d)", ratio, o, l, u.Cb[c], u.Cr[c], x, y)
					}
				}
			}
		}
	}
}

// A picture that claims to be huge is refused by its head, before memory is asked for.
func TestDecodeBomb(t *testing.T) {
	chunk := func(name string, body []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
		b = append(append(b, name...), body...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	head := binary.BigEndian.AppendUint32(nil, 60000)
	head = binary.BigEndian.AppendUint32(head, 60000)
	bomb := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 2, 0, 0, 0))...)
	bomb = append(bomb, chunk("IDAT", []byte{0})...)
	path := filepath.Join(t.TempDir(), "bomb.png")
	if err := os.WriteFile(path, bomb, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := DecodeFile(path)
	if err == nil || !strings.Contains(err.Error(), "60000×60000 pixels is outside what is accepted") {
		t.Errorf("%v", err)
	}
	for content, want := range map[string]string{"": "is empty", "hello": "not a picture", "\xff\xd8\xff": "truncated"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := DecodeFile(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", content, err, want)
		}
	}
}

// Whatever stands in a file: a picture within the bounds, or an error.
func FuzzDecode(f *testing.F) {
	var b bytes.Buffer
	jpeg.Encode(&b, marked(16, 9), nil)
	f.Add(b.Bytes())
	b.Reset()
	png.Encode(&b, marked(5, 4))
	f.Add(b.Bytes())
	b.Reset()
	tiff.Encode(&b, marked(5, 4), nil)
	f.Add(b.Bytes())
	b.Reset()
	bmp.Encode(&b, marked(5, 4))
	f.Add(b.Bytes())
	f.Add(exif(6, binary.LittleEndian, "II*\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<16 {
			return
		}
		if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width*c.Height > 1<<20 {
			return // within bounds, but slow
		}
		if o := tiffOrientation(b); o < 1 || o > 8 {
			t.Fatal(o)
		}
		jpegEXIF(b)
		webpEXIF(b)
		pngEXIF(b)
		m, err := Decode(bytes.NewReader(b))
		if err != nil {
			return
		}
		w, h := m.Rect.Dx(), m.Rect.Dy()
		if m.Rect.Min != (image.Point{}) || checkSize(w, h) != nil {
			t.Fatal(m.Rect)
		}
		for _, p := range []image.Point{{0, 0}, {w - 1, 0}, {0, h - 1}, {w - 1, h - 1}} {
			m.YCbCrAt(p.X, p.Y) // in bounds
		}
	})
}

// Whatever a child sends: a message that is safe to use, or an error.
func FuzzMessage(f *testing.F) {
	s := newSender(&bytes.Buffer{}, 0)
	f.Add(s.build(flat(4, 3, 7), time.Unix(0, 0)))
	var out bytes.Buffer
	s.w = &out
	s.say(msgFail, failure{Text: "x"})
	f.Add(bytes.Clone(out.Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) >= headerSize { // give the bytes a chance: a right checksum
			binary.LittleEndian.PutUint32(b[56:], crc32.Checksum(b[:56], castagnoli()))
			binary.LittleEndian.PutUint32(b[52:], crc32.Checksum(b[headerSize:], castagnoli()))
			binary.LittleEndian.PutUint32(b[56:], crc32.Checksum(b[:56], castagnoli()))
			if n := binary.LittleEndian.Uint32(b[48:]); n > 1<<20 {
				return
			}
		}
		m, payload, err := readMessage(bytes.NewReader(b), make([]byte, headerSize), castagnoli())
		if err != nil || m.kind != msgFrame {
			return
		}
		img := adopt(payload, m.width, m.height, m.ratio)
		img.YCbCrAt(m.width-1, m.height-1)
		w, h := chroma(m.width, m.height, m.ratio)
		if len(img.Y) != m.width*m.height || len(img.Cb) != w*h || len(img.Cr) != w*h {
			t.Fatal("planes don't fit")
		}
	})
}
