package capture

import (
	"path/filepath"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// stillness is for how much of the frames, at their own times, the picture stood still at the end.
func stillness(frames []alpr.Frame) (still, all time.Duration) {
	var z freeze
	var since time.Time
	for _, f := range frames {
		since = z.see(f.Image, f.At)
	}
	last := frames[len(frames)-1].At
	return last.Sub(since), last.Sub(frames[0].At)
}

// A camera that repeats one picture, encoded anew with key frames in between, is frozen; the same scene with a sensor's noise,
// or with a small thing that moves, isn't.
func TestFrozenPicture(t *testing.T) {
	dir := t.TempDir()
	still := filepath.Join(dir, "still.png")
	ffmpeg(t, "-v", "error", "-f", "lavfi", "-i", "testsrc2=s=640x360,noise=alls=15", "-frames:v", "1", still)
	for _, c := range []struct {
		name, filter string
		frozen       bool
	}{
		{"frozen", "null", true},
		{"sensor noise", "noise=alls=6:allf=t", false},
		{"a clock in the corner", "split[a][b];[b]crop=12:24:0:0,lutyuv=y=235[o];[a][o]overlay=x='20+mod(floor(t*5),5)*16':y=20", false},
		{"light that changes", "eq=brightness='0.01*t':eval=frame", false},
	} {
		clip := filepath.Join(dir, "clip.mp4")
		ffmpeg(t, "-v", "error", "-y", "-loop", "1", "-framerate", "15", "-i", still, "-t", "4", "-vf", c.filter, "-pix_fmt", "yuv420p",
			"-c:v", "libx264", "-preset", "veryfast", "-g", "15", "-b:v", "800k", clip)
		frames, err := take(t, open(t, Camera{URL: clip}), -1)
		if err != nil {
			t.Fatal(err)
		}
		same, all := stillness(frames)
		// The first second may still sharpen: a rate-controlled encoder spends its bits little by little.
		if c.frozen && same < all-1500*time.Millisecond {
			t.Errorf("%s: still for %v of %v only", c.name, same, all)
		}
		if !c.frozen && same > time.Second {
			t.Errorf("%s: counted as still for %v", c.name, same)
		}
	}
}

// A real camera above a car park in which nothing moves: its noise and light keep it from counting as frozen.
func TestQuietSceneIsNotFrozen(t *testing.T) {
	frames, err := take(t, open(t, Camera{URL: shared(t, "data/video/intel_car_detection.mp4")}), -1)
	if err != nil {
		t.Fatal(err)
	}
	for _, empty := range [][2]int{{0, 32}, {120, 155}, {285, 313}} {
		same, all := stillness(frames[empty[0]:empty[1]])
		if same > all*2/3 {
			t.Errorf("frames %v: counted as still for %v of %v", empty, same, all)
		}
	}
}
