package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/custody"
	"alprd/internal/trust"
)

// desktop is where people of the agency have their keys and the real alprctl.
type desktop struct {
	*site
	program string
	dir     string
}

func newDesktop(s *site) *desktop {
	s.t.Helper()
	d := &desktop{s, filepath.Join(s.dir, "alprctl"), filepath.Join(s.dir, "keys")}
	if out, err := exec.Command("go", "build", "-o", d.program, "alprd/cmd/alprctl").CombinedOutput(); err != nil {
		s.t.Fatalf("build alprctl: %v\n%s", err, out)
	}
	s.write("passphrase", "several words of nobody's\n")
	return d
}

// alprctl runs the program, and gives its exit code and all it printed.
func (d *desktop) alprctl(args ...string) (code int, out string) {
	d.t.Helper()
	var b bytes.Buffer
	c := exec.Command(d.program, args...)
	c.Stdout, c.Stderr = &b, &b
	if err := c.Run(); err != nil && c.ProcessState == nil {
		d.t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), b.String()
}

// must is alprctl for what must be done.
func (d *desktop) must(args ...string) string {
	d.t.Helper()
	code, out := d.alprctl(args...)
	if code != 0 {
		d.t.Fatalf("alprctl %s: exit code %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

func (d *desktop) key(name string) string { return filepath.Join(d.dir, name) }

// vouch makes somebody's key and has the root vouch for it.
func (d *desktop) vouch(name, role string) {
	d.t.Helper()
	secret := []string{"--passphrase-file", filepath.Join(d.site.dir, "passphrase")}
	d.must(append([]string{"keygen", "--out", d.dir, name}, secret...)...)
	d.must(append([]string{"trust", "vouch", "--root", d.key("root.key"), "--roster", d.key("roster.jws"), "--key", d.key(name + ".pub"), "--name", name, "--role", role, "--agency", "Kinston PD"}, secret...)...)
}

// entry runs an entry command as somebody.
func (d *desktop) entry(who, what string, args ...string) (int, string) {
	d.t.Helper()
	return d.alprctl(append([]string{"entry", what, "--unit", "unix:" + d.socket, "--key", d.key(who + ".key"), "--passphrase-file", filepath.Join(d.site.dir, "passphrase"), "--purpose", "stolen_vehicle", "--case", "26-0815"}, args...)...)
}

// post gives a message to the unit without alprctl, as whoever recorded it would.
func (d *desktop) post(msg []byte) custody.Reply {
	d.t.Helper()
	c := http.Client{Transport: &http.Transport{Dial: func(_, _ string) (net.Conn, error) { return net.Dial("unix", d.socket) }}}
	defer c.CloseIdleConnections()
	resp, err := c.Post("http://alprd/commands", "", bytes.NewReader(msg))
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	var r custody.Reply
	if err := json.Unmarshal(raw, &r); err != nil {
		d.t.Fatalf("%v: %s", err, raw)
	}
	return r
}

var entryID = regexp.MustCompile(`[0-9a-f]{32}`)

// The whole way with the real programs: people's keys, the root's word, alprctl, the socket, the daemon in a process of its own that is killed
// between all steps, a real broker. An entry alerts until it is removed or over, through kills and a new version of a hot list; a
// command that was obeyed is refused when somebody sends it again; what was seen before is told to who may ask; and no plate lies
// anywhere in the clear.
func TestEntriesTheWholeWay(t *testing.T) {
	set := shared(t, "data/california")
	all := labels(t, set)[:14]
	folder := t.TempDir()
	for _, l := range all {
		b, err := os.ReadFile(l.path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, filepath.Base(l.path)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	wanted, other, hidden := all[3].plate, all[5].plate, all[8].plate
	s := newSite(t, folder, func(m map[string]any) { m["trust"] = map[string]any{"root": "keys/root.pub"} })
	d := newDesktop(s)
	d.must("keygen", "--out", d.dir, "--passphrase-file", filepath.Join(s.dir, "passphrase"), "root")
	d.vouch("ada", "operator")
	d.vouch("ivy", "investigator")
	d.vouch("max", "administrator")
	d.vouch("tom", "technician")
	if out := d.must("trust", "list", "--root", d.key("root.pub"), d.key("roster.jws")); !strings.Contains(out, "version 4") || !strings.Contains(out, "technician") {
		t.Errorf("the roster:\n%s", out)
	}
	sub := s.subscribe()
	check, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	var lives []*life
	// live is a whole life: the daemon has seen every picture and told what there is to tell.
	live := func(during func()) {
		t.Helper()
		run := s.start()
		lives = append(lives, run)
		eventually(t, "the daemon answers", func() bool { code, _, _ := s.alprd("status"); return code == 0 })
		if during != nil {
			during()
		}
		eventually(t, "every picture is seen", func() bool {
			code, out, _ := s.alprd("status", "--json")
			var st unitStatus
			return code == 0 && json.Unmarshal([]byte(out), &st) == nil && len(st.Health.Cameras) == 1 && st.Health.Cameras[0].State == "ended" &&
				st.Health.Cameras[0].Passes >= 10 && st.Health.Queue.Prompt.Count == 0 && st.Health.Queue.Bulk.Count == 0
		})
	}
	// alerts counts the alerts on a topic that name a list and a plate.
	alerts := func(topic, list, plate string) (n int) {
		for _, m := range sub.on(topic) {
			if err := check.Check("alert", m); err != nil {
				t.Errorf("an alert breaks its schema: %v", err)
			}
			var a alpr.Alert
			if err := json.Unmarshal(m, &a); err != nil {
				t.Fatal(err)
			}
			for _, x := range a.Matches {
				if x.List.Name == list && x.Entry.Plate == plate {
					if x.Entry.Manual == nil || x.Entry.Manual.Operator == "" || x.List.Stale {
						t.Errorf("an alert on an entry made by hand says %+v, %+v", x.Entry.Manual, x.List)
					}
					n++
				}
			}
		}
		return n
	}

	var recorded []byte
	live(func() {
		if code, out := d.entry("ada", "add", "--reason", "test", wanted); code != exitRefused || !strings.Contains(out, "no roster") || !strings.Contains(out, "trust send") {
			t.Errorf("before the roster: %d %s", code, out)
		}
		if out := d.must("trust", "send", "--unit", "unix:"+s.socket, d.key("roster.jws")); !strings.Contains(out, "version 4, 4 members, is in force") {
			t.Error(out)
		}
		if code, out := d.entry("tom", "add", "--reason", "test", wanted); code != exitRefused || !strings.Contains(out, "technician may not") {
			t.Errorf("a technician: %d %s", code, out)
		}
	})
	lives[0].kill()
	if n := alerts("alert", manualList, wanted); n != 0 {
		t.Fatalf("%d alerts before anything was entered", n)
	}

	// The pictures of the first life are in the buffer: who may ask is told of them.
	var id, secret string
	live(func() {
		code, out := d.entry("ivy", "add", "--reason", "seen near the scene", "--past", "24h", wanted)
		if code != 0 || !strings.Contains(out, "is in force at unit-1") || !strings.Contains(out, "seen before: ") || !strings.Contains(out, wanted+"  ") {
			t.Errorf("added, with a look back: %d %s", code, out)
		}
		id = entryID.FindString(out)
		if code, out = d.entry("max", "add", "--reason", "surveillance", "--covert", "--approval", "memo 7", hidden); code != 0 {
			t.Errorf("covert: %d %s", code, out)
		}
		secret = entryID.FindString(out)
		if code, out = d.entry("max", "add", "--reason", "surveillance", "--covert", hidden); code != exitRefused || !strings.Contains(out, "--approval") {
			t.Errorf("covert without approval: %d %s", code, out)
		}
	})
	lives[1].kill()
	live(func() {
		// A new version of a hot list, with another plate.
		if code, _, errs := s.alprd("hotlist", "import", s.publish(1, []string{other})); code != 0 {
			t.Fatal(errs)
		}
		// A command that somebody recorded on its way.
		recorded = d.sign(t, "ada", trust.Command{Type: custody.EntryList, Body: json.RawMessage("{}")})
		if r := d.post(recorded); r.Outcome != custody.Done || len(r.Entries) != 1 || r.Entries[0].ID != id {
			t.Errorf("listed by an operator: %s %d", r.Outcome, len(r.Entries))
		}
	})
	first, covert := alerts("alert", manualList, wanted), alerts("covert/alert", covertList, hidden)
	if first == 0 || covert == 0 {
		t.Errorf("after a kill, %d alerts on the entry, %d on the covert one", first, covert)
	}
	if n := alerts("alert", covertList, hidden); n > 0 {
		t.Error("everybody hears of a covert entry")
	}
	lives[2].kill()
	live(func() {
		if code, out := d.entry("ada", "list"); code != 0 || !strings.Contains(out, id) || strings.Contains(out, secret) {
			t.Errorf("after a list's new version and a kill: %d %s", code, out)
		}
		if r := d.post(recorded); r.Refused == nil || *r.Refused != trust.RefusedReplay {
			t.Errorf("replayed after a restart: %s %s", r.Outcome, r.What)
		}
	})
	if n := alerts("alert", manualList, wanted); n <= first {
		t.Errorf("%d alerts before, and %d after a new version of a list", first, n)
	}
	// Removed while it runs, and one that lives for a second: silent, through another kill.
	if code, out := d.entry("ada", "remove", "--reason", "found", id); code != 0 || !strings.Contains(out, "is removed") {
		t.Errorf("removed: %d %s", code, out)
	}
	if code, out := d.entry("max", "remove", "--reason", "over", secret); code != 0 {
		t.Errorf("removed: %d %s", code, out)
	}
	if code, out := d.entry("ada", "add", "--reason", "test", "--for", "1s", wanted); code != 0 {
		t.Errorf("for a second: %d %s", code, out)
	}
	lives[3].kill()
	first, covert = alerts("alert", manualList, wanted), alerts("covert/alert", covertList, hidden)
	time.Sleep(time.Second) // the entry's life, not a wait for something to happen
	live(nil)
	if n, m := alerts("alert", manualList, wanted), alerts("covert/alert", covertList, hidden); n != first || m != covert {
		t.Errorf("removed or over, and %d and %d alerts more", n-first, m-covert)
	}
	if code, out := d.entry("max", "list"); code != 0 || entryID.MatchString(out) {
		t.Errorf("listed at the end: %d %s", code, out)
	}
	if code := lives[4].stop(); code != 0 {
		t.Errorf("after SIGTERM the daemon ends with %d", code)
	}
	nothingInTheClear(t, filepath.Join(s.dir, "state"), all)
	for _, l := range lives {
		for _, p := range all {
			if strings.Contains(l.text(), p.plate) {
				t.Error("a plate stands in the log")
			}
		}
	}
}

// sign makes a command with somebody's key, as alprctl would, for the test to keep.
func (d *desktop) sign(t *testing.T, who string, c trust.Command) []byte {
	t.Helper()
	sealed, err := os.ReadFile(d.key(who + ".key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := trust.OpenPrivateKey(sealed, []byte("several words of nobody's"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(d.key("roster.jws"))
	if err != nil {
		t.Fatal(err)
	}
	roster, err := trust.PeekRoster(raw)
	if err != nil {
		t.Fatal(err)
	}
	me, _ := roster.Find(key.Public().Fingerprint())
	now := time.Now().UTC().Truncate(time.Millisecond)
	c.ID, c.Unit, c.Counter, c.IssuedAt, c.ExpiresAt = alpr.NewID(now), "unit-1", 1000, alpr.Time{Time: now}, alpr.Time{Time: now.Add(time.Hour)}
	c.Actor, c.Purpose = trust.Actor{Name: me.Name, Role: me.Role, Agency: me.Agency}, "audit"
	msg, err := c.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}
