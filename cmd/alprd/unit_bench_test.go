package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"alprd/internal/capture/rtsptest"
	"alprd/internal/demo"
)

const (
	roadFPS     = 15
	roadSeconds = 40 // of the stream, which then begins again
)

// film renders the demo's road and encodes it as a plate camera does: 4 Mbit/s, no B frames, a key frame every two
// seconds, limited range, CABAC and deblocking.
func film(b *testing.B, opt demo.Options) *rtsptest.Reel {
	b.Helper()
	path := filepath.Join(b.TempDir(), "road.h264")
	opt.FPS = roadFPS
	traffic := demo.NewTraffic(11, opt)
	cmd := exec.Command("ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuvj420p", "-s", fmt.Sprintf("%dx%d", demo.Width, demo.Height), "-r", strconv.Itoa(roadFPS), "-i", "-",
		"-threads", "1", "-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency", "-bf", "0", "-g", strconv.Itoa(2*roadFPS), "-b:v", "4M", "-maxrate", "4M", "-bufsize", "4M",
		"-pix_fmt", "yuv420p", "-color_range", "tv", "-bsf:v", "h264_metadata=aud=insert", "-f", "h264", path)
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		b.Fatalf("%v (apt install ffmpeg)", err)
	}
	w := bufio.NewWriterSize(in, 1<<20)
	for n := range roadFPS * roadSeconds {
		img, _ := traffic.Frame(n)
		w.Write(img.Y) // a Writer keeps its first error for Flush
		w.Write(img.Cb)
		w.Write(img.Cr)
	}
	if err := errors.Join(w.Flush(), in.Close(), cmd.Wait()); err != nil {
		b.Fatalf("ffmpeg: %v: %s", err, &said)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	return rtsptest.Develop(b, "h264", raw)
}

// BenchmarkUnit is what the whole unit costs: `alprd run` as systemd starts it, with one camera of 1280×720 at 15 frames a
// second over RTSP, store and broker, on an empty road and with a vehicle every 4 s. unit-% and child-% are what the
// daemon and its decoder process take of one core, %core both; PSS-MB and RSS-MB are resident memory of both together, RSS
// counting twice what they share. One operation is one run of the stream.
func BenchmarkUnit(b *testing.B) {
	reels := map[string]func() *rtsptest.Reel{
		"empty": sync.OnceValue(func() *rtsptest.Reel { return film(b, demo.Options{Every: 1e6, Alone: true}) }),
		"busy":  sync.OnceValue(func() *rtsptest.Reel { return film(b, demo.Options{Every: 4, Alone: true}) }),
	}
	for _, road := range []string{"empty", "busy"} {
		for _, backend := range []string{"opencv", "onnxruntime"} {
			b.Run(road+"/"+backend, func(b *testing.B) {
				program, library := filepath.Join(b.TempDir(), "alprd"), "../../bin/libonnxruntime.so.1"
				if _, err := os.Stat(library); backend == "onnxruntime" && errors.Is(err, fs.ErrNotExist) {
					b.Skip("ONNX Runtime's library isn't there: `make build` fetches it where npm is installed")
				}
				place(b, program)
				server := &rtsptest.Server{T: b, Reel: reels[road](), FPS: roadFPS}
				server.Start()
				defer server.End()
				s := newSite(b, server.URL(), func(c map[string]any) { c["reader"] = map[string]any{"backend": backend} })
				d := s.startAs(program)
				eventually(b, "the gate has settled", func() bool { return s.frames() > 5*roadFPS })
				daemon := d.cmd.Process.Pid
				child := childOf(b, daemon)
				var unit, kid time.Duration
				var pss, rss, kidPSS int
				began, frames := time.Now(), s.frames()
				u0, k0 := spent(b, daemon), spent(b, child)
				for b.Loop() {
					for end := time.Now().Add(roadSeconds * time.Second); time.Now().Before(end); time.Sleep(time.Second) {
						p1, r1 := memory(b, daemon)
						p2, r2 := memory(b, child)
						pss, rss, kidPSS = max(pss, p1+p2), max(rss, r1+r2), max(kidPSS, p2)
					}
				}
				unit, kid = spent(b, daemon)-u0, spent(b, child)-k0
				took := time.Since(began)
				h := s.health()
				b.ReportMetric(100*unit.Seconds()/took.Seconds(), "unit-%")
				b.ReportMetric(100*kid.Seconds()/took.Seconds(), "child-%")
				b.ReportMetric(100*(unit+kid).Seconds()/took.Seconds(), "%core")
				b.ReportMetric(float64(s.frames()-frames)/took.Seconds(), "frames/s")
				b.ReportMetric(float64(h.Dropped), "dropped")
				b.ReportMetric(float64(h.Passes), "passes")
				b.ReportMetric(float64(pss)/1024, "PSS-MB")
				b.ReportMetric(float64(rss)/1024, "RSS-MB")
				b.ReportMetric(float64(kidPSS)/1024, "child-PSS-MB")
				if code := d.stop(); code != 0 {
					b.Errorf("the daemon ends with %d", code)
				}
			})
		}
	}
}

// place puts this program and the fetched library, where there is one, beside each other.
func place(t testing.TB, program string) {
	t.Helper()
	for path, from := range map[string]string{program: os.Args[0], filepath.Join(filepath.Dir(program), "libonnxruntime.so.1"): "../../bin/libonnxruntime.so.1"} {
		b, err := os.ReadFile(from)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(path, b, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

type cameraFigures struct {
	Frames, Dropped, Passes uint64
}

// health is what the unit says of its one camera; zero while it doesn't answer.
func (s *site) health() cameraFigures {
	code, out, _ := s.alprd("status", "--json")
	var st unitStatus
	if code != 0 || json.Unmarshal([]byte(out), &st) != nil || len(st.Health.Cameras) != 1 {
		return cameraFigures{}
	}
	c := st.Health.Cameras[0]
	return cameraFigures{c.Frames, c.Dropped, c.Passes}
}

func (s *site) frames() uint64 { return s.health().Frames }

// childOf is the process that a process has started.
func childOf(t testing.TB, pid int) int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range all {
		if f := stat(path); len(f) > 1 && f[1] == strconv.Itoa(pid) {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			return n
		}
	}
	t.Fatal("the daemon has no decoder process")
	return 0
}

// stat are the fields of a process's stat from its state on (proc(5): field 3); nil where it has ended.
func stat(path string) []string {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

// spent is the processor time a process has used.
func spent(t testing.TB, pid int) time.Duration {
	t.Helper()
	f := stat(fmt.Sprintf("/proc/%d/stat", pid))
	if len(f) < 13 {
		t.Fatalf("process %d has ended", pid)
	}
	user, err1 := strconv.Atoi(f[11])
	system, err2 := strconv.Atoi(f[12])
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 on every Linux we run on
}

// memory is what a process holds, in KiB: its proportional share, and all it has mapped in.
func memory(t testing.TB, pid int) (pss, rss int) {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		fmt.Sscanf(line, "Pss: %d kB", &pss)
		fmt.Sscanf(line, "Rss: %d kB", &rss)
	}
	return pss, rss
}
