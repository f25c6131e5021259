package main

import (
	"syscall"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/demo"
	"alprd/internal/ocr"
)

// BenchmarkWholeRead is the whole read of a picture of 1280×720 with one vehicle, from its planes to its text, both back
// ends in one run: with a plate of 75 to 95 pixels, and with one of 105 and more, of which the state's name is read, too. cpu-ms/op
// is processor time of the process, which a busy machine falsifies less than the clock.
func BenchmarkWholeRead(b *testing.B) {
	traffic := demo.NewTraffic(11, demo.Options{Every: 1e3, Alone: true, Clean: true})
	for _, size := range []struct {
		name        string
		least, most float64
	}{{"plate", 75, 95}, {"plate-and-state", 105, 1280}} {
		n := 0
		legible := func() bool {
			t := traffic.Truth(n)
			return len(t) == 1 && t[0].Legible() && t[0].Width >= size.least && t[0].Width <= size.most
		}
		for !legible() {
			if n++; n > 1e5 {
				b.Fatal("no frame holds one legible plate of that size")
			}
		}
		img, _ := traffic.Frame(n)
		for _, name := range []string{ocr.OpenCV, ocr.ONNXRuntime} {
			b.Run(size.name+"/"+name, func(b *testing.B) {
				chosen, err := ocr.ChooseIn("../../bin", name)
				if err != nil {
					b.Skip(err)
				}
				e, err := chosen.Open()
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				f := alpr.Frame{At: time.Unix(0, 0), Image: img}
				if reads := e.Still(f); len(reads) != 1 {
					b.Fatalf("%d plates", len(reads))
				}
				before := processorTime(b)
				b.ResetTimer()
				for range b.N {
					e.Still(f)
				}
				b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1e3/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
