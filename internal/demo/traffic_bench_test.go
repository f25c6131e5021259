package demo

import "testing"

func BenchmarkBuildCar(b *testing.B) {
	g := newGarage()
	for i := range b.N {
		g.build(bodies[i%len(bodies)], colours[0].c, false, i)
	}
}

func BenchmarkBuildPlate(b *testing.B) {
	f := newPress()
	for i := range b.N {
		f.plate(Registration{"VXK4821", "us-nc"}, uint64(i))
	}
}

func BenchmarkRoad(b *testing.B) {
	for i := range b.N {
		road(uint64(i))
	}
}
