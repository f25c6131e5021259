package capture

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// A decoder process that crashes, hangs, lies or sends garbage is an error of Run, and it is gone afterwards with everything
// it started. The frames before it are good.
func TestRogueChild(t *testing.T) {
	for _, c := range []struct{ how, want string }{
		{"segv", "the decoder process died: exit status 2: SIGSEGV: segmentation violation"},
		{"kill", "the decoder process died: signal: killed"},
		{"hang", "silent for 3s: no frame came"},
		{"garbage", "something that is no message"},
		{"flip", "wrong checksum"},
		{"half", "the decoder process ended"},
		{"huge", "outside what is accepted"},
		{"lie", "something that is no message"},
		{"text", "can't reach"},
		{"quiet", "the decoder process died: exit status 3"},
	} {
		t.Run(c.how, func(t *testing.T) {
			silence := patience
			if c.how == "hang" {
				silence = 3 * time.Second
			}
			src, err := Open(Camera{Name: "c", URL: "rtsp://admin:hunter2@10.0.0.1/stream", Silence: silence},
				Options{Args: []string{"rogue-" + c.how}})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
			defer cancel()
			n := 0
			err = src.Run(ctx, func(f alpr.Frame) {
				if n++; f.Image.Y[0] != 77 {
					t.Errorf("frame %d isn't the one that was sent", f.Seq)
				}
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "admin") {
				t.Errorf("Run = %v; want %q and no password", err, c.want)
			}
			if !strings.HasPrefix(fmt.Sprint(err), `camera "c" (rtsp://10.0.0.1/stream): `) {
				t.Errorf("the error doesn't name the camera: %v", err)
			}
			if n != 2 {
				t.Errorf("%d frames, want the two good ones", n)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("processes are left over: %v", left)
			}
		})
	}
}

// A crash of the decoder process is a reconnect: the next one goes on where it stopped.
func TestCrashIsAReconnect(t *testing.T) {
	cam := Camera{Name: "c", URL: "rtsp://10.0.0.1/stream"}
	src, err := Open(cam, Options{Args: []string{"rogue-segv"}})
	if err != nil {
		t.Fatal(err)
	}
	ring := NewRing(2)
	k := NewKeeper(cam, src, ring, nil)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	go k.Run(ctx)
	n := uint64(0)
	for f, ok := ring.Next(); ok; f, ok = ring.Next() {
		if n++; f.Seq != n {
			t.Errorf("frame %d has number %d", n, f.Seq)
		}
		if n == 6 {
			cancel()
		}
	}
	if h := k.Health(time.Now()); n != 6 || h.Reconnects < 2 || !strings.Contains(h.LastError, "SIGSEGV") {
		t.Errorf("%d frames; %+v", n, h)
	}
}

// kill -9 of the real decoder process in the middle of a clip that plays: an error that says so, at once.
func TestKilledChild(t *testing.T) {
	path := film(t, "a.mp4", "320x240", "1", pattern, "-pix_fmt", "yuv420p", "-c:v", "libx264")
	src, err := Open(Camera{Name: "c", URL: path, Loop: true, RealTime: true}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	_, err = func() ([]alpr.Frame, error) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return nil, src.Run(ctx, func(alpr.Frame) {
			if n++; n == 30 { // it has gone round once
				for _, pid := range children(t) {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
		})
	}()
	if err == nil || !strings.Contains(err.Error(), "the decoder process died: signal: killed") {
		t.Errorf("Run = %v", err)
	}
	if n < 30 {
		t.Errorf("%d frames", n)
	}
}

// The end of the context in the middle of a hang: Run returns and the child is gone, though it ignores its parent.
func TestHangingChildEndsWithContext(t *testing.T) {
	src, err := Open(Camera{Name: "c", URL: "rtsp://10.0.0.1/stream"}, Options{Args: []string{"rogue-hang"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := take(t, src, 2); !errors.Is(err, errEnough) {
		t.Errorf("Run = %v", err)
	}
	if left := children(t); len(left) > 0 {
		t.Errorf("processes are left over: %v", left)
	}
}

// children lists this process' children and whatever else runs in their groups. Tests in this package don't run in
// parallel, so there is one group at most.
func children(t *testing.T) (pids []int) {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	type proc struct{ pid, parent, group int }
	var all []proc
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has just ended
		}
		s := string(b)
		f := strings.Fields(s[strings.LastIndexByte(s, ')')+1:])
		if f[0] == "Z" {
			continue
		}
		var p proc
		p.pid, _ = strconv.Atoi(s[:strings.IndexByte(s, ' ')])
		p.parent, _ = strconv.Atoi(f[1])
		p.group, _ = strconv.Atoi(f[2])
		all = append(all, p)
	}
	me := os.Getpid()
	for _, p := range all {
		if p.parent == me {
			pids = append(pids, p.pid)
			continue
		}
		// an orphan of a child's group: our children lead groups, and nobody else names them
		if p.parent == 1 && p.group != p.pid {
			if cmd, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid)); err == nil && strings.HasPrefix(string(cmd), "sleep\x003600") {
				pids = append(pids, p.pid)
			}
		}
	}
	return pids
}

// A program that isn't there.
func TestNoChild(t *testing.T) {
	src, err := Open(Camera{Name: "c", URL: "rtsp://10.0.0.1/stream"}, Options{Executable: "/does/not/exist"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := take(t, src, 1); err == nil || !strings.Contains(err.Error(), "start the decoder process") {
		t.Errorf("Run = %v", err)
	}
}
