package main

import (
	"flag"
	"fmt"
	"math"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/demo"
	"alprd/internal/ocr"
)

// every frame of traffic through a lane, no clock
func main() {
	seed := flag.Uint64("seed", 7, "")
	n := flag.Int("n", 600, "")
	step := flag.Int("step", 1, "")
	dusk := flag.Bool("dusk", false, "")
	parked := flag.Bool("parked", false, "")
	only := flag.Bool("spoilt", false, "")
	flag.Parse()
	tr := demo.NewTraffic(*seed, demo.Options{Dusk: *dusk, Parked: *parked})
	e, err := ocr.Open()
	if err != nil {
		panic(err)
	}
	l := e.Lane(ocr.LaneOptions{})
	t0 := time.Now()
	y := demo.NewTally(tr, nil)
	spoilt := map[string]bool{}
	for _, v := range tr.Vehicles(0, *n) {
		if v.Spoilt {
			spoilt[v.Text] = true
			fmt.Println("spoilt", v.ID, v.Text, v.First, v.Last)
		}
	}
	var render, read time.Duration
	frames := 0
	tell := func(reads []alpr.Read) {
		for _, r := range reads {
			got := y.Read(r)
			if !r.Final {
				continue
			}
			mark := ""
			if got != r.Plate.Text() {
				mark = "  <<<< " + got
			}
			w := math.Hypot(r.Corners[1].X-r.Corners[0].X, r.Corners[1].Y-r.Corners[0].Y)
			fmt.Printf("%s w%.0f region %q%s\n", demo.PassLine(r), w, r.Region, mark)
			if mark != "" || spoilt[got] || r.Confidence < .9 {
				fmt.Println("    ", r.Candidates[:min(4, len(r.Candidates))])
			}
		}
	}
	for i := 0; i < *n; i += *step {
		if *only {
			use := false
			for _, x := range tr.Truth(i) {
				use = use || x.Spoilt && x.Width > 30
			}
			if !use {
				continue
			}
		}
		a := time.Now()
		img, truth := tr.Frame(i)
		render += time.Since(a)
		f := alpr.Frame{Camera: "x", Seq: uint64(i + 1), At: t0.Add(time.Duration(float64(i) / 15 * 1e9)), Image: img}
		y.Shown(f, truth)
		a = time.Now()
		tell(l.See(f))
		read += time.Since(a)
		frames++
	}
	tell(l.Flush())
	fmt.Printf("%+v\nrender %v read %v a frame\n", y.Summary(0), render/time.Duration(frames), read/time.Duration(frames))
}
