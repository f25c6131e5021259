package capture

import (
	"context"
	"errors"
	"io"
	"slices"
	"syscall"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/capture/rtsptest"
)

// cpu is the processor time this process has used: what an operation costs, also on a busy machine.
func cpu(tb testing.TB) time.Duration { return usage(tb, syscall.RUSAGE_SELF) }

// cpuOfChildren is that of the children that have ended and been waited for.
func cpuOfChildren(tb testing.TB) time.Duration { return usage(tb, syscall.RUSAGE_CHILDREN) }

func usage(tb testing.TB, who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// road720 is a stream as a plate camera sends it: 1280×720, a real road.
func road720(b *testing.B, codec, layout string) *rtsptest.Reel {
	return rtsptest.ShootFile(b, codec, shared(b, "data/video/parkpow_vn_toll.mp4"), "-frames:v", "100", "-an", "-pix_fmt", layout)
}

// BenchmarkDecode is one frame of 1280×720 from access unit to the message for the unit, in the child.
func BenchmarkDecode(b *testing.B) {
	for _, c := range []struct {
		name, codec, layout string
		k                   codec
	}{{"h264-limited", "h264", "yuv420p", h264}, {"h264-full", "h264", "yuvj420p", h264}, {"h265-limited", "h265", "yuv420p", h265}} {
		b.Run(c.name, func(b *testing.B) {
			r := road720(b, c.codec, c.layout)
			d, err := newDecoder(c.k, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer d.close()
			s := newSender(io.Discard, 0)
			before := cpu(b)
			b.ResetTimer()
			n := 0
			for i := range b.N {
				if err := d.send(annexB(nil, r.Units[i%len(r.Units)]...), time.Now()); err != nil {
					b.Fatal(err)
				}
				for {
					p, err := d.receive()
					if err != nil {
						break
					}
					n++
					if err := s.send(&p.planes, time.Now()); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
			if n < b.N-2 {
				b.Fatalf("%d frames of %d", n, b.N)
			}
		})
	}
}

// BenchmarkExpand is limited to full range for one frame of 1280×720.
func BenchmarkExpand(b *testing.B) {
	p := flat(1280, 720, 77)
	p.pix[1], p.pix[2] = p.pix[0], p.pix[0]
	p.stride = [3]int{1280, 640, 640}
	p.limited = true
	dst := make([]byte, planesSize(1280, 720, p.ratio))
	r := newRanges()
	for b.Loop() {
		p.pack(dst, r)
	}
}

// BenchmarkChild is what the detour through a child process costs for one frame of 1280×720: packing, two checksums, the pipe.
// unit-ns/op is the unit's share of processor time, child-ns/op the child's.
func BenchmarkChild(b *testing.B) {
	src, err := Open(Camera{Name: "c", URL: "rtsp://10.0.0.1/a"}, Options{Args: []string{"rogue-pattern"}})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	unit, child := cpu(b), cpuOfChildren(b)
	b.ResetTimer()
	n := 0
	src.Run(ctx, func(alpr.Frame) {
		if n++; n == b.N {
			b.StopTimer()
			cancel()
		}
	})
	b.ReportMetric(float64(cpu(b)-unit)/float64(b.N), "unit-ns/op")
	b.ReportMetric(float64(cpuOfChildren(b)-child)/float64(b.N), "child-ns/op")
}

// BenchmarkStream plays 1280×720 at 25 frames a second from the RTSP server: latency-ms is from the arrival of a frame's first
// packet to the frame in the unit (median), start-ms from Run to the first frame, cpu the share of a core of child and unit
// together, server included. One operation is one frame, so ns/op is the camera's own pace.
func BenchmarkStream(b *testing.B) {
	v := serve(b, road720(b, "h264", "yuvj420p"))
	src := open(b, Camera{URL: v.URL()})
	ctx, cancel := context.WithCancelCause(b.Context())
	defer cancel(nil)
	var late []time.Duration
	began := time.Now()
	var first time.Duration
	unit, child := cpu(b), cpuOfChildren(b)
	b.ResetTimer()
	err := src.Run(ctx, func(f alpr.Frame) {
		if first == 0 {
			first = time.Since(began)
		}
		if late = append(late, time.Since(f.At)); len(late) == b.N {
			cancel(errEnough)
		}
	})
	if !errors.Is(err, errEnough) {
		b.Fatal(err)
	}
	slices.Sort(late)
	b.ReportMetric(float64(late[len(late)/2])/1e6, "latency-ms")
	b.ReportMetric(float64(first)/1e6, "start-ms")
	b.ReportMetric(float64(cpu(b)-unit)/float64(b.N)/1e6, "unit-cpu-ms/op")
	b.ReportMetric(float64(cpuOfChildren(b)-child)/float64(b.N)/1e6, "child-cpu-ms/op")
}

// BenchmarkFreeze is the watch for a frozen picture, 1280×720.
func BenchmarkFreeze(b *testing.B) {
	m := grey(1280, 720)
	var z freeze
	i := 0
	for b.Loop() {
		m.Y[0] = byte(i)
		i++
		z.see(m, time.Now())
	}
}
