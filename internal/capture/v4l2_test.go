package capture

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// plug makes a V4L2 camera that this machine doesn't have: a file that a library in front of libc turns into one, for the
// child processes of this test. All of gocv's and OpenCV's own V4L2 code runs.
func plug(t *testing.T, format string, w, h, frames int) string {
	t.Helper()
	dir := t.TempDir()
	shim := filepath.Join(dir, "shim.so")
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-o", shim, "testdata/v4l2shim.c", "-ldl").CombinedOutput(); err != nil {
		t.Fatalf("cc: %v\n%s", err, out)
	}
	t.Setenv("LD_PRELOAD", shim)
	path := filepath.Join(dir, "camera.v4l2")
	if err := os.WriteFile(path, fmt.Appendf(nil, "%s %d %d %d 500\n", format, w, h, frames), 0o644); err != nil {
		t.Fatal(err)
	}
	return "v4l2:" + path
}

func TestDeviceContract(t *testing.T) {
	for _, format := range []string{"YUYV", "GREY", "NV12", "MJPG"} {
		t.Run(format, func(t *testing.T) {
			url := plug(t, format, 320, 240, 0)
			ffmpeg(t, "-v", "error", "-f", "lavfi", "-i", "nullsrc=s=320x240,format=yuvj422p,"+fullPattern, "-frames:v", "1",
				"-pix_fmt", "yuvj422p", "-q:v", "2", strings.TrimPrefix(url, "v4l2:")+".jpg")
			prove := contractFrames
			if format == "YUYV" {
				prove = contract
			}
			prove(t, 320, 240, func(*testing.T) Camera {
				return Camera{URL: url, Device: Device{Format: format, Width: 320, Height: 240}}
			})
		})
	}
}

// The cable is pulled: an error that says so.
func TestDeviceUnplugged(t *testing.T) {
	frames, err := take(t, open(t, Camera{URL: plug(t, "YUYV", 320, 240, 5)}), -1)
	if len(frames) == 0 || err == nil || !strings.Contains(err.Error(), "gives no more pictures") {
		t.Errorf("%d frames, %v", len(frames), err)
	}
}

// Settings are asked for in an order that drivers accept, read back, and what isn't taken is said in the log: here an
// exposure beyond the camera's 500, and a focus that it hasn't got.
func TestDeviceSettings(t *testing.T) {
	exposure, gain, focus := 9999.0, 30.0, 5.0
	core, log := observer.New(zap.DebugLevel)
	cam := Camera{Name: "c", URL: plug(t, "YUYV", 320, 240, 0),
		Device: Device{Width: 640, Height: 480, Exposure: &exposure, Gain: &gain, Focus: &focus}}
	src, err := Open(cam, Options{Log: zap.New(core)})
	if err != nil {
		t.Fatal(err)
	}
	frames, err := take(t, src, 2)
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	if got := frames[0].Image.Rect.Size().String(); got != "(640,480)" {
		t.Errorf("size %s, want 640×480", got)
	}
	refused := map[string]float64{}
	for _, e := range log.All() {
		m := e.ContextMap()
		refused[m["setting"].(string)] = m["got"].(float64)
	}
	if got, ok := refused["exposure"]; !ok || got != 500 {
		t.Errorf("refused settings %v, want exposure at 500", refused)
	}
	if _, ok := refused["focus"]; !ok || len(refused) > 3 {
		t.Errorf("refused settings %v, want the focus and little else", refused)
	}
	for _, taken := range []string{"gain", "width", "height", "auto_exposure"} {
		if got, ok := refused[taken]; ok {
			t.Errorf("%s was refused: %v", taken, got)
		}
	}
}
