package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alprd/internal/hotlist"
	"alprd/internal/trust"
	"alprd/internal/uplink/brokertest"
)

// twoLines checks that an error reached its reader as "error:" and "hint:".
func twoLines(t *testing.T, story, text string, words ...string) {
	t.Helper()
	if !strings.Contains(text, "error: ") || !strings.Contains(text, "hint: ") {
		t.Errorf("%s: not an error and a hint:\n%s", story, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Errorf("%s: says nothing of %q:\n%s", story, w, text)
		}
	}
}

// What stops a daemon from starting says what, where and how to mend it, in two lines, with exit code 1.
func TestDaemonRefusesToStart(t *testing.T) {
	for _, c := range []struct {
		story  string
		change func(*site, map[string]any)
		words  []string
	}{
		{"an unknown key", func(_ *site, m map[string]any) { m["statedir"] = "/x" }, []string{"alprd.yaml", "statedir"}},
		{"a retention without a unit", func(s *site, _ map[string]any) { s.profile("retention: 90d", "retention: 90") }, []string{"kinston.yaml", "retention", "90d"}},
		{"a retention of 91 days", func(s *site, _ map[string]any) { s.profile("retention: 90d", "retention: 91d") }, []string{"kinston.yaml", "retention", "20-183.32(a)"}}, // R2
		{"a publisher's key that isn't there", func(s *site, _ map[string]any) { os.Remove(filepath.Join(s.dir, "lists.pub")) }, []string{"lists.pub", "alprctl keygen"}},
	} {
		s := newSite(t, t.TempDir(), nil)
		s.change(func(m map[string]any) { c.change(s, m) })
		var out, errs bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if code := execute(ctx, []string{"run", "--config", s.config}, &out, &errs); code != exitFailed {
			t.Errorf("%s: exit code %d", c.story, code)
		}
		twoLines(t, c.story, errs.String(), c.words...)
	}
	var out, errs bytes.Buffer
	if code := execute(t.Context(), []string{"run", "--confg", "x"}, &out, &errs); code != exitUsage {
		t.Errorf("a misspelt flag: exit code %d", code)
	}
	twoLines(t, "a misspelt flag", errs.String(), "--confg", "--help")
}

// A running daemon goes on whatever is wrong around it, says so, and refuses what it must not take.
func TestDaemonLivesWithMistakes(t *testing.T) {
	s := newSite(t, "rtsp://127.0.0.1:1/none", func(m map[string]any) {
		stranger := brokertest.Start(t).Client(t, "unit-1") // another agency's CA
		put(m, []string{"uplink", "ca"}, stranger.CA)
	})
	if code, _, errs := s.alprd("status"); code != exitFailed {
		t.Errorf("status without a daemon: exit code %d", code)
	} else {
		twoLines(t, "status without a daemon", errs, "no running alprd", "systemctl")
	}
	d := s.start()
	eventually(t, "the daemon runs", func() bool { return d.said("running") })

	var st unitStatus
	eventually(t, "a camera that isn't there and a broker that another CA vouches for are told", func() bool {
		_, out, _ := s.alprd("status", "--json")
		return json.Unmarshal([]byte(out), &st) == nil && len(st.Health.Cameras) == 1 && st.Health.Cameras[0].State == "failed" && st.Connected.PromptError != ""
	})
	if !strings.Contains(st.Connected.PromptError, "ca") && !strings.Contains(st.Connected.PromptError, "CA") {
		t.Errorf("wrong CA: %q", st.Connected.PromptError)
	}
	codes := map[string]bool{}
	for _, a := range st.Health.Alarms {
		codes[a.Code] = a.Text != ""
	}
	if !codes["camera_lost"] || !codes["list_missing"] || !codes["uplink_lost"] {
		t.Errorf("alarms: %+v", st.Health.Alarms)
	}

	// A second daemon on the same state directory.
	second := s.start()
	<-second.done
	if code := second.cmd.ProcessState.ExitCode(); code != exitFailed {
		t.Errorf("a second daemon: exit code %d", code)
	}
	twoLines(t, "a second daemon", second.text(), "another alprd")

	refused := func(story, dir string, code int, words ...string) {
		t.Helper()
		got, _, errs := s.alprd("hotlist", "import", dir)
		if got != code {
			t.Errorf("%s: exit code %d, want %d", story, got, code)
		}
		twoLines(t, story, errs, words...)
	}
	plates := []string{"ZZX1001", "ZZX1002"}
	if code, out, errs := s.alprd("hotlist", "import", "--dry-run", s.publish(5, plates)); code != 0 || !strings.Contains(out, "would be accepted") {
		t.Errorf("dry run: %d %s%s", code, out, errs)
	}
	if code, _, errs := s.alprd("hotlist", "import", s.publish(5, plates)); code != 0 {
		t.Fatalf("import: %d %s", code, errs)
	}
	refused("the same version again", s.publish(5, plates), exitRefused, "not newer") // R22
	refused("an older version", s.publish(4, plates), exitRefused, "not newer")       // R22
	s.fleet = "dpd"
	refused("another agency's list", s.publish(6, plates), exitRefused, "fleet")
	s.fleet = "kpd"
	package6 := s.publish(6, plates)
	if err := os.Remove(filepath.Join(package6, hotlist.GrantName("unit-1"))); err != nil {
		t.Fatal(err)
	}
	refused("a list that isn't sealed to this unit", package6, exitFailed, "alprd keys")
	if s.key, _ = trust.Generate("stranger"); s.key.Name == "" {
		t.Fatal("no key")
	}
	refused("a stranger's signature", s.publish(6, plates), exitFailed, "key") // R22
	refused("a folder that is no package", t.TempDir(), exitFailed, "manifest")

	if code, out, _ := s.alprd("hotlist", "status"); code != 0 || !strings.Contains(out, "ncic") || strings.Contains(out, "ZZX") {
		t.Errorf("hotlist status: %d %s", code, out)
	}
	if code := d.stop(); code != 0 {
		t.Errorf("after SIGTERM: exit code %d", code)
	}
	if strings.Contains(d.text(), "ZZX") {
		t.Error("a listed plate stands in the log (R17)")
	}
	// The list survives the restart, without an import.
	d = s.start()
	eventually(t, "the list is in force again", func() bool {
		_, out, _ := s.alprd("hotlist", "status", "--json")
		return strings.Contains(out, `"version":5`)
	})
}

// change edits the site's configuration after it was written.
func (s *site) change(f func(map[string]any)) {
	s.t.Helper()
	m := s.read()
	f(m)
	s.save(m)
}

// profile replaces words of the site's profile.
func (s *site) profile(from, to string) {
	s.t.Helper()
	path := filepath.Join(s.dir, "profiles", "kinston.yaml")
	b, err := os.ReadFile(path)
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("profiles/kinston.yaml", strings.Replace(string(b), from, to, 1))
}
