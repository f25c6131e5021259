package capture

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// Cameras take their passwords in every place of a URL; none of them may be seen (R17).
func TestRedact(t *testing.T) {
	for raw, want := range map[string]string{
		"rtsp://10.0.0.1/stream1":                                           "rtsp://10.0.0.1/stream1",
		"rtsp://10.0.0.1:8554":                                              "rtsp://10.0.0.1:8554",
		"rtsp://admin:s3cret@10.0.0.1:554/stream1":                          "rtsp://10.0.0.1:554/stream1",
		"rtsp://admin:s3c@ret@10.0.0.1/stream1":                             "rtsp://10.0.0.1/stream1",
		"rtsp://admin:s3c%40ret@10.0.0.1/stream1":                           "rtsp://10.0.0.1/stream1",
		"rtsp://admin:s3c/ret@10.0.0.1/stream1":                             "rtsp://10.0.0.1/stream1",
		"rtsp://10.0.0.1/live?user=admin&password=s3cret&channel=1":         "rtsp://10.0.0.1/…",
		"rtsp://10.0.0.1/user=admin_password=s3cret_channel=1_stream=0":     "rtsp://10.0.0.1/…",
		"rtsp://10.0.0.1/user=admin&password=s3cret&channel=1&stream=0.sdp": "rtsp://10.0.0.1/…",
		"/dev/video0":        "/dev/video0",
		"/srv/clips/a=b.mp4": "/srv/clips/a=b.mp4",
	} {
		if got := redact(raw); got != want {
			t.Errorf("redact(%s) = %s, want %s", raw, got, want)
		}
		text := fmt.Sprintf("dial %s: refused (password s3cret, s3c@ret, s3c%%40ret, s3c/ret)", raw)
		for _, secret := range []string{"s3cret", "s3c@ret", "s3c%40ret", "s3c/ret"} {
			if strings.Contains(raw, secret) && strings.Contains(scrub(text, raw), secret) {
				t.Errorf("scrub leaves %q: %s", secret, scrub(text, raw))
			}
		}
		// What the standard library writes of a URL that it can't parse, or has parsed.
		if _, err := url.Parse(raw + "\x7f"); err != nil && strings.Contains(scrub(err.Error(), raw), "s3cret") {
			t.Errorf("scrub(%v) = %s", err, scrub(err.Error(), raw))
		}
	}
}

// A run with everything logged, and a password that can be recognised: it is in no log line, no error and no health.
func TestNoPasswordInLogs(t *testing.T) {
	core, log := observer.New(zap.DebugLevel)
	logger := zap.New(core)
	const canary = "kanarienvogel"
	for _, c := range []struct{ url, args string }{
		{"rtsp://" + canary + "user:" + canary + "@127.0.0.1:1/a", ChildCommand},
		{"rtsp://127.0.0.1:1/a?password=" + canary, ChildCommand},
		{"rtsp://x:" + canary + "@127.0.0.1:1/a", "rogue-segv"},
	} {
		cam := Camera{Name: "c", URL: c.url}
		src, err := Open(cam, Options{Log: logger, Args: []string{c.args}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		twice := &script{runs: []func(context.Context, func(alpr.Frame)) error{
			src.Run, // fails, which the keeper logs
			func(context.Context, func(alpr.Frame)) error { cancel(); return nil },
		}}
		k := NewKeeper(cam, twice, NewRing(1), logger)
		if err := k.Run(ctx); err != nil || len(twice.at) != 2 {
			t.Errorf("Run = %v after %d runs", err, len(twice.at))
		}
		_, err = take(t, src, -1)
		logger.Error("lost", zap.Error(err), zap.Any("health", k.Health(time.Now())))
		for e := err; e != nil; e = errors.Unwrap(e) {
			if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), canary) {
				t.Errorf("%s: an error holds the password: %v", c.args, e)
			}
		}
	}
	for _, e := range log.All() {
		if s := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(s, canary) {
			t.Errorf("the log holds the password: %s", s)
		}
	}
	for _, bad := range []string{"rtsp://u:" + canary + "@/a", "rtsp://u:" + canary + "@[::1/a", "http://u:" + canary + "@10.0.0.1/a"} {
		if _, err := Open(Camera{Name: "c", URL: bad}, Options{}); err == nil || strings.Contains(err.Error(), canary) {
			t.Errorf("%v", err)
		}
	}
}

// A configuration that can't work is refused with what is wrong and how to mend it.
func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		cam  Camera
		want string
	}{
		{Camera{URL: "rtsp://10.0.0.1/a"}, "no name"},
		{Camera{Name: "c"}, "no url"},
		{Camera{Name: "c", URL: "http://10.0.0.1/a.mjpg"}, `can't read "http" URLs`},
		{Camera{Name: "c", URL: "rtsp:///a"}, "names no host"},
		{Camera{Name: "c", URL: "rtsp://10.0.0.1/a", FPS: -1}, "fps"},
		{Camera{Name: "c", URL: "rtsp://10.0.0.1/a", Transport: "quic"}, "transport"},
		{Camera{Name: "c", URL: "rtsp://10.0.0.1/a", Silence: -1}, "negative"},
		{Camera{Name: "c", URL: "v4l2:/dev/video0", Device: Device{Format: "YUV"}}, "FourCC"},
		{Camera{Name: "c", URL: "v4l2:/dev/video0", Device: Device{Width: 1 << 20}}, "width"},
	} {
		_, err := Open(c.cam, Options{})
		var hint interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, &hint) || hint.Hint() == "" {
			t.Errorf("%+v: %v, want %q and a hint", c.cam, err, c.want)
		}
	}
}

func TestKind(t *testing.T) {
	folder := t.TempDir() + "/pictures.mp4" // a folder, whatever it is called
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]Kind{
		"rtsp://a/b": Stream, "RTSPS://a/b": Stream, "v4l2:/dev/video0": V4L2, "/dev/video3": V4L2, "/dev/v4l/by-id/x": V4L2,
		"a.mp4": Clip, "/x/A.MKV": Clip, "a.jpg": Stills, "/x/y": Stills, folder: Stills,
	} {
		if got := (Camera{URL: url}).Kind(); got != want {
			t.Errorf("%s is %v, want %v", url, got, want)
		}
	}
}
