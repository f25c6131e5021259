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

	"alprd/internal/alpr"
	"alprd/internal/demo"
)

// legible draws a frame of traffic in which plates can be read, and tells their texts.
func legible(t *testing.T) (*image.YCbCr, []demo.Truth) {
	t.Helper()
	traffic := demo.NewTraffic(11, demo.Options{Clean: true})
	for n := 30; n < 600; n += 5 {
		img, truths := traffic.Frame(n)
		for _, v := range truths {
			if v.Width > 90 && v.Hidden == 0 {
				return img, truths
			}
		}
	}
	t.Fatal("no plate comes near enough")
	return nil, nil
}

// What --explain writes, read back: a page for each picture, and explain.json with what was reported and what was dropped and
// why. Both hold plates, so nobody else may read them.
func TestExplain(t *testing.T) {
	img, truths := legible(t)
	pictures, out := t.TempDir(), filepath.Join(t.TempDir(), "why")
	for _, name := range []string{"lane.jpg", "more/lane.jpg"} {
		path := filepath.Join(pictures, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stdout, errs bytes.Buffer
	if code := execute(context.Background(), []string{"read", "--json", "--explain", "--out", out, pictures}, &stdout, &errs); code != exitDone {
		t.Fatalf("exit code %d: %s", code, &errs)
	}
	raw, err := os.ReadFile(filepath.Join(out, "explain.json"))
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Pictures []explained }
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Pictures) != 2 || got.Pictures[0].Page == got.Pictures[1].Page {
		t.Fatalf("%d pictures explained, pages %q", len(got.Pictures), []string{got.Pictures[0].Page, got.Pictures[len(got.Pictures)-1].Page})
	}
	var line pictureLine
	if err := json.Unmarshal(bytes.SplitN(stdout.Bytes(), []byte("\n"), 2)[0], &line); err != nil {
		t.Fatal(err)
	}
	for _, p := range got.Pictures {
		page, err := os.ReadFile(filepath.Join(out, p.Page))
		if err != nil {
			t.Fatal(err)
		}
		for _, outside := range []string{"http://", "https://", "<link", "<script", "@import"} {
			if bytes.Contains(page, []byte(outside)) {
				t.Errorf("%s is not self-contained: it holds %q", p.Page, outside)
			}
		}
		var texts []string
		for i, place := range p.Places {
			if place.Why == "" || !bytes.Contains(page, []byte(escaped(place.Why))) {
				t.Errorf("%s doesn't say why place %d was %s", p.Page, i, place.Verdict)
			}
			if place.Verdict == "reported" {
				texts = append(texts, place.Text)
			}
			if len(place.Views) < 2 {
				t.Errorf("place %d was shown to the recogniser %d times", i, len(place.Views))
			}
			for _, v := range place.Views {
				post, err := alpr.ParseHalf(v.Posterior)
				if err != nil || post.Columns() == 0 || len(v.Columns) != len(v.Text) {
					t.Errorf("a view of place %d: %d columns for %d characters, %v", i, len(v.Columns), len(v.Text), err)
				}
			}
			if q := place.Quality; q.WidthPx <= 0 || q.HeightPx <= 0 || q.Contrast < 0 || q.Contrast > 255 || q.ClippedPct < 0 || q.ClippedPct > 100 || q.EdgePx < 0 {
				t.Errorf("place %d measures %+v", i, q)
			}
		}
		if len(texts) != len(line.Plates) {
			t.Errorf("%d places are explained as reported, the picture's line has %d plates", len(texts), len(line.Plates))
		}
		for i := range min(len(texts), len(line.Plates)) {
			if texts[i] != line.Plates[i].Text {
				t.Error("the explanation reports another text than the line")
			}
		}
		for _, v := range truths {
			if v.Width > 90 && v.Hidden == 0 && !strings.Contains(strings.Join(texts, " "), v.Text) {
				t.Errorf("a plate %.0f px wide is not among the %d reported", v.Width, len(texts))
			}
		}
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 {
		t.Errorf("%d files for two pages and their summary", len(entries))
	}
	for _, e := range entries {
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s can be read by others: %v, %v", e.Name(), info.Mode(), err)
		}
	}
}

// escaped is how a sentence stands in a page.
func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;").Replace(s)
}

// Plates in the clear are only written where somebody said they may: --explain needs a folder, and a folder without it is
// a mistake too.
func TestExplainNeedsAFolder(t *testing.T) {
	dir := t.TempDir()
	pic := filepath.Join(dir, "a.jpg")
	writeJPEG(t, pic)
	for _, args := range [][]string{
		{"read", "--explain", pic}, {"read", "--out", dir, pic}, {"read", "--explain", "--out", pic, pic}, {"read", "--explain", "--video", "--out", dir, pic},
	} {
		var out, errs bytes.Buffer
		if code := execute(context.Background(), args, &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "hint:") {
			t.Errorf("%v: exit code %d, %q", args[1:3], code, &errs)
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 {
		t.Errorf("%d files after refused commands", len(entries))
	}
}
