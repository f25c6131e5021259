package demo

import (
	"bytes"
	"context"
	"errors"
	"image"
	"math"
	"sort"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"

	"github.com/google/go-cmp/cmp"
)

// The same seed gives the same frames and truths, in whatever order they are asked for; another seed other ones.
func TestTrafficIsDeterministic(t *testing.T) {
	a, b, c := NewTraffic(11, Options{Parked: true}), NewTraffic(11, Options{Parked: true}), NewTraffic(12, Options{Parked: true})
	b.Vehicles(0, 3000)
	for _, n := range []int{210, 40, 90, 40} {
		ai, at := a.Frame(n)
		for range 2 {
			b.Frame(n + 7)
		}
		bi, bt := b.Frame(n)
		if !bytes.Equal(ai.Y, bi.Y) || !bytes.Equal(ai.Cb, bi.Cb) || !bytes.Equal(ai.Cr, bi.Cr) {
			t.Errorf("frame %d differs", n)
		}
		if d := cmp.Diff(at, bt); d != "" {
			t.Errorf("truth of frame %d: %s", n, d)
		}
		if d := cmp.Diff(at, a.Truth(n)); d != "" {
			t.Errorf("truth of frame %d without drawing: %s", n, d)
		}
		if ci, _ := c.Frame(n); bytes.Equal(ai.Y, ci.Y) {
			t.Errorf("frame %d of another seed is the same", n)
		}
	}
	if d := cmp.Diff(a.Vehicles(0, 1500), b.Vehicles(0, 1500)); d != "" {
		t.Error(d)
	}
}

// Whoever gets a frame owns it.
func TestFramesAreTheCallers(t *testing.T) {
	tr := NewTraffic(3, Options{})
	a, _ := tr.Frame(60)
	want := bytes.Clone(a.Y)
	clear(a.Y)
	clear(a.Cb)
	if b, _ := tr.Frame(60); !bytes.Equal(b.Y, want) {
		t.Error("a caller's writing changed the scene")
	}
}

// Traffic has what a reader has to cope with: both lanes, two at once, vehicles without plates, other states, plates from
// about 110 pixels down, and passes of one to three seconds.
func TestTrafficHasVariety(t *testing.T) {
	tr := NewTraffic(5, Options{})
	const frames = 15 * 300
	var lanes, regions, bodies = map[string]int{}, map[string]int{}, map[string]int{}
	var plateless, pairs, readable int
	vehicles := tr.Vehicles(0, frames)
	for i, v := range vehicles {
		lanes[v.Lane]++
		bodies[v.Body]++
		if v.Text == "" {
			plateless++
			continue
		}
		regions[v.Region]++
		if v.First < 0 {
			continue
		}
		readable++
		if s := float64(v.Last-v.First+1) / 15; s < .8 || s > 3.2 {
			t.Errorf("vehicle %d can be read for %.1f s", v.ID, s)
		}
		if i > 0 && vehicles[i-1].First >= 0 && v.First-vehicles[i-1].First <= 6 {
			pairs++
		}
	}
	t.Logf("%d vehicles, %d readable, %d without plate, %d pairs, lanes %v, states %v, bodies %v", len(vehicles), readable, plateless, pairs, lanes, regions, bodies)
	if len(vehicles) < 90 || plateless < 2 || pairs < 5 || len(lanes) != 2 || regions["us-nc"] < 50 || len(regions) < 3 || len(bodies) < 5 {
		t.Error("too little variety")
	}
	if readable < len(vehicles)*8/10 {
		t.Error("too many can't be read at all")
	}
	var widest float64
	for n := range frames / 10 {
		for _, x := range tr.Truth(n) {
			widest = max(widest, x.Width)
		}
	}
	if widest < 100 || widest > 150 {
		t.Errorf("the widest plate has %.0f px", widest)
	}
}

// Serials begin with V to Z, which North Carolina has not issued in its present series, and skip I, O, Q and U as it does.
func TestPlatesAreInvented(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range NewTraffic(9, Options{}).Vehicles(0, 15*600) {
		if v.Text == "" {
			continue
		}
		if len(v.Text) != 7 || v.Text[0] < 'V' || strings.ContainsAny(v.Text, "IOQU") || v.Text[3] == '0' {
			t.Errorf("vehicle %d has %s", v.ID, v.Text)
		}
		if seen[v.Text] {
			t.Errorf("%s comes twice", v.Text)
		}
		seen[v.Text] = true
	}
}

// What the truth says of a plate's place is where its pixels are: drawn with and without plates, the picture differs
// exactly there.
func TestTruthIsWhereThePixelsAre(t *testing.T) {
	for _, dusk := range []bool{false, true} {
		with, without := NewTraffic(21, Options{Dusk: dusk}), NewTraffic(21, Options{Dusk: dusk})
		without.bare = true
		checked := 0
		for _, v := range with.Vehicles(0, 200) {
			for _, n := range []int{v.First, (v.First + v.Last) / 2, v.Last} {
				if n < 0 {
					continue
				}
				a, truth := with.Frame(n)
				b, _ := without.Frame(n)
				for _, x := range truth {
					if x.Vehicle != v.ID || x.Hidden > 0 {
						continue
					}
					checked++
					x0, y0, x1, y1 := x.Corners.Bounds()
					got := changed(a, b, image.Rect(int(x0)-15, int(y0)-15, int(x1)+15, int(y1)+15))
					for i, d := range []float64{float64(got.Min.X) - x0, float64(got.Min.Y) - y0, float64(got.Max.X) - x1, float64(got.Max.Y) - y1} {
						if math.Abs(d) > 2.2 {
							t.Errorf("dusk %v, frame %d, vehicle %d, edge %d: %.1f px beside the truth", dusk, n, v.ID, i, d)
						}
					}
				}
			}
		}
		if checked < 12 {
			t.Errorf("only %d plates looked at", checked)
		}
	}
}

// changed is the smallest box around what differs within r.
func changed(a, b *image.YCbCr, r image.Rectangle) image.Rectangle {
	out := image.Rectangle{}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			i := a.YOffset(x, y)
			if d := int(a.Y[i]) - int(b.Y[i]); (image.Point{x, y}).In(a.Rect) && (d > 12 || d < -12) {
				out = out.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return out
}

// A plate that counts as legible has dark characters on a light ground, at least 60 grey levels apart by day and 45 at
// dusk (field.md, section 6c), hardly clipped, and characters at least 9 pixels high.
func TestLegiblePlatesAreLegible(t *testing.T) {
	for _, dusk := range []bool{false, true} {
		tr := NewTraffic(33, Options{Dusk: dusk})
		least := 60
		if dusk {
			least = 45
		}
		checked := 0
		for n := 20; n < 320; n += 5 {
			img, truth := tr.Frame(n)
			for _, x := range truth {
				if !x.Legible() {
					continue
				}
				checked++
				var v []int
				at := inside(x.Corners)
				for iv := range 40 {
					for iu := range 120 {
						p := at(.06+.88*float64(iu)/119, .30+.42*float64(iv)/39)
						v = append(v, int(img.Y[img.YOffset(int(p.X), int(p.Y))]))
					}
				}
				sort.Ints(v)
				dark, light := v[len(v)/12], v[len(v)*3/4]
				if light-dark < least {
					t.Errorf("dusk %v, frame %d, vehicle %d, %.0f px: ink %d, ground %d", dusk, n, x.Vehicle, x.Width, dark, light)
				}
				if v[len(v)*99/100] > 254 {
					t.Errorf("dusk %v, frame %d, vehicle %d is blown out", dusk, n, x.Vehicle)
				}
				if high := x.Width / 2 * 2.72 / 6; high < 9 {
					t.Errorf("characters of %.1f px count as legible", high)
				}
			}
		}
		if checked < 30 {
			t.Errorf("only %d plates looked at", checked)
		}
	}
}

// inside gives the pixel at a part of the way across and down a plate.
func inside(q alpr.Quad) func(u, v float64) alpr.Point {
	return func(u, v float64) alpr.Point {
		mix := func(a, b alpr.Point, k float64) alpr.Point {
			return alpr.Point{X: a.X + (b.X-a.X)*k, Y: a.Y + (b.Y-a.Y)*k}
		}
		return mix(mix(q[0], q[1], u), mix(q[3], q[2], u), v)
	}
}

// A camera's frames rise in number, name it, and end with its context; none comes after.
func TestCamera(t *testing.T) {
	cam := &Camera{Name: "demo", Traffic: NewTraffic(2, Options{FPS: 30}), Clock: alpr.Clock{Quality: alpr.Synchronised}}
	ctx, cancel := context.WithCancel(context.Background())
	var last uint64
	var at time.Time
	var count int
	shown := 0
	cam.Shown = func(f alpr.Frame, truth []Truth) { shown++ }
	err := cam.Run(ctx, func(f alpr.Frame) {
		if ctx.Err() != nil {
			t.Error("a frame after the end")
		}
		if f.Camera != "demo" || f.Seq <= last || f.At.Before(at) || f.At.Location() != time.UTC || f.Clock.Quality != alpr.Synchronised || f.Image.Rect.Dx() != Width {
			t.Errorf("frame %+v after %d", f.Seq, last)
		}
		last, at = f.Seq, f.At
		if count++; count == 5 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || count != 5 || shown != 5 {
		t.Error(err, count, shown)
	}
}
