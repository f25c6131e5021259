package main

import (
	"image"
	"image/draw"
	"regexp"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/match"
	"alprd/internal/ocr"
)

// listing is a list of some plates from which a hit needs so much of the belief; 0 is what lists need that don't say.
func listing(t *testing.T, threshold float64, plates ...string) *match.Index {
	t.Helper()
	x, err := match.Build([]match.List{{Info: alpr.ListInfo{Name: "test"}, Rules: match.Rules{Threshold: threshold}, Entries: func(yield func(alpr.Entry, error) bool) {
		for _, p := range plates {
			if !yield(alpr.Entry{ID: p, Plate: alpr.NewPlate(p), Class: "stolen_vehicle"}, nil) {
				return
			}
		}
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// A rendered plate that leaves the picture is told as the part that is seen, never as if that were all. It alerts for no list that
// doesn't ask for so little, neither for the plate that it is nor for the one that its part would be; for one that does, it is a wildcard.
func TestPlateLeavingThePicture(t *testing.T) {
	img, truths := legible(t)
	engine, err := ocr.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	cut, partial, asked := 0, 0, 0
	for _, v := range truths {
		if v.Width <= 90 || v.Hidden > 0 {
			continue
		}
		x0, _, x1, _ := v.Corners.Bounds()
		for _, gone := range []float64{0.18, 0.27, 0.36} {
			for _, r := range []image.Rectangle{
				image.Rect(int(x0+gone*(x1-x0)), 0, img.Rect.Dx(), img.Rect.Dy()), image.Rect(0, 0, int(x1-gone*(x1-x0)), img.Rect.Dy()),
			} {
				whole := image.NewGray(img.Rect)
				copy(whole.Pix, img.Y)
				grey := image.NewGray(image.Rect(0, 0, r.Dx(), r.Dy()))
				draw.Draw(grey, grey.Rect, whole, r.Min, draw.Src)
				part := image.NewYCbCr(grey.Rect, image.YCbCrSubsampleRatio420)
				copy(part.Y, grey.Pix)
				for i := range part.Cb {
					part.Cb[i], part.Cr[i] = 128, 128
				}
				cut++
				for _, read := range engine.Still(alpr.Frame{Image: part}) {
					left, _, right, _ := read.Corners.Bounds()
					if right+float64(r.Min.X) < x0 || left+float64(r.Min.X) > x1 {
						continue // another vehicle
					}
					text := read.Plate.Text()
					pattern := strings.NewReplacer("*", ".*", "?", ".").Replace(text)
					if fits, err := regexp.MatchString("^"+pattern+"$", v.Text); err != nil || !fits || !read.Partial {
						t.Errorf("with %.0f %% of it beyond the edge %s is told as %s, partial %v", 100*gone, v.Text, text, read.Partial)
					}
					partial++
					if hits := listing(t, 0, v.Text, strings.Trim(text, "*")).Match(read, time.Now()); len(hits) > 0 {
						t.Errorf("%s alerts for %s with %.3f at the usual threshold", text, hits[0].Entry.ID, hits[0].Posterior)
					}
					if len(text)-strings.Count(text, "*") == len(v.Text)-1 {
						hits := listing(t, 0.001, v.Text).Match(read, time.Now())
						if len(hits) != 1 || hits[0].How != alpr.Wildcard {
							t.Errorf("%s lacks one character of a listed plate and gives %d hits for a list that asks for them", text, len(hits))
						}
						asked++
					}
				}
			}
		}
	}
	if engine.Err() != nil {
		t.Fatal(engine.Err())
	}
	t.Logf("%d of %d cut plates are told, all as parts", partial, cut)
	if partial < cut/2 || cut == 0 || asked == 0 {
		t.Errorf("%d of %d cut plates are told, %d of them lack one character", partial, cut, asked)
	}
}
