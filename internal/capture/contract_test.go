package capture

import (
	"bytes"
	"context"
	"errors"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
)

var errEnough = errors.New("enough")

// take runs a source until n frames have come (all of them: n < 0) or it ends.
func take(t testing.TB, src Source, n int) (frames []alpr.Frame, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("the test waited too long"))
	defer cancel()
	ctx, enough := context.WithCancelCause(ctx)
	defer enough(nil)
	err = src.Run(ctx, func(f alpr.Frame) {
		if len(frames) == n {
			return
		}
		if frames = append(frames, f); len(frames) == n {
			enough(errEnough)
		}
	})
	return frames, err
}

// contractName is the camera's name in the contract.
const contractName = "gate 3"

func contractSource(t *testing.T, open func(t *testing.T) Camera) (Source, Camera) {
	cam := open(t)
	cam.Name = contractName
	src, err := Open(cam, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return src, cam
}

// contractFrames is what every frame of a source holds to, whatever codec and layout it came in.
func contractFrames(t *testing.T, w, h int, open func(t *testing.T) Camera) {
	t.Run("frames", func(t *testing.T) {
		src, _ := contractSource(t, open)
		before := time.Now()
		var sums []uint32
		var frames []alpr.Frame
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		err := src.Run(ctx, func(f alpr.Frame) {
			if len(frames) == 5 {
				return
			}
			frames = append(frames, f)
			sums = append(sums, crc32.ChecksumIEEE(f.Image.Y))
			if len(frames) == 5 {
				cancel(errEnough)
			}
		})
		if !errors.Is(err, errEnough) {
			t.Fatalf("Run = %v after the context's end, want its cause", err)
		}
		for i, f := range frames {
			if f.Camera != contractName {
				t.Errorf("camera %q, want %q", f.Camera, contractName)
			}
			if f.Clock.Quality != alpr.Synchronised && f.Clock.Quality != alpr.Unsynchronised {
				t.Errorf("clock quality %q", f.Clock.Quality)
			}
			if f.At.Location() != time.UTC || f.At.Before(before.Add(-time.Second)) || f.At.After(time.Now().Add(time.Minute)) {
				t.Errorf("time %v, want UTC and now", f.At)
			}
			if i == 0 && f.Seq != 1 {
				t.Errorf("the first sequence number is %d, want 1", f.Seq)
			}
			if i > 0 && (f.Seq <= frames[i-1].Seq || f.At.Before(frames[i-1].At)) {
				t.Errorf("frame %d at %v after frame %d at %v", f.Seq, f.At, frames[i-1].Seq, frames[i-1].At)
			}
			if got := f.Image.Rect; got.Min.X != 0 || got.Min.Y != 0 || got.Dx() != w || got.Dy() != h {
				t.Errorf("bounds %v, want %d×%d at the origin", got, w, h)
			}
			if crc32.ChecksumIEEE(f.Image.Y) != sums[i] {
				t.Errorf("frame %d was written to after it was handed over", f.Seq)
			}
			checkPattern(t, f.Image)
		}
	})
}

// contract is what every source holds to. open makes a working camera of the pattern; size is its picture's.
func contract(t *testing.T, w, h int, open func(t *testing.T) Camera) {
	source := func(t *testing.T) (Source, Camera) { return contractSource(t, open) }
	contractFrames(t, w, h, open)
	t.Run("a second run begins anew", func(t *testing.T) {
		src, _ := source(t)
		for range 2 {
			if f := grab(t, src, 2); f[0].Seq != 1 {
				t.Errorf("the first sequence number is %d, want 1", f[0].Seq)
			}
		}
	})
	t.Run("ends with its context", func(t *testing.T) {
		src, _ := source(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := src.Run(ctx, func(alpr.Frame) { t.Error("a frame after the end") }); !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v, want the context's error", err)
		}
	})
	t.Run("waits for its reader", func(t *testing.T) {
		src, _ := source(t)
		busy := false
		n := 0
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		src.Run(ctx, func(alpr.Frame) {
			if busy {
				t.Error("two frames at once")
			}
			busy = true
			time.Sleep(20 * time.Millisecond) // a slow reader, not a proof
			busy = false
			if n++; n == 4 {
				cancel(errEnough)
			}
		})
		if n < 4 {
			t.Errorf("%d frames, want 4", n)
		}
	})
	t.Run("keeper", func(t *testing.T) {
		src, cam := source(t)
		ring := NewRing(2)
		k := NewKeeper(cam, src, ring, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := make(chan error, 1) // the one result
		go func() { done <- k.Run(ctx) }()
		n := 0
		for _, ok := ring.Next(); ok; _, ok = ring.Next() {
			if n++; n == 5 {
				if got := k.Health(time.Now()); got.State != Running && got.State != Ended || got.Frames < 5 || got.Width != w || got.Height != h {
					t.Errorf("health %+v", got)
				}
				cancel()
			}
		}
		if err := <-done; err != nil || n < 5 {
			t.Errorf("Run = %v after %d frames", err, n)
		}
		if h := k.Health(time.Now()); h.State != Ended {
			t.Errorf("state %q at the end", h.State)
		}
	})
}

func TestClipContract(t *testing.T) {
	for i, c := range []struct {
		name, file, size string
		w, h             int
		filter           string
		args             []string
	}{
		{"H.264 limited range", "a.mp4", "320x240", 320, 240, pattern, []string{"-pix_fmt", "yuv420p", "-c:v", "libx264"}},
		{"H.264 full range", "a.mkv", "320x240", 320, 240, "format=yuvj420p," + fullPattern, []string{"-pix_fmt", "yuvj420p", "-color_range", "pc", "-c:v", "libx264"}},
		{"H.265", "a.mp4", "320x240", 320, 240, pattern, []string{"-pix_fmt", "yuv420p", "-c:v", "libx265", "-x265-params", "log-level=error"}},
		{"ten bits", "a.mp4", "320x240", 320, 240, pattern, []string{"-pix_fmt", "yuv420p10le", "-c:v", "libx264"}},
		{"odd size, 4:4:4", "a.mp4", "321x243", 321, 243, "format=yuv444p," + pattern, []string{"-pix_fmt", "yuv444p", "-c:v", "libx264"}},
		{"odd size, MJPEG", "a.avi", "321x243", 321, 243, "format=yuvj444p," + fullPattern, []string{"-pix_fmt", "yuvj420p", "-c:v", "mjpeg", "-q:v", "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := film(t, c.file, c.size, "1", c.filter, c.args...)
			prove := contractFrames
			if i == 0 {
				prove = contract
			}
			prove(t, c.w, c.h, func(*testing.T) Camera { return Camera{URL: path} })
			t.Run("ends", func(t *testing.T) {
				src, err := Open(Camera{Name: "c", URL: path}, Options{})
				if err != nil {
					t.Fatal(err)
				}
				frames, err := take(t, src, -1)
				if err != nil || len(frames) != 25 {
					t.Fatalf("%d frames, %v; want 25 and no error", len(frames), err)
				}
				if d := frames[24].At.Sub(frames[0].At); d < 950*time.Millisecond || d > 970*time.Millisecond {
					t.Errorf("the clip took %v by its time stamps, want 960 ms", d)
				}
			})
		})
	}
}

func TestStillsContract(t *testing.T) {
	dir := t.TempDir()
	clip := film(t, "a.avi", "321x243", "1", "format=yuvj444p,"+fullPattern, "-pix_fmt", "yuvj444p", "-c:v", "mjpeg", "-q:v", "1")
	ffmpeg(t, "-v", "error", "-i", clip, "-frames:v", "8", "-q:v", "1", filepath.Join(dir, "p%02d.jpg"))
	contract(t, 321, 243, func(*testing.T) Camera { return Camera{URL: dir} })
	t.Run("one file", func(t *testing.T) {
		src, err := Open(Camera{Name: "c", URL: filepath.Join(dir, "p01.jpg")}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if frames, err := take(t, src, -1); err != nil || len(frames) != 1 {
			t.Errorf("%d frames, %v", len(frames), err)
		}
	})
	t.Run("loops", func(t *testing.T) {
		src, err := Open(Camera{Name: "c", URL: dir, Loop: true}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if f := grab(t, src, 20); f[19].Seq != 20 {
			t.Errorf("sequence %d, want 20", f[19].Seq)
		}
	})
	// A truncated JPEG among good ones: its error names it, the others go on.
	t.Run("truncated", func(t *testing.T) {
		mixed := t.TempDir()
		for _, name := range []string{"p01.jpg", "p02.jpg", "p03.jpg"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if name == "p02.jpg" {
				b = b[:len(b)/2]
			}
			if err := os.WriteFile(filepath.Join(mixed, name), b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		var bad []*FileError
		src, err := Open(Camera{Name: "c", URL: mixed}, Options{BadFile: func(e *FileError) { bad = append(bad, e) }})
		if err != nil {
			t.Fatal(err)
		}
		frames, err := take(t, src, -1)
		if err != nil || len(frames) != 2 || frames[0].Seq != 1 || frames[1].Seq != 3 {
			t.Errorf("%d frames, %v; want the first and the third", len(frames), err)
		}
		if len(bad) != 1 || bad[0].Path != filepath.Join(mixed, "p02.jpg") || !strings.Contains(bad[0].Error(), "p02.jpg: the picture is truncated") {
			t.Errorf("bad files %v", bad)
		}
	})
	t.Run("paced", func(t *testing.T) {
		src, err := Open(Camera{Name: "c", URL: dir, FPS: 50}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		frames, err := take(t, src, -1)
		if err != nil || len(frames) != 8 {
			t.Fatalf("%d frames, %v", len(frames), err)
		}
		if d := frames[7].At.Sub(frames[0].At); d < 120*time.Millisecond { // seven intervals, less one that may shrink
			t.Errorf("eight pictures in %v, want at least 120 ms", d)
		}
	})
}

// A phone's clip lies on its side, and says so.
func TestClipIsTurned(t *testing.T) {
	path := film(t, "a.mp4", "320x240", "1", pattern, "-pix_fmt", "yuv420p", "-c:v", "libx264")
	for _, c := range []struct {
		rotate string
		w, h   int
		x, y   int // where the white quarter is, in quarters of width and height
	}{{"90", 240, 320, 3, 1}, {"180", 320, 240, 1, 1}, {"270", 240, 320, 1, 3}} { // as ffmpeg 5.1 shows these clips
		turned := filepath.Join(t.TempDir(), "b.mp4")
		ffmpeg(t, "-v", "error", "-i", path, "-c", "copy", "-metadata:s:v:0", "rotate="+c.rotate, turned)
		m := grab(t, open(t, Camera{URL: turned}), 1)[0].Image
		if m.Rect.Dx() != c.w || m.Rect.Dy() != c.h {
			t.Errorf("%s°: %v", c.rotate, m.Rect)
			continue
		}
		if v := m.Y[m.YOffset(c.x*c.w/4, c.y*c.h/4)]; v < 249 {
			t.Errorf("%s°: luma %d where white should be", c.rotate, v)
		}
	}
}

// A clip that is damaged in the middle or cut off is played as far as it goes; one that is no clip is an error.
func TestBrokenClips(t *testing.T) {
	path := film(t, "a.ts", "320x240", "2", "format=yuv420p,"+pattern+",noise=alls=20:allf=t", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "10")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write := func(b []byte) Source {
		p := filepath.Join(t.TempDir(), "b.ts")
		if err := os.WriteFile(p, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return open(t, Camera{URL: p})
	}
	if frames, err := take(t, write(b[:len(b)/2]), -1); err != nil || len(frames) < 10 || len(frames) > 40 {
		t.Errorf("cut off: %d frames, %v", len(frames), err)
	}
	spoilt := bytes.Clone(b)
	for i := len(b) / 3; i < len(b)/3+2000; i += 7 {
		spoilt[i] ^= 0xff
	}
	src := write(spoilt)
	frames, err := take(t, src, -1)
	if _, damaged := src.(*process).counts(); err != nil || len(frames) < 20 || damaged == 0 {
		t.Errorf("damaged: %d frames, %d damaged, %v", len(frames), damaged, err)
	}
	for name, b := range map[string][]byte{"noise": bytes.Repeat([]byte("noise"), 1000), "head only": b[:100], "empty": nil} {
		frames, err := take(t, write(b), -1)
		var hint interface{ Hint() string }
		if err == nil || len(frames) > 0 || !strings.Contains(err.Error(), "b.ts") || !errors.As(err, &hint) || hint.Hint() == "" {
			t.Errorf("%s: %d frames, %v", name, len(frames), err)
		}
	}
}

// Frames of a clip carry the clip's own times, uneven ones too, counted from Camera.Start; a loop goes on where it ended. What
// the times are is ffprobe's word.
func TestClipTimes(t *testing.T) {
	path := film(t, "a.mkv", "320x240", "1", pattern+",setpts='(floor(N*N/5)*0.04+3)/TB'", "-vsync", "passthrough", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-bf", "2")
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries", "frame=best_effort_timestamp_time", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want []time.Duration
	for _, word := range strings.FieldsFunc(string(out), func(r rune) bool { return r == ',' || r == '\n' }) {
		s, err := strconv.ParseFloat(word, 64)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, time.Duration(s*1e9))
	}
	steps := map[time.Duration]bool{}
	for i := range want[1:] {
		steps[(want[i+1] - want[i]).Round(time.Millisecond)] = true
	}
	if len(steps) < 3 {
		t.Fatalf("the clip's times are even: %v", want)
	}
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	n := len(want)
	frames := grab(t, open(t, Camera{URL: path, Start: start, Loop: true}), n+3)
	for i, f := range frames[:n] {
		if d := f.At.Sub(start) - (want[i] - want[0]); d < -time.Millisecond || d > time.Millisecond {
			t.Errorf("frame %d is at %v, want %v", i, f.At.Sub(start), want[i]-want[0])
		}
	}
	if gap := frames[n].At.Sub(frames[n-1].At); gap <= 0 || gap > time.Second {
		t.Errorf("the second round begins %v after the first", gap)
	}
}
