package demo

import "math"

// hash is a well-mixed number for a place and a seed.
func hash(x, y int, seed uint64) uint64 {
	h := uint64(uint32(x))*0x9e3779b97f4a7c15 ^ uint64(uint32(y))*0xc2b2ae3d27d4eb4f ^ seed*0x165667b19e3779f9
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	h ^= h >> 32
	h *= 0x94d049bb133111eb
	return h ^ h>>31
}

// unit is hash as 0..1.
func unit(x, y int, seed uint64) float64 { return float64(hash(x, y, seed)>>11) / (1 << 53) }

// smooth is noise of about one bump a unit, 0..1.
func smooth(x, y float64, seed uint64) float64 {
	fx, fy := math.Floor(x), math.Floor(y)
	ix, iy := int(fx), int(fy)
	tx, ty := x-fx, y-fy
	tx, ty = tx*tx*(3-2*tx), ty*ty*(3-2*ty)
	a := unit(ix, iy, seed)*(1-tx) + unit(ix+1, iy, seed)*tx
	b := unit(ix, iy+1, seed)*(1-tx) + unit(ix+1, iy+1, seed)*tx
	return a*(1-ty) + b*ty
}

// cloud is smooth noise with finer noise upon it, 0..1.
func cloud(x, y float64, seed uint64, octaves int) float64 {
	var sum, total float64
	k := 1.0
	for i := range octaves {
		sum += k * smooth(x, y, seed+uint64(i))
		total += k
		x, y, k = x*2.03, y*2.03, k*.5
	}
	return sum / total
}
