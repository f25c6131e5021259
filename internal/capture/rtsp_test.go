package capture

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/capture/rtsptest"

	"github.com/pion/rtp"
)

func patternSource(size, seconds string) string {
	return "nullsrc=s=" + size + ":r=25:d=" + seconds + "," + pattern
}

// serve starts a camera that shows the reel, for the length of the test.
func serve(t testing.TB, r *rtsptest.Reel) *rtsptest.Server {
	v := &rtsptest.Server{T: t, Reel: r}
	v.Start()
	t.Cleanup(func() { v.End() })
	return v
}

func open(t testing.TB, cam Camera) Source {
	t.Helper()
	cam.Name = "c"
	src, err := Open(cam, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestStreamContract(t *testing.T) {
	for _, c := range []struct {
		codec string
		args  []string
	}{
		{"h264", []string{"-pix_fmt", "yuv420p"}},
		{"h265", []string{"-pix_fmt", "yuv420p"}},
		{"mjpeg", []string{"-vf", "scale=out_range=pc", "-pix_fmt", "yuvj420p"}},
	} {
		t.Run(c.codec, func(t *testing.T) {
			v := serve(t, rtsptest.Shoot(t, c.codec, patternSource("320x240", "2"), c.args...))
			prove := contractFrames
			if c.codec == "h264" {
				prove = contract
			}
			prove(t, 320, 240, func(*testing.T) Camera { return Camera{URL: v.URL()} })
		})
	}
}

// The camera reboots three times: each time frames come again, numbered on (field.md 5.7: half of the world's recorders
// don't manage this).
func TestCameraReboots(t *testing.T) {
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", patternSource("320x240", "2"), "-pix_fmt", "yuv420p")}
	v.Start()
	cam := Camera{Name: "c", URL: v.URL(), Silence: 5 * time.Second}
	src, err := Open(cam, Options{})
	if err != nil {
		t.Fatal(err)
	}
	ring := NewRing(4)
	k := NewKeeper(cam, src, ring, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	done := make(chan error, 1) // the one result
	go func() { done <- k.Run(ctx) }()
	var last, seen uint64 // sequence number; reconnects that frames came after
	reboots, fresh := 0, 0
	for f, ok := ring.Next(); ok; f, ok = ring.Next() {
		if f.Seq <= last {
			t.Fatalf("frame %d after %d", f.Seq, last)
		}
		last = f.Seq
		checkPattern(t, f.Image)
		h := k.Health(time.Now())
		if reboots > 0 && h.Reconnects <= seen {
			continue // sent before the reboot
		}
		if fresh++; fresh < 20 {
			continue
		}
		if reboots == 3 {
			cancel()
			break
		}
		seen, fresh = h.Reconnects, 0
		reboots++
		v.End()
		for reboots == 1 && k.Health(time.Now()).Reconnects < seen+2 && ctx.Err() == nil { // it looks for the camera, and finds nothing
			time.Sleep(10 * time.Millisecond)
		}
		v.Start()
	}
	for _, ok := ring.Next(); ok; _, ok = ring.Next() { // what is left
	}
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
	v.End()
	if h := k.Health(time.Now()); reboots != 3 || h.Reconnects < 3 || h.LastError == "" {
		t.Errorf("%d reboots survived; %+v", reboots, h)
	}
}

// The camera answers everything and then sends nothing.
func TestSilentCamera(t *testing.T) {
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", patternSource("320x240", "1"), "-pix_fmt", "yuv420p"), Silent: true}
	v.Start()
	defer v.End()
	frames, err := take(t, open(t, Camera{URL: v.URL(), Silence: 2 * time.Second}), 1)
	if err == nil || len(frames) > 0 || !errors.Is(err, ErrSilent) && !strings.Contains(err.Error(), "the stream ended: TCP timeout") {
		t.Errorf("%d frames, %v", len(frames), err)
	}
}

// Something accepts the connection and never answers.
func TestMuteServer(t *testing.T) {
	l := listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	_, err := take(t, open(t, Camera{URL: "rtsp://" + l + "/a", Silence: 2 * time.Second}), 1)
	if err == nil || !errors.Is(err, ErrSilent) && !strings.Contains(err.Error(), "timed out") {
		t.Errorf("Run = %v", err)
	}
}

// Something answers with what is not RTSP.
func TestNotRTSP(t *testing.T) {
	for name, answer := range map[string]string{"HTTP": "HTTP/1.1 400 Bad Request\r\n\r\n", "noise": strings.Repeat("\x00\xff$\x17", 1<<14)} {
		t.Run(name, func(t *testing.T) {
			l := listen(t, func(c net.Conn) { io.WriteString(c, answer); io.Copy(io.Discard, c) })
			_, err := take(t, open(t, Camera{URL: "rtsp://u:hunter2@" + l + "/a", Silence: 2 * time.Second}), 1)
			if err == nil || errors.Is(err, errEnough) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("Run = %v", err)
			}
		})
	}
}

func listen(t *testing.T, serve func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { // ends with the client
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

// Every packet's payload is noise: no frame, no crash, and in the end silence.
func TestGarbageStream(t *testing.T) {
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", patternSource("320x240", "1"), "-pix_fmt", "yuv420p")}
	v.Spoil = func(n int, pkts []*rtp.Packet) bool {
		for _, p := range pkts {
			p.Payload = make([]byte, len(p.Payload)) // the old one belongs to the reel
			rand.Read(p.Payload)
		}
		return true
	}
	v.Start()
	defer v.End()
	src := open(t, Camera{URL: v.URL(), Silence: 3 * time.Second})
	frames, err := take(t, src, 1)
	if len(frames) > 0 || err == nil {
		t.Errorf("%d frames, %v", len(frames), err)
	}
}

// Every third group of pictures has a frame that was cut short: it, and what is predicted from it, is counted and not shown.
// (A bit that flips without breaking the syntax can't be noticed, H.264 has no checksum; but TCP has.)
func TestDamagedFramesAreNotShown(t *testing.T) {
	// A picture that a missing part can't but change: lots of detail, everywhere, in motion.
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", "testsrc2=s=320x240:r=25:d=2", "-vf", "noise=alls=20:allf=t", "-pix_fmt", "yuv420p")}
	good := decodeReel(t, v.Reel)
	v.Spoil = func(n int, pkts []*rtp.Packet) bool {
		if n%30 == 15 {
			last := pkts[len(pkts)-1]
			last.Payload = last.Payload[:2+len(last.Payload)/3] // a shorter slice of it: the reel stays as it is
		}
		return true
	}
	v.Start()
	defer v.End()
	src := open(t, Camera{URL: v.URL()})
	frames := grab(t, src, 80)
	for _, f := range frames {
		if !good[sumOf(f)] {
			t.Errorf("frame %d is none of those that were sent", f.Seq)
		}
	}
	_, damaged := src.(*process).counts()
	if damaged < 5 {
		t.Errorf("%d damaged frames counted", damaged)
	}
}

// A frame is lost on the way (UDP does that): those predicted from it are not shown.
func TestLostFrames(t *testing.T) {
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", "testsrc2=s=320x240:r=25:d=2", "-pix_fmt", "yuv420p")}
	good := decodeReel(t, v.Reel)
	v.Spoil = func(n int, pkts []*rtp.Packet) bool { return n%20 != 5 }
	v.Start()
	defer v.End()
	src := open(t, Camera{URL: v.URL()})
	for _, f := range grab(t, src, 60) {
		if !good[sumOf(f)] {
			t.Errorf("frame %d is none of those that were sent", f.Seq)
		}
	}
}

// decodeReel gives the checksums of all the frames of a reel.
func decodeReel(t *testing.T, r *rtsptest.Reel) map[uint32]bool {
	d, err := newDecoder(h264, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	good := map[uint32]bool{}
	tones := newRanges()
	for range 2 {
		for _, u := range r.Units {
			if err := d.send(annexB(nil, u...), time.Now()); err != nil {
				t.Fatal(err)
			}
			for {
				p, err := d.receive()
				if err != nil {
					break
				}
				b := make([]byte, planesSize(p.width, p.height, p.ratio))
				p.pack(b, tones)
				good[sumOf(alpr.Frame{Image: adopt(b, p.width, p.height, p.ratio)})] = true
			}
		}
	}
	if len(good) < len(r.Units)-1 {
		t.Fatalf("%d different frames of %d", len(good), len(r.Units))
	}
	return good
}

func sumOf(f alpr.Frame) uint32 {
	var z freeze
	z.see(f.Image, time.Time{})
	return z.sum
}

func TestLogin(t *testing.T) {
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", patternSource("320x240", "1"), "-pix_fmt", "yuv420p"), User: "operator", Password: "hunter2$x"}
	v.Start()
	defer v.End()
	t.Run("right", func(t *testing.T) { grab(t, open(t, Camera{URL: v.URL()}), 3) })
	// Digest login is MD5, which the unit's FIPS mode refuses everywhere else (R43).
	t.Run("right, in FIPS mode", func(t *testing.T) {
		t.Setenv("GODEBUG", "fips140=only")
		grab(t, open(t, Camera{URL: v.URL()}), 3)
	})
	for _, wrong := range []string{"rtsp://operator:wrong-secret@" + v.Addr + "/stream", "rtsp://" + v.Addr + "/stream"} {
		_, err := take(t, open(t, Camera{URL: wrong}), 1)
		var hint interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), "refused user and password") || !errors.As(err, &hint) || hint.Hint() == "" {
			t.Errorf("Run = %v", err)
		}
		if strings.Contains(fmt.Sprintf("%v %+v %s", err, err, hint.Hint()), "wrong-secret") {
			t.Errorf("the password is in the error: %v", err)
		}
	}
}

// The camera's resolution is changed while it runs: the frames change, nothing else.
func TestResolutionChanges(t *testing.T) {
	small := rtsptest.Shoot(t, "h264", patternSource("320x240", "1"), "-pix_fmt", "yuv420p")
	big := rtsptest.Shoot(t, "h264", patternSource("640x368", "1"), "-pix_fmt", "yuv420p")
	small.Units = append(small.Units, big.Units...)
	v := serve(t, small)
	sizes := map[string]int{}
	for _, f := range grab(t, open(t, Camera{URL: v.URL()}), 60) {
		checkPattern(t, f.Image)
		sizes[f.Image.Rect.Size().String()]++
	}
	if len(sizes) != 2 || sizes["(320,240)"] < 10 || sizes["(640,368)"] < 10 {
		t.Errorf("sizes %v", sizes)
	}
}

func TestNoCamera(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	for url, want := range map[string]string{
		"rtsp://u:hunter2@" + addr + "/a": "connection refused",
		"v4l2:/dev/video99":               `there is no device "/dev/video99"`,
		"/dev/video98":                    `there is no device "/dev/video98"`,
		"v4l2:/dev/null":                  `"/dev/null" can't be opened as a camera`,
		"/no/such/clip.mp4":               `there is no file "/no/such/clip.mp4"`,
		"/no/such/folder":                 `there is no file "/no/such/folder"`,
		t.TempDir():                       "there is no picture in",
	} {
		_, err := take(t, open(t, Camera{URL: url}), 1)
		var hint interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", url, err)
		}
		if !errors.As(err, &hint) || hint.Hint() == "" {
			t.Errorf("%s: no hint", url)
		}
	}
}

// A unit that ends says goodbye: cameras keep lost sessions for minutes, and allow few.
func TestTeardown(t *testing.T) {
	v := serve(t, rtsptest.Shoot(t, "h264", patternSource("320x240", "1"), "-pix_fmt", "yuv420p"))
	grab(t, open(t, Camera{URL: v.URL()}), 2)
	select {
	case <-v.Torn:
	case <-time.After(patience):
		t.Error("the camera got no TEARDOWN")
	}
}

func TestUDP(t *testing.T) {
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", patternSource("320x240", "1"), "-pix_fmt", "yuv420p"), UDP: true}
	v.Start()
	defer v.End()
	for _, f := range grab(t, open(t, Camera{URL: v.URL(), Transport: "udp"}), 10) {
		checkPattern(t, f.Image)
	}
}

// RTSPS: a camera whose certificate the given authority signed is trusted, any other isn't.
func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		t.Fatal(err)
	}
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", patternSource("320x240", "1"), "-pix_fmt", "yuv420p"),
		TLS: &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	v.Start()
	defer v.End()
	grab(t, open(t, Camera{URL: v.URL(), TLSCA: ca}), 2)
	if _, err := take(t, open(t, Camera{URL: v.URL()}), 1); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("Run = %v", err)
	}
}

// At most so many frames a second, and no gap for those that were left out on purpose.
func TestRateIsHeld(t *testing.T) {
	v := serve(t, rtsptest.Shoot(t, "h264", patternSource("320x240", "2"), "-pix_fmt", "yuv420p"))
	frames := grab(t, open(t, Camera{URL: v.URL(), FPS: 5}), 11)
	if d := frames[10].At.Sub(frames[0].At); d < 1800*time.Millisecond {
		t.Errorf("eleven frames in %v, want about 2 s", d)
	}
	for i, f := range frames {
		if f.Seq != uint64(i+1) {
			t.Errorf("frame %d has number %d", i+1, f.Seq)
		}
	}
}

// The reader is away while the camera goes on: what it missed was dropped, is counted, and shows as a gap.
func TestSlowReaderOfALiveCamera(t *testing.T) {
	v := &rtsptest.Server{T: t, Reel: rtsptest.Shoot(t, "h264", patternSource("640x480", "2"), "-pix_fmt", "yuv420p")}
	sent := make(chan int, 1) // the latest frame's number; an older one makes room for it
	v.Spoil = func(n int, _ []*rtp.Packet) bool {
		select {
		case <-sent:
		default:
		}
		sent <- n
		return true
	}
	v.Start()
	defer v.End()
	src := open(t, Camera{URL: v.URL()})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var seqs []uint64
	err := src.Run(ctx, func(f alpr.Frame) {
		if seqs = append(seqs, f.Seq); len(seqs) == 1 {
			for first := <-sent; <-sent < first+50 && ctx.Err() == nil; {
			}
		}
		if len(seqs) == 30 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(seqs) != 30 {
		t.Fatalf("Run = %v after %d frames", err, len(seqs))
	}
	missing := seqs[29] - 30
	dropped, _ := src.(*process).counts()
	if missing < 20 || dropped < missing {
		t.Errorf("%d frames are missing, %d counted as dropped", missing, dropped)
	}
}

// A camera with B frames: they come out in the order in which they are to be seen, and time goes forward.
func TestBFrames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "raw")
	ffmpeg(t, "-v", "error", "-f", "lavfi", "-i", patternSource("320x240", "1"), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-bf", "2",
		"-x264-params", "b-adapt=0:keyint=25", "-bsf:v", "h264_metadata=aud=insert", "-f", "h264", path)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	v := serve(t, rtsptest.Develop(t, "h264", raw))
	frames := grab(t, open(t, Camera{URL: v.URL()}), 50)
	back := 0
	for i, f := range frames[1:] {
		// The ramp moves by eight levels a frame, and starts anew after the 25th.
		step := int(f.Image.Y[100]) - int(frames[i].Image.Y[100])
		if step < 0 {
			back++
		}
		if f.At.Before(frames[i].At) {
			t.Errorf("frame %d is from before frame %d", f.Seq, frames[i].Seq)
		}
	}
	if back > 6 { // the ramp's own wraps, and the reel's
		t.Errorf("the picture went back %d times", back)
	}
}
