//go:build look

package demo

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"testing"
)

// TestLook writes pictures to look at; set DEMO_LOOK to a folder.
func TestLook(t *testing.T) {
	dir := os.Getenv("DEMO_LOOK")
	if dir == "" {
		t.Skip("set DEMO_LOOK to a folder to write pictures to look at")
	}
	f := newPress()
	var all []*texture
	for i, reg := range []Registration{{"VXK4821", "us-nc"}, {"WBM1073", "us-nc"}, {"ZRD5698", "us-va"}, {"YAS3360", "us-ga"}, {"XGF8812", "us-nc"}, {"VEN2947", "us-nc"}} {
		all = append(all, f.plate(reg, uint64(i)))
	}
	w, h := all[0].levels[0].w, all[0].levels[0].h
	img := image.NewRGBA(image.Rect(0, 0, 2*w, 3*h))
	for i, p := range all {
		l := p.levels[0]
		for y := range h {
			for x := range w {
				q := l.pix[4*(y*w+x):]
				r, g, b := color.YCbCrToRGB(q[0], q[1], q[2])
				img.Set(i%2*w+x, i/2*h+y, color.RGBA{r, g, b, 255})
			}
		}
	}
	save(t, dir+"/plates.png", img)
}

// TestLookCars writes a picture of each body; set DEMO_LOOK to a folder.
func TestLookCars(t *testing.T) {
	dir := os.Getenv("DEMO_LOOK")
	if dir == "" {
		t.Skip("set DEMO_LOOK to a folder to write pictures to look at")
	}
	g := newGarage()
	s := screen{YCbCr: road(pole, 7), lens: pole}
	for i, z := range []float64{26, 20, 15} {
		for k := range 2 {
			n := (2*i + k) % len(bodies)
			s.drawCar(g.build(bodies[n], colours[(3*i+k*2)%len(colours)].c, false, i*5+k), pose{x: []float64{fastLane, slowLane}[k], z: z})
		}
	}
	save(t, dir+"/cars.png", s.YCbCr)
}

func save(t *testing.T, path string, img image.Image) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
}

// TestLookRoad writes frames; set DEMO_LOOK to a folder.
func TestLookRoad(t *testing.T) {
	dir := os.Getenv("DEMO_LOOK")
	if dir == "" {
		t.Skip("set DEMO_LOOK to a folder to write pictures to look at")
	}
	for _, dusk := range []bool{false, true} {
		tr := NewTraffic(7, Options{Dusk: dusk, Parked: true})
		for _, v := range tr.Vehicles(0, 300) {
			t.Logf("%+v", v)
		}
		for _, n := range []int{30, 60, 90, 120, 150, 180} {
			img, truth := tr.Frame(n)
			for _, x := range truth {
				t.Log(n, x.Text, x.Width, x.Hidden)
			}
			name := "day"
			if dusk {
				name = "dusk"
			}
			save(t, fmt.Sprintf("%s/%s%03d.png", dir, name, n), img)
		}
	}
}

// TestLookScenes writes frames of every scene; set DEMO_LOOK to a folder.
func TestLookScenes(t *testing.T) {
	dir := os.Getenv("DEMO_LOOK")
	if dir == "" {
		t.Skip("set DEMO_LOOK to a folder to write pictures to look at")
	}
	for name, o := range map[string]Options{"pairs": {Scene: Pairs}, "hidden": {Scene: Hidden}, "queue": {Scene: Queue}, "standing": {Scene: Standing}, "turning": {Scene: Turning},
		"backing": {Scene: Backing}, "meeting": {Scene: Meeting}, "crossing": {Scene: Crossing}, "near": {Near: true}, "night": {Night: true}, "rain": {Rain: true}, "hitches": {Hitches: true}} {
		tr := NewTraffic(7, o)
		for n := 10; n < 190; n += 20 {
			img, truth := tr.Frame(n)
			for _, x := range truth {
				t.Log(name, n, x.Text, int(x.Width), x.Hidden, x.Legible())
			}
			save(t, fmt.Sprintf("%s/%s%03d.png", dir, name, n), img)
		}
	}
}
