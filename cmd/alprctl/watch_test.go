package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/uplink"
)

func sample() alpr.Alert {
	nc, va, no := "us-nc", "us-va", false
	entered := alpr.Time{Time: time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)}
	jpeg := []byte("not really a picture")
	sum := sha256.Sum256(jpeg)
	return alpr.Alert{
		ID: "pass.1", Revision: 1, Seq: 7, CapturedAt: alpr.Time{Time: time.Now().UTC()}, DestroyBy: alpr.Time{Time: time.Now().AddDate(0, 0, 30).UTC()},
		Clock: alpr.AlertClock{Quality: "synchronised"}, Unit: alpr.AlertUnit{ID: "unit-7", Camera: "north"},
		Read: alpr.AlertRead{Text: "TZY6473", Confidence: 0.971, Region: &nc, Frames: 14, Agreeing: 11, Pass: 3},
		Matches: []alpr.AlertMatch{
			{List: alpr.AlertList{Name: "state", Source: "NC SBI", Version: 12, AgeS: 3 * 3600},
				Entry: alpr.AlertEntry{ID: "V1", Plate: "TZY6478", Region: &va, Class: "stolen_vehicle", Priority: 10, Make: "HOND", Colour: "SIL", Reason: "stolen at gunpoint", EnteredAt: &entered},
				How:   alpr.Confusable, Differs: []alpr.Difference{{Position: 6, Read: "3", Listed: "8"}}, RegionAgrees: &no, Posterior: 0.612},
			{List: alpr.AlertList{Name: "city", Source: "Kinston PD", Version: 3, AgeS: 30 * 3600, Stale: true},
				Entry: alpr.AlertEntry{ID: "M1", Plate: "TZYB473", Class: "missing", Manual: &alpr.AlertManual{Operator: "4711"}},
				How:   alpr.Confusable, Differs: []alpr.Difference{{Position: 3, Read: "6", Listed: "B"}}, Posterior: 0.021},
		},
		Evidence: alpr.AlertEvidence{PlateJPEG: jpeg, PlateSHA256: hex.EncodeToString(sum[:]), SceneSHA256: hex.EncodeToString(sum[:])},
	}
}

// newWatcher writes into buffers.
func newWatcher(t *testing.T) (w *watcher, out, notes *bytes.Buffer) {
	t.Helper()
	set, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	out, notes = &bytes.Buffer{}, &bytes.Buffer{}
	return &watcher{prefix: "alpr/v1", out: out, notes: notes, schemas: set, seen: map[string]*recent{}, status: map[string]string{}, keys: map[string]string{}}, out, notes
}

func message(t *testing.T, topic string, a alpr.Alert) uplink.Message {
	t.Helper()
	raw, err := a.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	return uplink.Message{Topic: topic, Payload: raw}
}

// What a person must see is there (R18): unverified, both plates and where they differ, both states, class, list and its
// age, make and colour. An unknown state is shown as unknown (R19), a stale list as stale (R20).
func TestDescribe(t *testing.T) {
	a := sample()
	a.CapturedAt = alpr.Time{Time: time.Date(2026, 11, 23, 6, 12, 3, 0, time.UTC)}
	want := `2026-11-23 06:12:03 UTC  unit-7/north  UNVERIFIED  read TZY647[3] NC (97 %)
    listed TZY647[8] VA · confusable · STATE DISAGREES · 61 % · STOLEN VEHICLE · SIL HOND · state (NC SBI) v12, 3 h old, entered 2026-11-20
        stolen at gunpoint
    listed TZY[B]473 state? · confusable · state unknown: look · 2 % · MISSING · city (Kinston PD) v3, 30 h old, STALE, by hand: 4711
`
	if d := cmp.Diff(want, describe(a)); d != "" {
		t.Error(d)
	}
}

func TestMark(t *testing.T) {
	for _, c := range []struct {
		read         string
		differs      []alpr.Difference
		read2, list2 string
	}{
		{"ABC123", nil, "ABC123", "ABC123"},
		{"ABC123", []alpr.Difference{{Position: 0, Read: "A", Listed: "4"}, {Position: 5, Read: "3", Listed: "8"}}, "[A]BC12[3]", "[4]BC12[8]"},
		{"ABC123", []alpr.Difference{{Position: 3, Listed: "7"}}, "ABC[_]123", "ABC[7]123"},          // the read lacks one
		{"ABC123", []alpr.Difference{{Position: 6, Listed: "7"}}, "ABC123[_]", "ABC123[7]"},          // at the end
		{"ABC123", []alpr.Difference{{Position: 2, Read: "C"}}, "AB[C]123", "AB[_]123"},              // the read has one more
		{"ABC", []alpr.Difference{{Position: 9, Read: "X", Listed: "Y"}}, "ABC[X]", "ABC[Y]"},        // nonsense from outside does no harm
		{"ABC", []alpr.Difference{{Position: -1, Read: "A", Listed: "4"}}, "[A]BC", "[4]BC"},         // nor does this
		{"ABC123", []alpr.Difference{{Position: 4, Read: "2", Listed: "?"}}, "ABC1[2]3", "ABC1[?]3"}, // a wildcard
	} {
		r, l := mark(c.read, alpr.AlertMatch{Differs: c.differs})
		if r != c.read2 || l != c.list2 {
			t.Errorf("%s %v: %s and %s, want %s and %s", c.read, c.differs, r, l, c.read2, c.list2)
		}
	}
}

func TestRepeatsAreShownOnce(t *testing.T) {
	w, out, notes := newWatcher(t)
	w.json = true
	a := sample()
	for range 3 {
		w.receive(message(t, "alpr/v1/unit-7/alert", a))
	}
	a.Seq, a.Revision = 8, 2
	w.receive(message(t, "alpr/v1/unit-7/alert", a))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || notes.Len() > 0 {
		t.Fatalf("%d lines, want 2; notes: %s", len(lines), notes)
	}
	sent := message(t, "", a).Payload
	if lines[1] != string(sent) {
		t.Error("a line is not what was sent")
	}
}

// A message that breaks the contract, or comes in another's name, or tries to rewrite the terminal.
func TestStrangeMessages(t *testing.T) {
	w, out, notes := newWatcher(t)
	w.receive(uplink.Message{Topic: "alpr/v1/unit-7/alert", Payload: []byte("\x1b[2J not json")})
	w.receive(message(t, "alpr/v1/unit-8/alert", sample()))
	if out.Len() != 0 || strings.Count(notes.String(), "warning: ") < 2 || !strings.Contains(notes.String(), "another unit") {
		t.Errorf("out %q, notes %q", out, notes)
	}
	notes.Reset()
	a := sample()
	a.Matches[0].Entry.Class = ""
	a.Matches[0].Entry.Reason = "\x1b]0;title\x07 \u202edesrever"
	w.receive(message(t, "alpr/v1/unit-7/alert", a))
	if !strings.Contains(notes.String(), "/matches/0/entry/class breaks") {
		t.Errorf("no warning about the schema: %q", notes)
	}
	if strings.Contains(notes.String(), "TZY6") {
		t.Errorf("the warning tells a plate: %q", notes)
	}
	if !strings.Contains(out.String(), "TZY647[3]") {
		t.Errorf("an alert that is almost right is not shown: %q", out)
	}
	if strings.ContainsAny(out.String()+notes.String(), "\x1b\x07\u202e") {
		t.Error("control characters reach the terminal")
	}
}

func TestStatusIsShownWhenItChanges(t *testing.T) {
	w, out, _ := newWatcher(t)
	tell := func(s alpr.Status) {
		s.Unit = alpr.UnitName{ID: "unit-7", Site: "Main and 2nd"}
		s.At = alpr.Time{Time: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		w.receive(uplink.Message{Topic: "alpr/v1/unit-7/status", Payload: raw})
	}
	birth := alpr.Status{Online: true, Reason: alpr.Connected, Birth: &alpr.Birth{Version: "0.1.0", Profile: "kinston", Clock: alpr.AlertClock{Quality: "synchronised"},
		Lists: []alpr.ListStatus{{Name: "state", Version: 12, Entries: 20, AgeS: 90000, Stale: true}}}}
	tell(birth)
	tell(birth)
	tell(alpr.Status{Reason: alpr.Lost})
	want := `2026-11-23 06:00:00 UTC  unit-7 (Main and 2nd)  online: alprd 0.1.0, profile kinston, clock synchronised, state v12 with 20 entries, 25 h old STALE
unit-7 (Main and 2nd)  OFFLINE: its connection of 2026-11-23 06:00:00 UTC is lost
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

// An alert that the unit's own key did not sign is shown, with a warning.
func TestSignatureIsChecked(t *testing.T) {
	w, out, notes := newWatcher(t)
	public, private, _ := ed25519.GenerateKey(nil)
	_, stranger, _ := ed25519.GenerateKey(nil)
	birth := alpr.Status{Unit: alpr.UnitName{ID: "unit-7"}, Online: true, Reason: alpr.Connected, Birth: &alpr.Birth{Security: alpr.Security{SigningKey: base64.StdEncoding.EncodeToString(public)}}}
	raw, err := json.Marshal(birth)
	if err != nil {
		t.Fatal(err)
	}
	w.receive(uplink.Message{Topic: "alpr/v1/unit-7/status", Payload: raw})
	notes.Reset() // this birth is too short for its schema
	for i, key := range []ed25519.PrivateKey{private, stranger} {
		a := sample()
		a.Seq = uint64(100 + i)
		raw, err := a.Encode(func(b []byte) ([]byte, error) { return ed25519.Sign(key, b), nil })
		if err != nil {
			t.Fatal(err)
		}
		w.receive(uplink.Message{Topic: "alpr/v1/unit-7/alert", Payload: raw})
	}
	if got := notes.String(); got != "warning: unit-7: alert 101 is not signed by the unit's key\n" {
		t.Errorf("notes %q", got)
	}
	if strings.Count(out.String(), "UNVERIFIED") != 2 {
		t.Errorf("out %q", out)
	}
}

// Pictures are saved only when asked for, are what the message says, and are gone at their destroy_by, which no message
// can put later than the law.
func TestPicturesObeyDestroyBy(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "evidence")
	w, _, notes := newWatcher(t)
	a := sample()
	w.receive(message(t, "alpr/v1/unit-7/alert", a))
	if _, err := os.Stat(dir); err == nil {
		t.Fatal("a folder appeared that nobody asked for")
	}
	var err error
	if w.pictures, err = openPictures(dir, notes); err != nil || !strings.Contains(notes.String(), "20-183.32") {
		t.Fatalf("%v, notes %q", err, notes)
	}
	files := func() []string {
		got, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	send := func(change func(*alpr.Alert)) {
		a.Seq++
		b := a
		change(&b)
		w.receive(message(t, "alpr/v1/unit-7/alert", b))
	}
	send(func(*alpr.Alert) {})
	if f := files(); len(f) != 1 || !strings.Contains(f[0], "destroy-by-"+a.DestroyBy.UTC().Format(untilLayout)) {
		t.Fatalf("files %v", f)
	}
	if i, err := os.Stat(files()[0]); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
	send(func(a *alpr.Alert) { a.DestroyBy.Time = time.Now().Add(-time.Hour) }) // too late already
	send(func(a *alpr.Alert) { a.Evidence.PlateSHA256 = strings.Repeat("0", 64) })
	if len(files()) != 1 {
		t.Fatalf("files %v", files())
	}
	for _, want := range []string{"was to be destroyed by", "does not match its hash"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("no word about %q", want)
		}
	}
	send(func(a *alpr.Alert) { a.DestroyBy.Time = time.Now().AddDate(10, 0, 0) }) // nobody can make it ten years
	other := filepath.Join(dir, "holiday.jpg")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := w.pictures.expire(time.Now().AddDate(0, 0, 31)); err != nil || len(files()) != 2 {
		t.Errorf("after 31 days: %v, %v", files(), err)
	}
	if err := w.pictures.expire(time.Now().Add(longestLife + time.Minute)); err != nil {
		t.Error(err)
	}
	if f := files(); len(f) != 1 || f[0] != other {
		t.Errorf("after 90 days: %v", f)
	}
}

// FuzzReceive: whatever a broker delivers, nothing panics and no control character reaches the terminal.
func FuzzReceive(f *testing.F) {
	a := sample()
	good, err := a.Encode(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("alpr/v1/unit-7/alert", good)
	f.Add("alpr/v1/unit-7/alert", bytes.Replace(good, []byte(`"position":6`), []byte(`"position":-9`), 1))
	f.Add("alpr/v1/unit-7/alert", bytes.Replace(good, []byte(`"age_s":10800`), []byte(`"age_s":1e300`), 1))
	f.Add("alpr/v1/unit-7/alert", bytes.Replace(good, []byte("HOND"), []byte(`\u001b[2J\u202e`), 1))
	f.Add("alpr/v1/unit-7/status", []byte(`{"unit":{"id":"unit-7"},"online":true,"reason":"\u001b","at":"2026-11-23T06:00:00.000Z"}`))
	f.Add("alpr/v1/unit-7/alert/scene", []byte(`{"unit":{"id":"unit-7"},"seq":1}`))
	f.Add("alpr/v1/\x1b/alert", []byte(`{}`))
	set, err := schemas.Load()
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, topic string, payload []byte) {
		for _, asJSON := range []bool{false, true} {
			var out bytes.Buffer
			w := &watcher{prefix: "alpr/v1", json: asJSON, out: &out, notes: &out, schemas: set, seen: map[string]*recent{}, status: map[string]string{}, keys: map[string]string{},
				pictures: &pictures{dir, &out}}
			w.receive(uplink.Message{Topic: topic, Payload: payload})
			for _, r := range out.String() {
				if r != '\n' && treacherous(r) {
					t.Fatalf("%q reaches the terminal", r)
				}
			}
		}
	})
}
