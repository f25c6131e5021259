package main

import (
	"image"
	"image/draw"
	"regexp"
	"strings"
	"testing"

	"alprd/internal/alpr"
	"alprd/internal/ocr"
)

// A rendered plate that leaves the picture is told as the part that is seen, never as if that were all.
func TestPlateLeavingThePicture(t *testing.T) {
	img, truths := legible(t)
	engine, err := ocr.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	cut, partial := 0, 0
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
				}
			}
		}
	}
	if engine.Err() != nil {
		t.Fatal(engine.Err())
	}
	t.Logf("%d of %d cut plates are told, all as parts", partial, cut)
	if partial < cut/2 || cut == 0 {
		t.Errorf("%d of %d cut plates are told", partial, cut)
	}
}
