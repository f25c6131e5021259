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
// ends in one run. cpu-ms/op is processor time of the process, which a busy machine falsifies less than the clock.
func BenchmarkWholeRead(b *testing.B) {
	traffic := demo.NewTraffic(11, demo.Options{Every: 1e3, Alone: true, Clean: true})
	n := 0
	legible := func() bool {
		t := traffic.Truth(n)
		return len(t) == 1 && t[0].Legible() && t[0].Width > 70
	}
	for !legible() {
		if n++; n > 1e5 {
			b.Fatal("no frame holds one legible plate")
		}
	}
	img, _ := traffic.Frame(n)
	for _, name := range []string{ocr.OpenCV, ocr.ONNXRuntime} {
		b.Run(name, func(b *testing.B) {
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

func processorTime(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
