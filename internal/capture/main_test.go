package capture

import (
	"crypto/rand"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// TestMain lets this test program be its own decoder process, or one that misbehaves.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch name := os.Args[1]; {
		case name == "capture-child":
			os.Exit(ChildMain())
		case name == "mats-child":
			code := child(os.Stdin, os.Stdout)
			fmt.Fprintf(os.Stderr, "open mats: %d\n", mats())
			os.Exit(code)
		case strings.HasPrefix(name, "rogue-"):
			os.Exit(rogue(strings.TrimPrefix(name, "rogue-")))
		}
	}
	os.Exit(m.Run())
}

// rogue is a decoder process that says hello, sends two good frames, and then does what no decoder should.
func rogue(how string) int {
	s := newSender(os.Stdout, 0)
	s.say(msgHello, nil)
	p := flat(64, 48, 77)
	for range 2 {
		s.send(p, time.Now())
	}
	good := s.build(p, time.Now())
	switch how {
	case "segv":
		syscall.Kill(os.Getpid(), syscall.SIGSEGV)
		select {}
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "hang": // and leaves something behind that must go, too
		exec.Command("sleep", "3600").Start()
		select {}
	case "garbage":
		b := make([]byte, 1<<16)
		rand.Read(b)
		os.Stdout.Write(b)
	case "flip": // one byte of the picture is wrong
		good[len(good)/2] ^= 1
		os.Stdout.Write(good)
	case "half":
		os.Stdout.Write(good[:len(good)/2])
	case "huge":
		h := message{kind: msgFrame, width: 1 << 20, height: 1 << 20, length: 1<<31 - 1}
		h.put(good, s.table)
		os.Stdout.Write(good[:headerSize])
		select {}
	case "lie": // the size doesn't fit the payload
		h := message{kind: msgFrame, width: 640, height: 480, length: 100, ratio: image.YCbCrSubsampleRatio420}
		h.put(good, s.table)
		os.Stdout.Write(good)
		select {}
	case "text": // a password in what it says
		s.say(msgFail, failure{Text: "can't reach rtsp://admin:hunter2@10.0.0.1/stream with hunter2"})
	case "quiet":
		return 3
	case "pattern":
		p := flat(1280, 720, 77)
		for s.send(p, time.Now()) == nil {
		}
	}
	return 0
}

// flat is a picture of one grey.
func flat(w, h int, v byte) *planes {
	p := &planes{width: w, height: h, ratio: image.YCbCrSubsampleRatio420}
	p.pix[0], p.stride[0] = make([]byte, w*h), w
	for i := range p.pix[0] {
		p.pix[0][i] = v
	}
	return p
}

// patience bounds what a test waits for; no test needs anything like it.
const patience = 60 * time.Second

// pattern is the test picture: left of the middle black, right white, and a grey ramp that moves in the upper quarter.
const pattern = `geq=lum='if(lt(Y,H/4),mod(X+N*8,200)+20,if(lt(X,W/2),16,235))':cb=128:cr=128`

// fullPattern is pattern in full range.
const fullPattern = `geq=lum='if(lt(Y,H/4),mod(X+N*8,200)+20,if(lt(X,W/2),0,255))':cb=128:cr=128`

// film makes a clip of the pattern with ffmpeg.
func film(t testing.TB, name, size, seconds, filter string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	cmd := []string{"-v", "error", "-y", "-f", "lavfi", "-i", "nullsrc=s=" + size + ":r=25:d=" + seconds + "," + filter}
	ffmpeg(t, append(append(cmd, args...), path)...)
	return path
}

func ffmpeg(t testing.TB, args ...string) {
	t.Helper()
	if out, err := exec.Command("ffmpeg", args...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg (Debian package ffmpeg): %v\n%s", err, out)
	}
}

// checkPattern looks at a frame of the pattern.
func checkPattern(t *testing.T, m *image.YCbCr) {
	t.Helper()
	w, h := m.Rect.Dx(), m.Rect.Dy()
	for _, p := range []struct {
		x, y   int
		lo, hi byte
	}{{w / 4, h * 3 / 4, 0, 6}, {w * 3 / 4, h * 3 / 4, 249, 255}, {2, h - 3, 0, 6}, {w - 3, h - 3, 249, 255}} {
		if v := m.Y[m.YOffset(p.x, p.y)]; v < p.lo || v > p.hi {
			t.Errorf("luma at (%d, %d) of %d×%d is %d, want %d..%d", p.x, p.y, w, h, v, p.lo, p.hi)
		}
		c := m.COffset(p.x, p.y)
		if cb, cr := m.Cb[c], m.Cr[c]; cb < 124 || cb > 132 || cr < 124 || cr > 132 {
			t.Errorf("chroma at (%d, %d) is %d, %d, want 128 ± 4", p.x, p.y, cb, cr)
		}
	}
}

func grab(t testing.TB, src Source, n int) []alpr.Frame {
	t.Helper()
	frames, err := take(t, src, n)
	if len(frames) < n {
		t.Fatalf("%d frames, want %d; error: %v", len(frames), n, err)
	}
	return frames
}
