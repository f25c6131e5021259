package main

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// The root vouches, renews, removes and shows; each mistake with its exit code and two lines.
func TestTrust(t *testing.T) {
	dir := t.TempDir()
	pass := write(t, "pass", "correct horse\n")
	for _, name := range []string{"root", "ada", "other"} {
		if code, _, errs := alprctl(t, "keygen", "--out", dir, "--passphrase-file", pass, name); code != 0 {
			t.Fatal(errs)
		}
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	vouch := func(args ...string) (int, string, string) {
		return alprctl(t, append([]string{"trust", "vouch", "--root", at("root.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, "--key", at("ada.pub"), "--name", "Ada", "--role", "operator", "--agency", "Kinston PD"}, args...)...)
	}
	if code, out, errs := vouch(); code != 0 || !strings.Contains(out, "version 1, 1 members") || !strings.Contains(out, "Ada, operator of Kinston PD") {
		t.Fatalf("%d %s %s", code, out, errs)
	}
	if code, out, errs := vouch("--role", "investigator", "--days", "30"); code != 0 || !strings.Contains(out, "version 2, 1 members") {
		t.Errorf("renewed in another role: %d %s %s", code, out, errs)
	}
	if code, out, _ := alprctl(t, "trust", "list", "--root", at("root.pub"), at("roster.jws")); code != 0 || !strings.Contains(out, "investigator") || !strings.Contains(out, "signature checked") {
		t.Errorf("listed: %d %s", code, out)
	}
	if code, out, _ := alprctl(t, "trust", "list", at("roster.jws")); code != 0 || !strings.Contains(out, "NOT checked") {
		t.Errorf("listed without the root: %d %s", code, out)
	}
	text, err := os.ReadFile(at("roster.jws"))
	if err != nil {
		t.Fatal(err)
	}
	changed := write(t, "changed.jws", strings.Replace(string(text), ".", ".A", 1))
	for name, args := range map[string][]string{
		"another root's":    {"trust", "list", "--root", at("other.pub"), at("roster.jws")},
		"changed":           {"trust", "list", "--root", at("root.pub"), changed},
		"no roster":         {"trust", "list", pass},
		"no file":           {"trust", "list", at("nowhere.jws")},
		"an unknown role":   {"trust", "vouch", "--root", at("root.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, "--key", at("ada.pub"), "--name", "Ada", "--role", "god", "--agency", "A"},
		"91 days":           {"trust", "vouch", "--root", at("root.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, "--key", at("ada.pub"), "--name", "Ada", "--role", "operator", "--agency", "A", "--days", "91"},
		"by another root":   {"trust", "vouch", "--root", at("other.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, "--key", at("ada.pub"), "--name", "Ada", "--role", "operator", "--agency", "A"},
		"a private key":     {"trust", "vouch", "--root", at("root.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, "--key", at("ada.key"), "--name", "Ada", "--role", "operator", "--agency", "A"},
		"an older version":  {"trust", "vouch", "--root", at("root.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, "--key", at("ada.pub"), "--name", "Ada", "--role", "operator", "--agency", "A", "--version", "1"},
		"removing nobody":   {"trust", "remove", "--root", at("root.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, at("other.pub")},
		"nobody there":      {"trust", "send", "--unit", "unix:" + at("socket"), at("roster.jws")},
		"no address":        {"trust", "send", "--unit", "10.0.0.1", at("roster.jws")},
		"no such state":     {"entry", "add", "--unit", "unix:" + at("socket"), "--key", at("ada.key"), "--purpose", "audit", "--reason", "r", "--state", "Utopia", "ABC1234"},
		"no length of time": {"entry", "add", "--unit", "unix:" + at("socket"), "--key", at("ada.key"), "--purpose", "audit", "--reason", "r", "--for", "soon", "ABC1234"},
		"a dead unit":       {"entry", "list", "--unit", "unix:" + at("socket"), "--key", at("ada.key"), "--passphrase-file", pass, "--purpose", "audit"},
	} {
		code, _, errs := alprctl(t, args...)
		if code == 0 || !strings.Contains(errs, "error:") || !strings.Contains(errs, "hint:") || strings.Contains(errs, "ABC1234") {
			t.Errorf("%s: %d %s", name, code, errs)
		}
	}
	now, err := os.ReadFile(at("roster.jws"))
	if err != nil || string(now) != string(text) {
		t.Error("a mistake changed the roster")
	}
	if code, out, errs := alprctl(t, "trust", "remove", "--root", at("root.key"), "--roster", at("roster.jws"), "--passphrase-file", pass, at("ada.pub")); code != 0 || !strings.Contains(out, "version 3, 0 members") {
		t.Errorf("removed: %d %s %s", code, out, errs)
	}
	if r, err := readRoster(at("roster.jws")); err != nil || len(r.Members) != 0 {
		t.Errorf("removed, and the roster holds %d, %v", len(r.Members), err)
	}
}

// Each signature has a counter of its own, also when several programs sign at once, and after a crash.
func TestCounter(t *testing.T) {
	key := filepath.Join(t.TempDir(), "ada.key")
	if err := os.WriteFile(strings.TrimSuffix(key, ".key")+".counter.new", []byte("left by a crash"), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var got []uint64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 5 {
				n, err := nextCounter(key)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				got = append(got, n)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	slices.Sort(got)
	for i, n := range got {
		if n != uint64(i+1) {
			t.Fatalf("counters %v", got)
		}
	}
	raw, err := os.ReadFile(strings.TrimSuffix(key, ".key") + ".counter")
	if err != nil || strings.TrimSpace(string(raw)) != strconv.Itoa(len(got)) {
		t.Errorf("kept: %q, %v", raw, err)
	}
	if err := os.WriteFile(strings.TrimSuffix(key, ".key")+".counter", []byte("many"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := nextCounter(key); err == nil {
		t.Error("a damaged counter began anew")
	}
}
