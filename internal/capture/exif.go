package capture

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation finds how a picture must be turned to stand upright: EXIF tag 274, 1 (as it is) to 8. Anything that isn't
// well formed is 1.
func orientation(data []byte, kind string) int {
	switch kind {
	case "tiff":
		return tiffOrientation(data)
	case "jpeg":
		return tiffOrientation(jpegEXIF(data))
	case "webp":
		return tiffOrientation(webpEXIF(data))
	case "png":
		return tiffOrientation(pngEXIF(data))
	}
	return 1
}

// jpegEXIF finds the EXIF block among the segments before the first scan.
func jpegEXIF(b []byte) []byte {
	for i := 2; i+4 <= len(b) && b[i] == 0xff; {
		marker := b[i+1]
		if marker == 0xff { // fill
			i++
			continue
		}
		if marker == 0xda || marker == 0xd9 {
			return nil
		}
		n := int(binary.BigEndian.Uint16(b[i+2:]))
		if n < 2 || i+2+n > len(b) {
			return nil
		}
		if body, found := bytes.CutPrefix(b[i+4:i+2+n], []byte("Exif\x00\x00")); marker == 0xe1 && found {
			return body
		}
		i += 2 + n
	}
	return nil
}

// webpEXIF finds the EXIF chunk of a RIFF file.
func webpEXIF(b []byte) []byte {
	for i := 12; i+8 <= len(b); {
		n := int(binary.LittleEndian.Uint32(b[i+4:]))
		if n < 0 || i+8+n > len(b) {
			return nil
		}
		if string(b[i:i+4]) == "EXIF" {
			body, _ := bytes.CutPrefix(b[i+8:i+8+n], []byte("Exif\x00\x00"))
			return body
		}
		i += 8 + n + n%2
	}
	return nil
}

// pngEXIF finds the eXIf chunk.
func pngEXIF(b []byte) []byte {
	for i := 8; i+12 <= len(b); {
		n := int(binary.BigEndian.Uint32(b[i:]))
		if n < 0 || i+12+n > len(b) {
			return nil
		}
		if string(b[i+4:i+8]) == "eXIf" {
			return b[i+8 : i+8+n]
		}
		i += 12 + n
	}
	return nil
}

// tiffOrientation reads tag 274 of the first directory of a TIFF structure (EXIF 2.3, section 4.5).
func tiffOrientation(b []byte) int {
	if len(b) < 8 {
		return 1
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	n := uint64(order.Uint16(b[at:]))
	for k := range n {
		e := at + 2 + 12*k
		if e+12 > uint64(len(b)) {
			return 1
		}
		const tag, short = 274, 3
		if order.Uint16(b[e:]) == tag && order.Uint16(b[e+2:]) == short {
			if v := int(order.Uint16(b[e+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// turn makes a picture upright. It copies unless there is nothing to turn.
func turn(m *image.YCbCr, orientation int) *image.YCbCr {
	if orientation <= 1 || orientation > 8 {
		return m
	}
	swap := orientation >= 5
	ratio := m.SubsampleRatio
	if swap {
		switch ratio {
		case image.YCbCrSubsampleRatio422:
			ratio = image.YCbCrSubsampleRatio440
		case image.YCbCrSubsampleRatio440:
			ratio = image.YCbCrSubsampleRatio422
		case image.YCbCrSubsampleRatio411, image.YCbCrSubsampleRatio410: // have no turned counterpart
			m = fullChroma(m)
			ratio = m.SubsampleRatio
		}
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	cw, ch := chroma(w, h, m.SubsampleRatio)
	if swap {
		w, h, cw, ch = h, w, ch, cw
	}
	out := image.NewYCbCr(image.Rect(0, 0, w, h), ratio)
	turnPlane(out.Y, out.YStride, m.Y, m.YStride, w, h, orientation)
	turnPlane(out.Cb, out.CStride, m.Cb, m.CStride, cw, ch, orientation)
	turnPlane(out.Cr, out.CStride, m.Cr, m.CStride, cw, ch, orientation)
	return out
}

// turnPlane fills dst, w×h, from a plane that lies as the EXIF orientation says.
func turnPlane(dst []byte, dstStride int, src []byte, srcStride, w, h, orientation int) {
	for y := range h {
		for x := range w {
			sx, sy := x, y
			switch orientation {
			case 2: // mirrored
				sx = w - 1 - x
			case 3: // upside down
				sx, sy = w-1-x, h-1-y
			case 4: // mirrored upside down
				sy = h - 1 - y
			case 5: // mirrored about the diagonal
				sx, sy = y, x
			case 6: // to be turned clockwise
				sx, sy = y, w-1-x
			case 7: // mirrored about the other diagonal
				sx, sy = h-1-y, w-1-x
			case 8: // to be turned counter-clockwise
				sx, sy = h-1-y, x
			}
			dst[y*dstStride+x] = src[sy*srcStride+sx]
		}
	}
}

func fullChroma(m *image.YCbCr) *image.YCbCr {
	out := image.NewYCbCr(m.Rect, image.YCbCrSubsampleRatio444)
	for y := range m.Rect.Dy() {
		for x := range m.Rect.Dx() {
			i, c := y*out.YStride+x, m.COffset(x, y)
			out.Y[i], out.Cb[i], out.Cr[i] = m.Y[m.YOffset(x, y)], m.Cb[c], m.Cr[c]
		}
	}
	return out
}
