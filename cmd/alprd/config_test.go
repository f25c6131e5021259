package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

// The shipped sample must load as it stands, or its first user starts with an error.
func TestSampleConfigurationLoads(t *testing.T) {
	c, err := loadConfig("../../configs/alprd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if c.Profile.Name != "kinston" || c.Profile.Retention != 90*24*time.Hour || c.Uplink.HealthEvery != time.Minute ||
		c.Profile.Hotlists.MaxRejects != 0.01 || !*c.Cameras[0].MotionGate || *c.Hotlists[0].Threshold != 0.05 {
		t.Errorf("the sample loads as %+v", c)
	}
	if !filepath.IsAbs(c.Uplink.CA) && c.Uplink.CA != "../../configs/tls/ca.pem" {
		t.Errorf("a relative path is not relative to the file: %s", c.Uplink.CA)
	}
}

// What the sample says of a default must be the default: the file without that line loads the same.
func TestSampleShowsTheDefaults(t *testing.T) {
	full, err := loadConfig("../../configs/alprd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"state_dir", "socket", "log.level", "log.format", "uplink.topic_prefix", "uplink.custody",
		"uplink.health_every", "evidence.jpeg_quality", "evidence.read_pictures", "cameras.0.working_size", "cameras.0.motion_gate", "cameras.0.silence",
		"cameras.0.fps", "reader.backend", "reader.region", "hotlists.0.threshold"} {
		file := edit(t, func(m map[string]any) { remove(m, strings.Split(path, ".")) })
		got, err := loadConfig(file)
		if err != nil {
			t.Errorf("without %s: %v", path, err)
			continue
		}
		if a, b := render(full, "../../configs"), render(got, filepath.Dir(file)); a != b {
			t.Errorf("without %s the default differs:\n%s\n%s", path, a, b)
		}
	}
}

func render(c config, dir string) string {
	b, err := yaml.Marshal(c)
	if err != nil {
		panic(err)
	}
	return strings.ReplaceAll(string(b), dir, "DIR")
}

// A zone reaches the camera's decoder and its reader as it was written.
func TestZoneIsRead(t *testing.T) {
	c, err := loadConfig(edit(t, func(m map[string]any) {
		put(m, []string{"cameras", "0", "zone"}, [][]any{{0, 0.4}, {1, 0.4}, {1, 1}, {0, 1}})
	}))
	if err != nil {
		t.Fatal(err)
	}
	if z, err := c.Cameras[0].zone(); err != nil || len(z) != 4 || z[1] != [2]float64{1, 0.4} {
		t.Errorf("%v, %v", z, err)
	}
}

func TestDurhamKeepsThirtyDays(t *testing.T) {
	p, err := loadProfile("../../configs/profiles/durham.yaml")
	if err != nil || p.Retention != 30*24*time.Hour {
		t.Errorf("durham: %+v, %v", p, err)
	}
}

// Each mistake must be answered with the file, the key and a way to mend it.
func TestMistakesAreNamed(t *testing.T) {
	set := func(path string, v any) func(map[string]any) {
		return func(m map[string]any) { put(m, strings.Split(path, "."), v) }
	}
	for _, c := range []struct {
		story    string
		edit     func(map[string]any)
		key, say string
	}{
		{"a misspelt key", set("uplink.brokker", "ssl://x:1"), "uplink.brokker", "not a setting"},
		{"a misspelt key at the top", set("stat_dir", "/x"), "stat_dir", "not a setting"},
		{"a misspelt key of a camera", set("cameras.0.sorce", "x"), "cameras[0].sorce", "not a setting"},
		{"a time without unit", set("uplink.health_every", 60), "uplink.health_every", "no unit"},
		{"a plain-text broker", set("uplink.broker", "tcp://127.0.0.1:1883"), "uplink.broker", "not an ssl"},
		{"a password in the address", set("cameras.0.source", "rtsp://u:geheim@h/x"), "cameras[0].source", "holds a password"},
		{"a unit without a name", set("unit.id", ""), "unit.id", "does not name a unit"},
		{"a threshold of 3", set("hotlists.0.threshold", 3), "hotlists[0].threshold", "out of range"},
		{"two cameras of one name", func(m map[string]any) { m["cameras"] = append(m["cameras"].([]any), m["cameras"].([]any)[0]) }, "cameras[1].name", "used twice"},
		{"a back end that isn't there", set("reader.backend", "cuda"), "reader.backend", "\"cuda\" is not one"},
		{"a state that isn't one", set("reader.region", "us-xx"), "reader.region", "\"us-xx\" is no state"},
		{"a zone in pixels", set("cameras.0.zone", [][]any{{0, 300}, {1280, 300}, {1280, 720}}), "cameras[0].zone", "fractions"},
		{"a zone of two corners", set("cameras.0.zone", [][]any{{0, 0.3}, {1, 1}}), "cameras[0].zone", "needs three"},
		{"a zone's corner of three numbers", set("cameras.0.zone", [][]any{{0, 0.3}, {1, 0.3, 1}, {1, 1}}), "cameras[0].zone", "3 numbers"},
		{"a zone as one list", set("cameras.0.zone", []any{0, 0.3, 1, 1}), "cameras[0].zone", ""},
		{"a word for a number", set("evidence.jpeg_quality", "good"), "evidence.jpeg_quality", ""},
	} {
		file := edit(t, c.edit)
		_, err := loadConfig(file)
		if err == nil {
			t.Errorf("%s: accepted", c.story)
			continue
		}
		var ce *configError
		if !errors.As(err, &ce) || ce.Hint() == "" {
			t.Errorf("%s: no hint in %v", c.story, err)
		}
		if msg := err.Error(); !strings.Contains(msg, file) || !strings.Contains(msg, c.key) || !strings.Contains(msg, c.say) || strings.Contains(msg, "geheim") {
			t.Errorf("%s: %v", c.story, err)
		}
	}
}

// R2: the retention has a unit and stays within the statute; the daemon refuses to start otherwise.
func TestRetentionBounds(t *testing.T) {
	sample, err := os.ReadFile("../../configs/profiles/kinston.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for value, say := range map[string]string{"90": "no unit", "91d": "20-183.32(a)", "2161h": "20-183.32(a)", "0d": "missing", "1h": "shorter", "\"90\"": "no unit", "-5d": "no length", "36h": "whole number"} {
		file := filepath.Join(t.TempDir(), "p.yaml")
		text := strings.Replace(string(sample), "retention: 90d", "retention: "+value, 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := loadProfile(file)
		if err == nil || !strings.Contains(err.Error(), "retention") || !strings.Contains(err.Error(), say) {
			t.Errorf("retention: %s gave %v, want words about %q", value, err, say)
		}
	}
	for _, value := range []string{"1d", "30d", "90d", "2160h"} {
		file := filepath.Join(t.TempDir(), "p.yaml")
		text := strings.Replace(string(sample), "retention: 90d", "retention: "+value, 1)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := loadProfile(file); err != nil {
			t.Errorf("retention: %s: %v", value, err)
		}
	}
}

func TestMissingFileHasAHint(t *testing.T) {
	_, err := loadConfig(filepath.Join(t.TempDir(), "none.yaml"))
	var h interface{ Hint() string }
	if !errors.As(err, &h) || !strings.Contains(h.Hint(), "configs/alprd.yaml") {
		t.Errorf("%v", err)
	}
}

// edit writes a changed copy of the sample, beside a copy of its profile, and returns its path.
func edit(t *testing.T, change func(map[string]any)) string {
	t.Helper()
	raw, err := os.ReadFile("../../configs/alprd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]any{}
	if err := yaml.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	change(m)
	out, err := yaml.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "profiles"), 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := os.ReadFile("../../configs/profiles/kinston.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "profiles", "kinston.yaml"), p, 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "alprd.yaml")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func walk(m any, path []string) map[string]any {
	for _, k := range path[:len(path)-1] {
		switch x := m.(type) {
		case map[string]any:
			m = x[k]
		case []any:
			m = x[int(k[0]-'0')]
		}
	}
	return m.(map[string]any)
}

func put(m map[string]any, path []string, v any) { walk(m, path)[path[len(path)-1]] = v }
func remove(m map[string]any, path []string)     { delete(walk(m, path), path[len(path)-1]) }
