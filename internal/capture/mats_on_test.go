//go:build matprofile

package capture

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"gocv.io/x/gocv"
)

// mats counts the Mats that are open in this process.
func mats() int { return gocv.MatProfile.Count() }

// The only Mats of this package are those of a device's child process: whatever ends it, none is left. (go test -tags matprofile)
func TestMatsAreClosed(t *testing.T) {
	for _, frames := range []int{1, 20} {
		config, err := json.Marshal(Camera{Name: "c", URL: plug(t, "YUYV", 320, 240, frames)})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(os.Args[0], "mats-child")
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var report strings.Builder
		cmd.Stderr = &report
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		in.Write(append(config, '\n'))
		cmd.Wait()
		in.Close()
		if !strings.Contains(report.String(), "open mats: 0\n") {
			t.Errorf("after %d frames: %s", frames, report.String())
		}
	}
}
