//go:build matprofile

package ocr

import (
	"image"
	"testing"

	"gocv.io/x/gocv"

	"alprd/internal/alpr"
)

// No Mat outlives its engine, and none is left behind by a frame, whatever the pictures' sizes. Run it with
// `go test -tags matprofile`.
func TestEveryMatIsClosed(t *testing.T) {
	before := gocv.MatProfile.Count()
	e, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	sizes := []image.Point{{640, 480}, {320, 160}, {1280, 720}, {640, 480}}
	seeAll := func() {
		for _, s := range sizes {
			e.Still(alpr.Frame{Image: paint(s.X, s.Y, func(x, y float64) float64 { return x / 6 })})
			p := luma(paint(s.X, s.Y, func(x, y float64) float64 { return x / 6 }))
			e.read(&alpr.Frame{}, p, find{quad: upright(100, 80, 90, 45)}, nil)
		}
	}
	seeAll()
	held := gocv.MatProfile.Count()
	for range 5 {
		seeAll()
	}
	if e.Err() != nil {
		t.Fatal(e.Err())
	}
	if now := gocv.MatProfile.Count(); now != held {
		t.Errorf("%d Mats after the first round, %d after six", held, now)
	}
	e.Close()
	if now := gocv.MatProfile.Count(); now != before {
		t.Errorf("%d Mats are left of a closed engine", now-before)
	}
}
