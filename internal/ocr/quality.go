package ocr

import (
	"math"

	"alprd/internal/alpr"
)

// Quality is what a technician can change about a plate's picture: where the camera stands, its lens, shutter and light.
type Quality struct {
	Width, Height float64 // of the plate, pixels
	CharPx        float64 // height of the characters, pixels
	Contrast      float64 // between ink and ground, 0..255
	Clipped       float64 // part of the plate's pixels that are wholly white or black, 0..1
	Edge          float64 // width of the strokes' edges, pixels of the picture; a sharp one takes 1 to 2
	Roll          float64 // of the plate's lines against the picture's, degrees, clockwise
	Shear         float64 // how far its sides lean against its lines from a right angle, degrees
	Aspect        float64 // width by height; a US plate seen straight has 2
	Furniture     float64 // steepness of what stands above or below the characters, as a part of the contrast
}

// measure is the quality of the plate in q, from what the recogniser was shown of it: 160×64 values with a margin.
func measure(q alpr.Quad, shown []float32, margin float64) Quality {
	var out Quality
	out.Width, out.Height = sides(q)
	out.CharPx = out.Height * characterShare
	if out.Height > 0 {
		out.Aspect = out.Width / out.Height
	}
	top := math.Atan2(q[1].Y-q[0].Y+q[2].Y-q[3].Y, q[1].X-q[0].X+q[2].X-q[3].X)
	side := math.Atan2(q[3].Y-q[0].Y+q[2].Y-q[1].Y, q[3].X-q[0].X+q[2].X-q[1].X)
	out.Roll = top * 180 / math.Pi
	out.Shear = (side-top)*180/math.Pi - 90
	// The characters' band: frames, bolts and what lies around the plate say nothing of its ink.
	const x0, x1, y0, y1 = plateW / 8, plateW * 7 / 8, plateH / 4, plateH * 3 / 4
	var values, steps [256]int
	n, clipped := 0, 0
	for y := y0; y < y1; y++ {
		row := shown[y*plateW : (y+1)*plateW]
		for x := x0; x < x1; x++ {
			v := row[x]*64 + 127.5
			if v <= 1 || v >= 254 {
				clipped++
			}
			values[int(min(255, max(0, v)))]++
			d := (row[x+1] - row[x-1]) * 32
			steps[int(min(255, max(d, -d)))]++
			n++
		}
	}
	out.Contrast = float64(quantile(&values, n, 0.95) - quantile(&values, n, 0.05))
	out.Clipped = float64(clipped) / float64(n)
	if out.Contrast > 0 {
		out.Furniture = furniture(shown) / out.Contrast
	}
	if steep := quantile(&steps, n, 0.97); steep > 0 {
		out.Edge = out.Contrast / float64(steep) * out.Width * (1 + 2*margin) / plateW
	}
	return out
}

// quantile is the value below which a part of the n counted ones lie.
func quantile(counts *[256]int, n int, part float64) int {
	left := int(part * float64(n))
	for v, c := range counts {
		if left -= c; left < 0 {
			return v
		}
	}
	return 255
}

// furniture is how steep the strokes are of what stands above or below the characters, grey levels a value: a state's name, a slogan,
// stickers, bolts. It is that of a fifth of the place where there is most of it.
func furniture(shown []float32) float64 {
	const high, wide, step, fine = 6, 48, 40, 4 // of a place, values; parts of a grey level
	blurred := func(y, x int) float32 {
		var v float32
		for j := y - 1; j <= y+1; j++ {
			row := shown[j*plateW+x-1:]
			v += row[0] + 2*row[1] + row[2]
		}
		return v / 12
	}
	var steep [plateH][plateW]uint8
	most := 0
	for _, band := range [2][2]int{{4, 17}, {48, 61}} { // rows
		for y := band[0]; y < band[1]; y++ {
			for x := plateW / 10; x < plateW*9/10; x++ {
				d := (blurred(y, x+1) - blurred(y, x-1)) * 32 * fine
				steep[y][x] = uint8(min(255, max(d, -d)))
			}
		}
		for y := band[0]; y+high <= band[1]; y++ {
			for x := plateW / 10; x+wide <= plateW*9/10; x += step {
				var counts [256]int
				for j := y; j < y+high; j++ {
					for _, v := range steep[j][x : x+wide] {
						counts[v]++
					}
				}
				most = max(most, quantile(&counts, high*wide, 0.8))
			}
		}
	}
	return float64(most) / fine
}
