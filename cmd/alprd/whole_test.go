package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/capture"
)

// From camera to broker on real pictures, through ten deaths: alerts for at least 17 of 20 listed plates, schema-valid
// and with pictures; none for a plate that is neither listed nor one look-alike away; every alert the store acknowledged
// arrives (R18, R52); and nothing in the state directory or the logs holds a plate in the clear (R17, R41).
func TestTheWholeWayThroughTenKills(t *testing.T) {
	set := shared(t, "data/california")
	all := labels(t, set)
	var listed []string
	for i := 4; i < len(all) && len(listed) < 20; i += len(all) / 20 {
		if !slices.Contains(listed, all[i].plate) {
			listed = append(listed, all[i].plate)
		}
	}
	s := newSite(t, filepath.Join(set, "images"), nil)
	sub := s.subscribe()

	// The first life has no list; the list comes through the socket and is in the cache from then on.
	d := s.start()
	eventually(t, "the daemon runs", func() bool { return d.said("running") })
	if code, out, errs := s.alprd("hotlist", "import", s.publish(1, listed)); code != 0 || !strings.Contains(out, "20 entries") {
		t.Fatalf("import: %d %s %s", code, out, errs)
	}
	lives := []*life{d}
	rng := rand.New(rand.NewPCG(20, 26))
	for range 10 {
		time.Sleep(time.Duration(200+rng.IntN(2500)) * time.Millisecond) // the random moment, not a proof
		d.kill()
		d = s.start()
		lives = append(lives, d)
	}
	eventually(t, "the last life has seen every picture", func() bool {
		code, out, _ := s.alprd("status", "--json")
		var st unitStatus
		return code == 0 && json.Unmarshal([]byte(out), &st) == nil && len(st.Health.Cameras) == 1 && st.Health.Cameras[0].State == "ended" &&
			st.Health.Cameras[0].Passes > 150 && st.Health.Queue.Prompt.Count == 0 && st.Health.Queue.Bulk.Count == 0
	})
	var acknowledged []uint64
	for _, l := range lives {
		acknowledged = append(acknowledged, l.acknowledged()...)
	}
	if len(acknowledged) < 20 {
		t.Errorf("only %d messages were acknowledged: the kills hit nothing", len(acknowledged))
	}
	eventually(t, "every acknowledged message arrives", func() bool {
		got := sub.seqs(t)
		return !slices.ContainsFunc(acknowledged, func(q uint64) bool { return !got[q] })
	})
	if code := d.stop(); code != 0 {
		t.Errorf("after SIGTERM the daemon ends with %d", code)
	}

	check, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	truth := tellPictures(t, all)
	found := map[string]bool{}
	scenes := map[string]string{}
	for _, m := range sub.on("alert/scene") {
		if err := check.Check("scene", m); err != nil {
			t.Errorf("a scene breaks its schema: %v", err)
		}
		var sc alpr.Scene
		if err := json.Unmarshal(m, &sc); err != nil {
			t.Fatal(err)
		}
		scenes[sc.SHA256] = truth(sc.SceneJPEG)
	}
	for _, m := range sub.on("alert") {
		if err := check.Check("alert", m); err != nil {
			t.Errorf("an alert breaks its schema: %v", err)
		}
		var a alpr.Alert
		if err := json.Unmarshal(m, &a); err != nil {
			t.Fatal(err)
		}
		if _, err := jpeg.Decode(bytes.NewReader(a.Evidence.PlateJPEG)); err != nil {
			t.Errorf("the plate's picture: %v", err)
		}
		plate, ok := scenes[a.Evidence.SceneSHA256]
		if !ok {
			t.Errorf("the scene of alert %s never came", a.ID)
			continue
		}
		for _, match := range a.Matches {
			if match.Entry.Plate == plate {
				found[plate] = true
			} else if !lookAlike(match.Entry.Plate, plate) {
				t.Errorf("an alert for a plate that is neither listed nor one look-alike away: how=%s posterior=%.2f", match.How, match.Posterior)
			}
		}
	}
	t.Logf("%d of %d listed plates raised alerts; %d messages acknowledged over %d lives", len(found), len(listed), len(acknowledged), len(lives))
	if len(found) < 17 {
		t.Errorf("%d of %d listed plates raised an alert, want 17", len(found), len(listed))
	}
	for _, m := range sub.on("status") {
		if err := check.Check("status", m); err != nil {
			t.Errorf("a status breaks its schema: %v", err)
		}
	}
	for _, m := range sub.on("health") {
		if err := check.Check("health", m); err != nil {
			t.Errorf("health breaks its schema: %v", err)
		}
	}
	nothingInTheClear(t, filepath.Join(s.dir, "state"), all)
	for _, l := range lives {
		for _, p := range all {
			if strings.Contains(l.text(), p.plate) {
				t.Errorf("a plate stands in the log")
			}
		}
	}
}

// nothingInTheClear searches every file of a folder for plates and for JPEG's first bytes.
func nothingInTheClear(t *testing.T, dir string, plates []label) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		files++
		for _, p := range plates {
			if bytes.Contains(b, []byte(p.plate)) {
				t.Errorf("%s holds a plate in the clear", filepath.Base(path))
			}
		}
		if bytes.Contains(b, []byte("\xff\xd8\xff\xdb\x00\x84")) { // as Go's encoder begins a picture
			t.Errorf("%s holds a picture in the clear", filepath.Base(path))
		}
		return nil
	})
	if err != nil || files < 5 {
		t.Errorf("searched %d files: %v", files, err)
	}
}

// tellPictures returns a function that names the plate of the labelled picture a scene shows, by comparing small versions.
func tellPictures(t *testing.T, all []label) func([]byte) string {
	t.Helper()
	thumbs := make([][]int, len(all))
	for i, l := range all {
		m, err := capture.DecodeFile(l.path)
		if err != nil {
			t.Fatal(err)
		}
		thumbs[i] = thumb(m)
	}
	return func(b []byte) string {
		m, err := capture.Decode(bytes.NewReader(b))
		if err != nil {
			t.Errorf("a scene's picture: %v", err)
			return ""
		}
		a, best, at := thumb(m), 1<<60, 0
		for i, c := range thumbs {
			d := 0
			for k := range a {
				d += (a[k] - c[k]) * (a[k] - c[k])
			}
			if d < best {
				best, at = d, i
			}
		}
		return all[at].plate
	}
}

func thumb(m *image.YCbCr) []int {
	const n = 16
	out := make([]int, n*n)
	w, h := m.Rect.Dx()/n, m.Rect.Dy()/n
	for y := range n {
		for x := range n {
			for dy := 0; dy < h; dy += 2 {
				for dx := 0; dx < w; dx += 2 {
					out[y*n+x] += int(m.Y[(y*h+dy)*m.YStride+x*w+dx])
				}
			}
			out[y*n+x] /= max(1, h*w/4)
		}
	}
	return out
}

// lookAlike reports whether two plates differ in one character that dies make alike.
func lookAlike(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	n := 0
	for i := range len(a) {
		if a[i] == b[i] {
			continue
		}
		n++
		alike := slices.ContainsFunc([]string{"0ODQ", "1I7T", "2Z7", "5S", "6G", "8B3", "UV", "VY", "MN", "HN", "WVM", "KX", "EF", "CG", "PR"}, func(set string) bool {
			return strings.IndexByte(set, a[i]) >= 0 && strings.IndexByte(set, b[i]) >= 0
		})
		if !alike {
			return false
		}
	}
	return n <= 1
}
