package capture

import (
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"gocv.io/x/gocv"

	"alprd/internal/alpr"
)

// road draws frames of a road: a fixed texture, sensor noise, a light level, and vehicles.
type road struct {
	texture []byte
	rnd     *rand.Rand
	w, h    int
	light   float64 // added to every pixel
}

func newRoad(w, h int) *road {
	r := &road{rnd: rand.New(rand.NewPCG(1, 2)), w: w, h: h, texture: make([]byte, w*h)}
	for i := range r.texture {
		r.texture[i] = byte(70 + 30*(i%w/40%2) + r.rnd.IntN(20))
	}
	return r
}

// car is a vehicle: its body, and how much lighter than the road it is.
type car struct {
	image.Rectangle
	paint int
}

func (r *road) frame(cars ...car) *image.YCbCr {
	m := grey(r.w, r.h)
	noise := r.rnd.Uint64()
	for i, v := range r.texture {
		noise = noise*6364136223846793005 + 1442695040888963407 // Knuth's generator: quick, and noise enough
		m.Y[i] = clamp(float64(v) + r.light + float64(noise>>60%9) - 4)
	}
	for _, c := range cars {
		box := c.Intersect(m.Rect)
		for y := box.Min.Y; y < box.Max.Y; y++ {
			row := m.Y[y*m.YStride:]
			for x := box.Min.X; x < box.Max.X; x++ {
				row[x] = clamp(float64(row[x]) + float64(c.paint))
			}
		}
	}
	return m
}

func at(x int, paint int) car { return car{image.Rect(x, 100, x+60, 140), paint} }

// calm lets a gate get used to an empty road.
func calm(t *testing.T, zone alpr.Zone) (*Gate, *road) {
	t.Helper()
	g, err := NewGate(zone)
	if err != nil {
		t.Fatal(err)
	}
	r := newRoad(320, 180)
	for i := range 100 {
		open := g.Moving(r.frame())
		if i < gateWarm && !open {
			t.Fatalf("frame %d was held back", i+1)
		}
		if i > gateWarm+gateHold && open {
			t.Fatalf("frame %d of an empty road was let through", i+1)
		}
	}
	return g, r
}

// A vehicle of little contrast is seen in its first frame, its region holds it, and the gate closes a while after it has left.
func TestGateOpensAndCloses(t *testing.T) {
	g, r := calm(t, nil)
	for x := -40; x < 320; x += 8 {
		c := at(x, 12)
		if open := g.Moving(r.frame(c)); !open && x > -20 && x < 300 {
			t.Errorf("a vehicle at %d was held back", x)
		}
		if in := c.Intersect(image.Rect(0, 0, 320, 180)); x > 0 && x < 240 && !in.In(g.Region()) {
			t.Errorf("the region %v doesn't hold the vehicle %v", g.Region(), in)
		}
	}
	last := 0
	for i := range 200 {
		if g.Moving(r.frame()) {
			last = i + 1
		}
	}
	if last < gateHold || last > 100 {
		t.Errorf("the gate closed after %d frames, want %d or some more", last, gateHold)
	}
	if !g.Region().Empty() {
		t.Errorf("region %v of a closed gate", g.Region())
	}
}

// A cloud passes: the light falls and rises by 60 levels in 300 frames. The gate stays shut, and isn't blind.
func TestGateInChangingLight(t *testing.T) {
	g, r := calm(t, nil)
	let := 0
	for i := range 600 {
		if i < 300 {
			r.light -= 0.2
		} else {
			r.light += 0.2
		}
		if g.Moving(r.frame()) {
			let++
		}
	}
	if let > 300 {
		t.Errorf("%d of 600 frames of a cloud were let through", let)
	}
	for i := range 20 {
		r.light -= 0.2
		if !g.Moving(r.frame(at(20+10*i, 25))) {
			t.Errorf("a vehicle under a cloud was held back, frame %d", i)
		}
	}
}

// Lamps go on, exposure steps: that frame is let through, so is a vehicle right behind it, and the gate closes again.
func TestGateAfterAStepOfLight(t *testing.T) {
	for _, step := range []float64{-40, 40, 90} {
		g, r := calm(t, nil)
		r.light = step
		if !g.Moving(r.frame()) {
			t.Errorf("the step of %v was held back", step)
		}
		for i := range 20 {
			if !g.Moving(r.frame(at(20+10*i, 25))) {
				t.Errorf("a vehicle after a step of %v was held back, frame %d", step, i)
			}
		}
		open := true
		for range 150 {
			open = g.Moving(r.frame())
		}
		if open {
			t.Errorf("still open 150 frames after a step of %v", step)
		}
	}
}

// Traffic never ends: for 2,000 frames vehicles of every shade cover half the road. The gate must not take that for the
// usual unrest.
func TestGateInDenseTraffic(t *testing.T) {
	g, r := calm(t, nil)
	shades := []int{60, -40, 100, 25, -60, 40}
	missed := 0
	for i := range 2000 {
		var cars []car
		for k := range 4 {
			n := i*6 + k*110
			cars = append(cars, car{image.Rect(n%440-60, 90, n%440, 150), shades[(n/440+k)%len(shades)]})
		}
		if !g.Moving(r.frame(cars...)) {
			missed++
		}
	}
	if missed > 0 {
		t.Errorf("%d of 2000 frames were held back", missed)
	}
}

// Only what moves inside the zone counts; a change of size starts anew, open.
func TestGateZoneAndSize(t *testing.T) {
	left := alpr.Zone{{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}}
	g, r := calm(t, left)
	for range 50 {
		if g.Moving(r.frame(at(180+r.rnd.IntN(60), 60))) {
			t.Fatal("motion outside the zone was let through")
		}
	}
	if !g.Moving(r.frame(at(60, 60))) {
		t.Error("motion inside the zone was held back")
	}
	big := newRoad(641, 361)
	for i := range gateWarm {
		if !g.Moving(big.frame()) {
			t.Errorf("frame %d of a new size was held back", i+1)
		}
	}
	for _, bad := range []alpr.Zone{{{0, 0}}, {{0, 0}, {1, 1}}, {{0, 0}, {1, 1}, {2, 0}}} {
		if _, err := NewGate(bad); err == nil {
			t.Errorf("zone %v was taken", bad)
		}
	}
	for _, size := range []image.Point{{1, 1}, {3, 2}, {17, 5}, {5000, 7}} {
		g.Moving(image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420))
	}
}

// Cell means are what adding byte by byte gives, at every size.
func TestGateMeasures(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {7, 3}, {8, 8}, {321, 243}, {1280, 720}, {1919, 1081}} {
		m := grey(size.X, size.Y)
		for i := range m.Y {
			m.Y[i] = byte(255 - i%7*i%50) // bright: lanes that overflow would show
		}
		g, err := NewGate(nil)
		if err != nil {
			t.Fatal(err)
		}
		g.Moving(m)
		for k, i := range g.watch {
			x0, y0 := int(i)%g.nx*g.cell, int(i)/g.nx*g.cell
			var sum, n float32
			for y := g.cell / 8; y < g.cell && y0+y < size.Y; y += g.cell / 4 {
				for x := x0; x < min(x0+g.cell, size.X); x++ {
					sum += float32(m.Y[(y0+y)*m.YStride+x])
					n++
				}
			}
			if n > 0 && g.mean[k] != sum/n {
				t.Fatalf("%v: cell %d has mean %v, want %v", size, i, g.mean[k], sum/n)
			}
		}
	}
}

// shared finds a file of the data that isn't part of the project.
func shared(t testing.TB, path string) string {
	root := os.Getenv("ALPRD_SHARED")
	if root == "" {
		root = "../../../shared"
	}
	path = filepath.Join(root, path)
	if _, err := os.Stat(path); err != nil {
		t.Skip("the shared data isn't here: ", err)
	}
	return path
}

// A real car park from above: the gate lets through every frame in which a vehicle drives, and is shut in between, although
// the camera's exposure swings.
func TestGateOnARealCarPark(t *testing.T) {
	path := shared(t, "data/video/intel_car_detection.mp4")
	frames, err := take(t, open(t, Camera{URL: path}), -1)
	if err != nil {
		t.Fatal(err)
	}
	g, err := NewGate(nil)
	if err != nil {
		t.Fatal(err)
	}
	var open []bool
	let := 0
	for _, f := range frames {
		open = append(open, g.Moving(f.Image))
		if open[len(open)-1] {
			let++
		}
	}
	for _, first := range []int{56, 182, 317} { // the frame, from 0, in which a vehicle is well in the picture
		for i := first; i < first+25; i++ {
			if !open[i] {
				t.Errorf("frame %d was held back", i)
			}
		}
	}
	for _, empty := range []int{30, 140, 150, 300, 312} {
		if open[empty] {
			t.Errorf("frame %d, of an empty car park, was let through", empty)
		}
	}
	t.Logf("%d of %d frames let through", let, len(frames))
}

// mog2 is the rival: OpenCV's mixture of Gaussians at a given width, open above a share of foreground.
type mog2 struct {
	model     gocv.BackgroundSubtractorMOG2
	small, fg gocv.Mat
	width     int
}

func newMOG2(width int) *mog2 {
	return &mog2{gocv.NewBackgroundSubtractorMOG2WithParams(500, 16, false), gocv.NewMat(), gocv.NewMat(), width}
}

func (g *mog2) close() {
	g.model.Close()
	g.small.Close()
	g.fg.Close()
}

func (g *mog2) moving(tb testing.TB, m *image.YCbCr) bool {
	a, err := gocv.NewMatFromBytes(m.Rect.Dy(), m.YStride, gocv.MatTypeCV8U, m.Y)
	if err != nil {
		tb.Fatal(err)
	}
	defer a.Close()
	gocv.Resize(a, &g.small, image.Pt(g.width, g.width*m.Rect.Dy()/m.Rect.Dx()), 0, 0, gocv.InterpolationArea)
	g.model.Apply(g.small, &g.fg)
	return float64(gocv.CountNonZero(g.fg)) > 0.002*float64(g.small.Total())
}

// BenchmarkGate measures the gate and its rival on 1280×720 frames of a toll gate, and tells how much of an (almost) empty car
// park each lets through.
func BenchmarkGate(b *testing.B) {
	toll, err := take(b, open(b, Camera{URL: shared(b, "data/video/parkpow_vn_toll.mp4")}), 60)
	if len(toll) < 60 {
		b.Fatal(err)
	}
	park, err := take(b, open(b, Camera{URL: shared(b, "data/video/intel_car_detection.mp4")}), -1)
	if err != nil {
		b.Fatal(err)
	}
	run := func(name string, start func() (func(*image.YCbCr) bool, func())) {
		b.Run(name, func(b *testing.B) {
			moving, stop := start()
			let := 0
			for _, f := range park {
				if moving(f.Image) {
					let++
				}
			}
			stop()
			moving, stop = start()
			defer stop()
			before := cpu(b)
			b.ResetTimer()
			for i := range b.N {
				moving(toll[i%len(toll)].Image)
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			b.ReportMetric(float64(let)/float64(len(park))*100, "%open")
		})
	}
	run("cells", func() (func(*image.YCbCr) bool, func()) {
		g, err := NewGate(nil)
		if err != nil {
			b.Fatal(err)
		}
		return g.Moving, func() {}
	})
	for name, width := range map[string]int{"mog2-320": 320, "mog2-640": 640} {
		run(name, func() (func(*image.YCbCr) bool, func()) {
			g := newMOG2(width)
			return func(m *image.YCbCr) bool { return g.moving(b, m) }, g.close
		})
	}
}
