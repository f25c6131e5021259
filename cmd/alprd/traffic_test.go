package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"alprd/internal/alpr"
	"alprd/internal/capture/rtsptest"
)

// passes runs `alprd read --video --json` on a clip.
func passes(t *testing.T, clip string) (texts []string) {
	t.Helper()
	var out, errs bytes.Buffer
	if code := execute(t.Context(), []string{"read", "--video", "--json", clip}, &out, &errs); code != exitDone {
		t.Fatalf("exit code %d: %s", code, errs.String())
	}
	for line := range strings.Lines(out.String()) {
		var p struct{ Text string }
		if err := json.Unmarshal([]byte(line), &p); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		texts = append(texts, p.Text)
	}
	return texts
}

// Three vehicles drive through a toll gate, under a burnt-in date, station name and number: three events, and none of
// them is what is burnt in.
func TestClipGivesOneEventAVehicle(t *testing.T) {
	got := passes(t, shared(t, "data/video/parkpow_vn_toll.mp4"))
	if len(got) != 3 {
		t.Errorf("%d events for three vehicles", len(got))
	}
	for _, text := range got {
		for _, burnt := range []string{"2020", "0522", "14B02819", "ETC", "TRUOC"} {
			if strings.Contains(text, burnt) {
				t.Errorf("an event's text holds the burnt-in %s", burnt)
			}
		}
	}
}

// A car park from above, plates too small to read: nothing is read.
func TestClipWithNothingToRead(t *testing.T) {
	if got := passes(t, shared(t, "data/video/intel_car_detection.mp4")); len(got) != 0 {
		t.Errorf("%d events where nothing can be read", len(got))
	}
}

// The toll gate's clip over RTSP, from a server that is stopped and started three times: reading goes on each time, and
// the daemon never ends.
func TestStreamComesBackThreeTimes(t *testing.T) {
	reel := rtsptest.ShootFile(t, "h264", shared(t, "data/video/parkpow_vn_toll.mp4"), "-an", "-pix_fmt", "yuv420p")
	server := &rtsptest.Server{T: t, Reel: reel}
	server.Start()
	s := newSite(t, server.URL(), func(m map[string]any) { put(m, strings.Split("cameras.0.silence", "."), "2s") })
	d := s.start()
	camera := func() alpr.CameraHealth {
		code, out, _ := s.alprd("status", "--json")
		var st unitStatus
		if code != 0 || json.Unmarshal([]byte(out), &st) != nil || len(st.Health.Cameras) != 1 {
			return alpr.CameraHealth{}
		}
		return st.Health.Cameras[0]
	}
	for n := range 4 {
		before := camera().Passes
		eventually(t, "vehicles are read", func() bool { return camera().Passes > before+1 })
		if n == 3 {
			break
		}
		server.End()
		eventually(t, "the loss is told", func() bool { return camera().State == "failed" })
		server.Start()
	}
	server.End()
	if c := camera(); c.Reconnects < 3 {
		t.Errorf("%d reconnects after three losses", c.Reconnects)
	}
	if code := d.stop(); code != 0 {
		t.Errorf("after SIGTERM the daemon ends with %d", code)
	}
}
