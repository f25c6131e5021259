package main

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeJPEG makes a grey picture without a plate.
func writeJPEG(t *testing.T, path string) {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 320, 240)), nil); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// A folder is read in the order of its names, sub-folders included; a picture that can't be decoded has its line like the
// others, and the exit code tells.
func TestReadFolderWithABadPicture(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.jpg", "a.jpg", "more/c.jpg"} {
		writeJPEG(t, filepath.Join(dir, name))
	}
	whole, err := os.ReadFile(filepath.Join(dir, "a.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a2.jpg"), whole[:len(whole)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	if code := execute(context.Background(), []string{"read", "--json", dir}, &out, &errs); code != exitFailed {
		t.Errorf("exit code %d, want %d; %s", code, exitFailed, &errs)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 {
		t.Fatalf("%d lines for four pictures:\n%s", len(lines), &out)
	}
	for i, name := range []string{"a.jpg", "a2.jpg", "b.jpg", "more/c.jpg"} {
		var line map[string]any
		if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
			t.Fatalf("line %d: %v", i, err)
		}
		if line["file"] != filepath.Join(dir, name) {
			t.Errorf("line %d is of %v, want %s", i, line["file"], name)
		}
		if _, failed := line["error"]; failed != (name == "a2.jpg") {
			t.Errorf("%s: %v", name, line)
		}
		if plates, ok := line["plates"].([]any); name != "a2.jpg" && (!ok || len(plates) != 0 || line["width"] != 320.0 || line["height"] != 240.0) {
			t.Errorf("a grey picture: %s", lines[i])
		}
	}
}

func TestReadRefusesAClipAsAPicture(t *testing.T) {
	var out, errs bytes.Buffer
	if code := execute(context.Background(), []string{"read", "rtsp://user:secret@192.0.2.1/stream"}, &out, &errs); code != exitUsage {
		t.Errorf("exit code %d", code)
	}
	if s := errs.String(); !strings.Contains(s, "hint:") || !strings.Contains(s, "--video") || strings.Contains(s, "secret") {
		t.Errorf("says %q", s)
	}
}

// sharedPicture is a real picture with a plate, outside the repository.
func sharedPicture(t *testing.T, path string) string {
	t.Helper()
	root := os.Getenv("ALPRD_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path = filepath.Join(root, "data", path)
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs the shared pictures: ", err)
	}
	return path
}

// The line of a picture has the fields of the contract, in its units.
func TestReadLine(t *testing.T) {
	path := sharedPicture(t, "california/images/cars026.jpg")
	var out, errs bytes.Buffer
	if code := execute(context.Background(), []string{"read", "--posteriors", path}, &out, &errs); code != exitDone {
		t.Fatalf("exit code %d; %s", code, &errs)
	}
	var line struct {
		File          string
		Width, Height int
		MS            float64
		Plates        []struct {
			Text                string
			Confidence, Weakest float64
			Region              *string
			RegionConfidence    *float64 `json:"region_confidence"`
			Small               []int
			Corners             [4][2]int
			CharHeightPx        float64 `json:"char_height_px"`
			Candidates          []struct {
				Text       string
				Confidence float64
				Small      []int
			}
			Lattice    [][][2]any
			Posteriors []string
		}
	}
	dec := json.NewDecoder(&out)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&line); err != nil {
		t.Fatal(err)
	}
	if line.File != path || line.Width != 640 || line.Height != 480 || line.MS <= 0 || len(line.Plates) != 1 {
		t.Fatalf("line %+v", line)
	}
	p := line.Plates[0]
	if p.Text != "4YTD483" || p.Region != nil || p.RegionConfidence == nil || p.Small == nil {
		t.Errorf("plate %+v", p)
	}
	if n := len(p.Candidates); n < 1 || n > 10 || p.Candidates[0].Text != p.Text || p.Candidates[0].Confidence > p.Confidence {
		t.Errorf("candidates %v", p.Candidates)
	}
	if p.Weakest < p.Candidates[0].Confidence || p.Weakest > 1 || len(p.Lattice) < len(p.Text) {
		t.Errorf("weakest %v, lattice %v", p.Weakest, p.Lattice)
	}
	spelt := ""
	for _, slot := range p.Lattice {
		spelt += slot[0][0].(string)
	}
	if spelt != p.Text {
		t.Errorf("the lattice's best spells %q", spelt)
	}
	// The label's box is tight around the characters: x 264–340, y 219–244.
	if c := p.Corners; c[0][0] > 270 || c[2][0] < 334 || c[0][1] > 222 || c[2][1] < 241 {
		t.Errorf("corners %v", c)
	}
	if p.CharHeightPx < 12 || p.CharHeightPx > 30 || len(p.Posteriors) != 2 {
		t.Errorf("characters %v px, %d posteriors", p.CharHeightPx, len(p.Posteriors))
	}
}
