package ocr

import (
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// A worker reads on its own thread: whatever back end runs the networks, no other thread of the process computes for it. Two cameras
// on two cores would otherwise fight over them.
func TestOneThreadAWorker(t *testing.T) {
	for _, name := range []string{OpenCV, ONNXRuntime} {
		t.Run(name, func(t *testing.T) {
			chosen, err := ChooseIn("../../bin", name)
			if errors.As(err, new(*libraryError)) && name == ONNXRuntime {
				t.Skip(err) // `make build` fetches the library where npm is installed
			}
			if err != nil {
				t.Fatal(err)
			}
			e, err := chosen.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			defer debug.SetGCPercent(debug.SetGCPercent(-1)) // the collector has threads of its own
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			img := image.NewYCbCr(image.Rect(0, 0, 1280, 720), image.YCbCrSubsampleRatio420)
			own := strconv.Itoa(syscall.Gettid())
			before := threads(t)
			for range 20 {
				e.Still(alpr.Frame{At: time.Unix(0, 0), Image: img})
				if _, err := e.recogniser.spellInput(); err != nil {
					t.Fatal(err)
				}
			}
			var mine, others int
			for id, ticks := range threads(t) {
				if id == own {
					mine = ticks - before[id]
				} else {
					others += ticks - before[id]
				}
			}
			if mine < 10 || others > mine/4 {
				t.Errorf("the worker's thread took %d ticks of 10 ms, all others %d", mine, others)
			}
		})
	}
}

// threads are the ticks of processor time that each thread of this process has used.
func threads(t *testing.T) map[string]int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]int{}
	for _, d := range tasks {
		b, err := os.ReadFile(filepath.Join("/proc/self/task", d.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:])) // proc(5): from the state, field 3, on
		var user, system int
		if _, err := fmt.Sscan(f[11]+" "+f[12], &user, &system); err != nil {
			t.Fatal(err)
		}
		used[d.Name()] = user + system
	}
	return used
}
