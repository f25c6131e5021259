package capture

import (
	"testing"

	"alprd/internal/alpr"
)

// A road that is empty for four seconds, and then something crosses it: of the empty road a picture a second is passed on, the
// other frames only say that time passes; of what crosses, every frame is there. Motion outside the zone is no motion.
func TestStillFrames(t *testing.T) {
	const empty = 100 // frames
	road := `geq=lum='if(gt(N,100)*lt(abs(X-(N-100)*10),24)*lt(abs(Y-180),20),235,60+mod(X*7+Y*13,40))':cb=128:cr=128,noise=alls=6:allf=t`
	for name, args := range map[string][]string{
		"limited range": {"-pix_fmt", "yuv420p", "-c:v", "libx264", "-bf", "0"},
		"ten bits":      {"-pix_fmt", "yuv420p10le", "-c:v", "libx264", "-bf", "0"},
	} {
		path := film(t, "a.mp4", "320x240", "5", road, args...)
		lower := alpr.Zone{{0, 0.5}, {1, 0.5}, {1, 1}, {0, 1}}
		upper := alpr.Zone{{0, 0}, {1, 0}, {1, 0.5}, {0, 0.5}}
		for _, c := range []struct {
			zone  alpr.Zone
			moves bool
		}{{nil, true}, {lower, true}, {upper, false}} {
			frames, err := take(t, open(t, Camera{URL: path, Gate: true, Zone: c.zone}), -1)
			if err != nil || len(frames) != 125 {
				t.Fatalf("%s: %d frames, %v", name, len(frames), err)
			}
			pictures := 0
			for i, f := range frames {
				if f.Seq != uint64(i+1) || i > 0 && !f.At.After(frames[i-1].At) {
					t.Errorf("%s: frame %d at %v", name, f.Seq, f.At)
				}
				if !f.Still && f.Image == nil {
					t.Fatalf("%s: frame %d moves and has no picture", name, f.Seq)
				}
				if i < gateWarm && f.Still {
					t.Errorf("%s: frame %d is still before the gate knows the road", name, f.Seq)
				}
				if i > gateWarm+gateHold && i < empty && !f.Still {
					t.Errorf("%s, zone %v: frame %d of the empty road moves", name, c.zone, f.Seq)
				}
				if f.Still && f.Image != nil {
					pictures++
				}
				if i > empty+3 && f.Still == c.moves {
					t.Errorf("%s, zone %v: frame %d is still: %v", name, c.zone, f.Seq, f.Still)
				}
			}
			if pictures < 2 || pictures > 6 {
				t.Errorf("%s, zone %v: %d pictures of a still road", name, c.zone, pictures)
			}
		}
	}
}

// The gate that a source of the unit's own gets says the same of every frame, and takes no picture away.
func TestGatedSource(t *testing.T) {
	path := film(t, "a.mp4", "320x240", "4", `geq=lum='if(gt(N,70)*lt(abs(X-(N-70)*10),24),235,60+mod(X*7+Y*13,40))':cb=128:cr=128`, "-pix_fmt", "yuv420p", "-c:v", "libx264")
	inChild, err := take(t, open(t, Camera{URL: path, Gate: true}), -1)
	if err != nil {
		t.Fatal(err)
	}
	src, err := Gated(Camera{URL: path, Gate: true}, open(t, Camera{URL: path}))
	if err != nil {
		t.Fatal(err)
	}
	frames, err := take(t, src, -1)
	if err != nil || len(frames) != len(inChild) {
		t.Fatalf("%d frames and %d, %v", len(frames), len(inChild), err)
	}
	still := 0
	for i, f := range frames {
		if f.Image == nil {
			t.Errorf("frame %d has lost its picture", f.Seq)
		}
		if f.Still != inChild[i].Still {
			t.Errorf("frame %d: still %v here, %v in the decoder's process", f.Seq, f.Still, inChild[i].Still)
		}
		if f.Still {
			still++
		}
	}
	if still == 0 || still > 70 {
		t.Errorf("%d still frames", still)
	}
}
