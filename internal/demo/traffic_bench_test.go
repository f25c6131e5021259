package demo

import (
	"io"
	"testing"
	"time"
)

// BenchmarkFrame is the cost of one frame of the demo's camera, cars and plates drawn before.
func BenchmarkFrame(b *testing.B) {
	tr := NewTraffic(7, Options{})
	for n := range 600 { // everything that is kept is made
		tr.Frame(n)
	}
	b.ResetTimer()
	for i := range b.N {
		tr.Frame(i % 600)
	}
}

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
		road(pole, uint64(i))
	}
}

// BenchmarkListings is what a demo does before its first frame, but for drawing the road.
func BenchmarkListings(b *testing.B) {
	for i := range b.N {
		tr := NewTraffic(uint64(i), Options{Parked: true})
		if err := tr.WriteList(io.Discard, tr.Listings(20*time.Minute), 400); err != nil {
			b.Fatal(err)
		}
	}
}
