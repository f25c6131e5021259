package demo

import "math"

// point is a place in a drawing: metres on a car, parts of a character's height in a die, pixels on a canvas.
type point struct{ x, y float64 }

// die is one set of plate dies: each character is a few centre-line strokes in a box width wide and 1 high, y down.
// Characters of US plates are tall and narrow with round-ended strokes of one thickness.
type die struct {
	width     float64
	rx, ry    float64 // corner radii
	thickness float64 // of a stroke, in character heights
	waist     float64 // height of the middle bar of B, E, 3, 8, …
	tip       float64 // how far open ends of C, S, 3, … come down
	flat4     bool    // a 4 whose bar sits low
}

// carolina is drawn after the look of standard North Carolina plates; virginia after the wider dies of other states.
func carolina() die {
	return die{width: .46, rx: .19, ry: .19, thickness: .128, waist: .49, tip: .27}
}

func virginia() die {
	return die{width: .50, rx: .22, ry: .20, thickness: .135, waist: .50, tip: .29, flat4: true}
}

// arc is points of an elliptic arc, angles in degrees, clockwise on screen from the positive x axis.
func arc(cx, cy, rx, ry, from, to float64) []point {
	const steps = 9
	out := make([]point, 0, steps+1)
	for i := range steps + 1 {
		a := (from + (to-from)*float64(i)/steps) * math.Pi / 180
		out = append(out, point{cx + rx*math.Cos(a), cy + ry*math.Sin(a)})
	}
	return out
}

func join(parts ...[]point) []point {
	var out []point
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func reversed(p []point) []point {
	out := make([]point, len(p))
	for i, q := range p {
		out[len(p)-1-i] = q
	}
	return out
}

func line(xy ...float64) []point {
	out := make([]point, 0, len(xy)/2)
	for i := 0; i+1 < len(xy); i += 2 {
		out = append(out, point{xy[i], xy[i+1]})
	}
	return out
}

// strokes are the centre lines of a character; nil for one that the die lacks.
func (d die) strokes(char byte) [][]point {
	w, a, b, m, tip := d.width, d.rx, d.ry, d.waist, d.tip
	tl, tr := arc(a, b, a, b, 180, 270), arc(w-a, b, a, b, 270, 360)
	br, bl := arc(w-a, 1-b, a, b, 0, 90), arc(a, 1-b, a, b, 90, 180)
	mb := min(b, m/2, (1-m)/2) // radius of the half-height bowls
	bulge := func(y0, y1 float64) []point {
		k := min(mb, (y1-y0)/2)
		return join(arc(w-a, y0+k, a, k, 270, 360), arc(w-a, y1-k, a, k, 0, 90))
	}
	c := join(line(w, tip), reversed(tr), reversed(tl), reversed(bl), reversed(br))
	switch char {
	case '0', 'O':
		return [][]point{join(tl, tr, br, bl, tl[:1])}
	case '1':
		return [][]point{line(w*.55, 0, w*.55, 1), line(w*.55, 0, w*.24, .16)}
	case '2':
		return [][]point{join(line(0, tip*.9), tl, tr, line(w, m*.8, w*.88, m, 0, .92, 0, 1, w, 1))}
	case '3':
		return [][]point{
			join(line(0, tip*.8), arc(a, mb, a, mb, 180, 270), bulge(0, m), line(w*.36, m)),
			join(line(w*.36, m, w-a, m), bulge(m, 1), arc(a, 1-mb, a, mb, 90, 180), line(0, 1-tip*.8)),
		}
	case '4':
		if d.flat4 {
			return [][]point{line(w*.72, 1, w*.72, .5), line(w*.5, 0, 0, .76, w*1.04, .76)}
		}
		return [][]point{line(w*.76, 1, w*.76, 0, 0, .70, w*1.04, .70)}
	case '5':
		const f = .42
		k := min(b, (1-f)/2)
		return [][]point{join(line(w*.95, 0, w*.05, 0, 0, f+.06, w*.12, f, w-a, f), arc(w-a, f+k, a, k, 270, 360),
			arc(w-a, 1-k, a, k, 0, 90), arc(a, 1-k, a, k, 90, 180), line(0, 1-tip*.75))}
	case '6', '9':
		const f = .42
		k := min(b, (1-f)/2)
		ring := join(arc(a, f+k, a, k, 180, 270), arc(w-a, f+k, a, k, 270, 360), arc(w-a, 1-k, a, k, 0, 90),
			arc(a, 1-k, a, k, 90, 180))
		six := [][]point{join(line(w, tip*.8), reversed(tr), reversed(tl), line(0, f+k)), join(ring, ring[:1])}
		if char == '9' {
			for _, s := range six {
				for i, p := range s {
					s[i] = point{w - p.x, 1 - p.y}
				}
			}
		}
		return six
	case '7':
		return [][]point{line(0, 0, w, 0, w, .06, w*.42, .6, w*.34, 1)}
	case '8':
		in := w * .03
		top := join(arc(a, mb, a, mb, 180, 270), bulge(0, m), arc(a, m-mb, a, mb, 90, 180), line(0, mb))
		for i, p := range top {
			top[i].x = p.x*(w-2*in)/w + in
		}
		return [][]point{top,
			join(arc(a, m+mb, a, mb, 180, 270), bulge(m, 1), arc(a, 1-mb, a, mb, 90, 180), line(0, m+mb))}
	case 'A':
		return [][]point{line(0, 1, w*.46, 0, w*.54, 0, w, 1), line(w*.16, .68, w*.84, .68)}
	case 'B':
		return [][]point{join(line(0, m, 0, 0, w-a, 0), bulge(0, m), line(0, m, w-a, m), bulge(m, 1), line(0, 1, 0, m))}
	case 'C':
		return [][]point{join(c, line(w, 1-tip))}
	case 'D':
		return [][]point{join(line(0, 0, w-a, 0), tr, br, line(0, 1, 0, 0))}
	case 'E':
		return [][]point{line(w*.95, 0, 0, 0, 0, 1, w*.95, 1), line(0, m, w*.78, m)}
	case 'F':
		return [][]point{line(w*.95, 0, 0, 0, 0, 1), line(0, m, w*.78, m)}
	case 'G':
		return [][]point{join(c, line(w, m+.06, w*.56, m+.06))}
	case 'H':
		return [][]point{line(0, 0, 0, 1), line(w, 0, w, 1), line(0, m, w, m)}
	case 'I':
		return [][]point{line(w*.5, 0, w*.5, 1)}
	case 'J':
		return [][]point{join(line(0, .68), reversed(bl), reversed(br), line(w, 0))}
	case 'K':
		return [][]point{line(0, 0, 0, 1), line(w, 0, 0, m+.12), line(w*.3, m-.06, w, 1)}
	case 'L':
		return [][]point{line(0, 0, 0, 1, w*.95, 1)}
	case 'M':
		e := w * 1.2
		return [][]point{line(0, 1, 0, 0, e/2, .6, e, 0, e, 1)}
	case 'N':
		return [][]point{line(0, 1, 0, 0, w, 1, w, 0)}
	case 'P':
		return [][]point{join(line(0, 1, 0, 0, w-a, 0), bulge(0, m+.06), line(0, m+.06))}
	case 'Q':
		return [][]point{join(tl, tr, br, bl, tl[:1]), line(w*.52, .72, w*1.04, 1.03)}
	case 'R':
		return [][]point{join(line(0, 1, 0, 0, w-a, 0), bulge(0, m+.04), line(0, m+.04)), line(w*.48, m+.04, w, 1)}
	case 'S':
		return [][]point{join(line(w, tip*.85), arc(w-a, mb, a, mb, 360, 270), arc(a, mb, a, mb, 270, 180),
			arc(a, m-mb, a, mb, 180, 90), arc(w-a, m+mb, a, mb, 270, 360), arc(w-a, 1-mb, a, mb, 0, 90),
			arc(a, 1-mb, a, mb, 90, 180), line(0, 1-tip*.85))}
	case 'T':
		return [][]point{line(0, 0, w, 0), line(w*.5, 0, w*.5, 1)}
	case 'U':
		return [][]point{join(line(0, 0), reversed(bl), reversed(br), line(w, 0))}
	case 'V':
		return [][]point{line(0, 0, w*.44, 1, w*.56, 1, w, 0)}
	case 'W':
		e := w * 1.25
		return [][]point{line(0, 0, e*.23, 1, e*.5, .22, e*.77, 1, e, 0)}
	case 'X':
		return [][]point{line(0, 0, w, 1), line(w, 0, 0, 1)}
	case 'Y':
		return [][]point{line(0, 0, w*.5, m, w, 0), line(w*.5, m, w*.5, 1)}
	case 'Z':
		return [][]point{line(0, 0, w, 0, 0, 1, w, 1)}
	}
	return nil
}

// advance is the width of a character between the outer edges of its strokes, in character heights.
func (d die) advance(char byte) float64 {
	w := d.width
	switch char {
	case 'M':
		w *= 1.2
	case 'W':
		w *= 1.25
	case '1', 'I':
		w *= .72
	}
	return w*(1-d.thickness) + d.thickness
}
