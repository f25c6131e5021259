package trust_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/trust"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func at(t time.Time) alpr.Time { return alpr.Time{Time: t} }

// agency is a root, a person whom it vouches for, and a command of hers.
type agency struct {
	root, ada trust.PrivateKey
	roster    trust.Roster
	command   trust.Command
}

func newAgency(t testing.TB) agency {
	t.Helper()
	a := agency{root: newKey(t, "root"), ada: newKey(t, "ada")}
	a.roster = trust.Roster{Format: 1, Agency: "Kinston PD", IssuedAt: at(noon), Members: []trust.Member{}}.
		With(trust.Vouch(a.ada.Public(), "Sgt. Ada Example", trust.Operator, "Kinston PD", noon, noon.Add(trust.MaxVouching)))
	a.command = trust.Command{
		ID: "0123456789abcdef", Unit: "unit-1", Type: "entry.add", Counter: 1, IssuedAt: at(noon), ExpiresAt: at(noon.Add(time.Hour)),
		Actor: trust.Actor{Name: "Sgt. Ada Example", Role: trust.Operator, Agency: "Kinston PD"}, Purpose: "stolen_vehicle", Case: "26-0815", Body: json.RawMessage(`{"plate":"4VAH764","note":"<a & b>"}`),
	}
	return a
}

func code(err error) trust.Code {
	var r *trust.Refusal
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

func TestCommand(t *testing.T) {
	a := newAgency(t)
	msg, err := a.command.Sign(a.ada)
	if err != nil {
		t.Fatal(err)
	}
	got, by, err := trust.OpenCommand(msg, a.roster, "unit-1", noon, noon)
	if err != nil || by.Name != "Sgt. Ada Example" || got.Counter != 1 || string(got.Body) != string(a.command.Body) {
		t.Fatalf("%+v by %s: %v", got.Type, by.Name, err)
	}
	month := 30 * 24 * time.Hour
	for _, c := range []struct {
		name             string
		want             trust.Code
		change           func(*trust.Command)
		key              trust.PrivateKey
		unit             string
		earliest, latest time.Time
		roster           trust.Roster
	}{
		{name: "by a key nobody vouched for", want: trust.RefusedKey, key: newKey(t, "mallory")},
		{name: "by the root itself: it vouches, and commands nothing", want: trust.RefusedKey, key: a.root},
		{name: "after she was taken from the roster", want: trust.RefusedKey, roster: a.roster.Without(a.ada.Public().Fingerprint())},
		{name: "in another name", want: trust.RefusedActor, change: func(c *trust.Command) { c.Actor.Name = "Chief" }},
		{name: "in a higher role", want: trust.RefusedActor, change: func(c *trust.Command) { c.Actor.Role = trust.Administrator }},
		{name: "for another agency", want: trust.RefusedActor, change: func(c *trust.Command) { c.Actor.Agency = "Durham PD" }},
		{name: "for another unit", want: trust.RefusedUnit, unit: "unit-2"},
		{name: "for all units", want: "", change: func(c *trust.Command) { c.Unit = trust.Fleet }, unit: "unit-2"},
		{name: "a moment before its end", want: "", latest: noon.Add(time.Hour - time.Millisecond)},
		{name: "at its end", want: trust.RefusedExpired, latest: noon.Add(time.Hour)},
		{name: "while the clock is not certain", want: trust.RefusedExpired, earliest: noon, latest: noon.Add(2 * time.Hour)},
		{name: "a little before it was issued, by the unit's clock", want: "", latest: noon.Add(-4 * time.Minute)},
		{name: "a day before it was issued", want: trust.RefusedEarly, latest: noon.Add(-24 * time.Hour)},
		{name: "when the vouching is over", want: trust.RefusedEnded, latest: noon.Add(trust.MaxVouching), change: func(c *trust.Command) {
			c.IssuedAt, c.ExpiresAt = at(noon.Add(trust.MaxVouching-time.Hour)), at(noon.Add(trust.MaxVouching+time.Hour))
		}},
		{name: "after the longest life", want: trust.RefusedExpired, latest: noon.Add(month), change: func(c *trust.Command) { c.ExpiresAt = at(noon.Add(month)) }},
	} {
		cmd, key, unit, roster := a.command, a.ada, c.unit, c.roster
		if c.change != nil {
			c.change(&cmd)
		}
		if c.key.Name != "" {
			key = c.key
		}
		if unit == "" {
			unit = "unit-1"
		}
		if c.latest.IsZero() {
			c.latest = noon
		}
		if c.earliest.IsZero() {
			c.earliest = c.latest
		}
		if roster.Format == 0 {
			roster = a.roster
		}
		msg, err := cmd.Sign(key)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		_, _, err = trust.OpenCommand(msg, roster, unit, c.earliest, c.latest)
		if code(err) != c.want {
			t.Errorf("%s: %v", c.name, err)
		}
		var r *trust.Refusal
		if errors.As(err, &r) && (r.Mend == "" || strings.Contains(r.What+r.Mend, "4VAH764")) {
			t.Errorf("%s: says %q, %q", c.name, r.What, r.Mend)
		}
	}
	for name, change := range map[string]func(*trust.Command){
		"no id":           func(c *trust.Command) { c.ID = "" },
		"a path":          func(c *trust.Command) { c.ID = "../../../../etc/passwd" },
		"a short id":      func(c *trust.Command) { c.ID = "1" },
		"no counter":      func(c *trust.Command) { c.Counter = 0 },
		"too long a life": func(c *trust.Command) { c.ExpiresAt = at(noon.Add(month + time.Millisecond)) },
		"no life":         func(c *trust.Command) { c.ExpiresAt = c.IssuedAt },
		"no actor":        func(c *trust.Command) { c.Actor.Name = "" },
		"a line end":      func(c *trust.Command) { c.Case = "a\nb" },
		"no body":         func(c *trust.Command) { c.Body = nil },
		"a list as body":  func(c *trust.Command) { c.Body = json.RawMessage(`[]`) },
	} {
		c := a.command
		change(&c)
		if _, err := c.Sign(a.ada); code(err) != trust.RefusedForm {
			t.Errorf("%s was signed: %v", name, err)
		}
		// Another program may sign it all the same.
		payload, err := trust.Encode(c)
		if err != nil {
			continue
		}
		msg, err := trust.Sign(a.ada, trust.CommandType, payload)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := trust.OpenCommand(msg, a.roster, "unit-1", noon, noon); code(err) != trust.RefusedForm {
			t.Errorf("%s was taken: %v", name, err)
		}
	}
}

// A message that was made for one purpose never passes for another, whoever signed it.
func TestTypesApart(t *testing.T) {
	a := newAgency(t)
	payload, _ := trust.Encode(a.command)
	for _, typ := range []trust.Type{trust.ListManifest, trust.RosterType, "JWT"} {
		msg, err := trust.Sign(a.ada, typ, payload)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := trust.OpenCommand(msg, a.roster, "unit-1", noon, noon); code(err) != trust.RefusedForm {
			t.Errorf("a %s passes for a command: %v", typ, err)
		}
	}
	msg, err := a.command.Sign(a.root)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trust.OpenRoster(msg, a.root.Public()); code(err) != trust.RefusedForm {
		t.Errorf("a command passes for a roster: %v", err)
	}
}

func TestRoster(t *testing.T) {
	a := newAgency(t)
	msg, err := a.roster.Sign(a.root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := trust.OpenRoster(msg, a.root.Public())
	if err != nil || got.Version != 1 || len(got.Members) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	if m, ok := got.Find(a.ada.Public().Fingerprint()); !ok || m.Role != trust.Operator {
		t.Errorf("found %v %v", m, ok)
	}
	if _, err := trust.OpenRoster(msg, newKey(t, "other").Public()); code(err) != trust.RefusedKey {
		t.Errorf("of another root: %v", err)
	}
	forged := bytes.Replace(msg, []byte("."), []byte(".A"), 1)
	if _, err := trust.OpenRoster(forged, a.root.Public()); err == nil {
		t.Error("a changed roster was taken")
	}
	for name, change := range map[string]func(*trust.Roster){
		"no agency":        func(r *trust.Roster) { r.Agency = "" },
		"no version":       func(r *trust.Roster) { r.Version = 0 },
		"another layout":   func(r *trust.Roster) { r.Format = 2 },
		"an unknown role":  func(r *trust.Roster) { r.Members[0].Role = "god" },
		"longer than 90 d": func(r *trust.Roster) { r.Members[0].EndsAt = at(noon.Add(trust.MaxVouching + time.Millisecond)) },
		"over":             func(r *trust.Roster) { r.Members[0].EndsAt = at(noon) },
		"a foreign print":  func(r *trust.Roster) { r.Members[0].Fingerprint = a.root.Public().Fingerprint() },
		"a short key":      func(r *trust.Roster) { r.Members[0].Key = r.Members[0].Key[:31] },
		"a key twice":      func(r *trust.Roster) { r.Members = append(r.Members, r.Members[0]) },
		"no name":          func(r *trust.Roster) { r.Members[0].Name = "" },
	} {
		r := a.roster
		r.Members = append([]trust.Member{}, r.Members...)
		change(&r)
		if _, err := r.Sign(a.root); code(err) != trust.RefusedForm {
			t.Errorf("%s: signed: %v", name, err)
		}
		payload, _ := trust.Encode(r)
		msg, err := trust.Sign(a.root, trust.RosterType, payload)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := trust.OpenRoster(msg, a.root.Public()); code(err) != trust.RefusedForm {
			t.Errorf("%s: taken: %v", name, err)
		}
	}
}

// Every counter is good once, in any order within reach, and never again: against a plain set, over random histories.
func TestWindow(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, rand.Uint64()} {
		rng := rand.New(rand.NewPCG(seed, 0))
		var w trust.Window
		used, high := map[uint64]bool{}, uint64(0)
		for range 20000 {
			n := high + 1
			switch rng.IntN(4) {
			case 0:
				n = high + uint64(rng.IntN(40))
			case 1:
				n = high - min(high, uint64(rng.IntN(trust.Reach+50)))
			case 2:
				if rng.IntN(50) == 0 {
					n = high + uint64(rng.IntN(3000))
				}
			}
			want := n > high || !used[n] && high-n < trust.Reach
			if n == 0 {
				continue
			}
			if err := w.Check(n); (err == nil) != want {
				t.Fatalf("seed %d: counter %d, highest %d: %v", seed, n, high, err)
			}
			if !want || rng.IntN(8) == 0 { // looked at, and not used
				continue
			}
			w.Use(n)
			used[n], high = true, max(high, n)
			raw, err := json.Marshal(w)
			if err != nil {
				t.Fatal(err)
			}
			w = trust.Window{}
			if err := json.Unmarshal(raw, &w); err != nil {
				t.Fatal(err)
			}
		}
	}
	w := trust.Window{}
	w.Use(1<<64 - 1)
	if w.Check(1<<64-1) == nil || w.Check(1) == nil || w.Check(1<<64-2) != nil {
		t.Error("at the end of all counters")
	}
}

// Whatever is accepted as a command has one spelling, is signed by its signer's key, is for this unit and in time; and what is
// accepted is accepted again after being signed anew.
func FuzzCommand(f *testing.F) {
	k, private := exposed(f)
	roster := trust.Roster{Format: 1, Agency: "A", IssuedAt: at(noon), Members: []trust.Member{}}.With(trust.Vouch(k, "Ada", trust.Operator, "A", noon, noon.Add(time.Hour)))
	good := trust.Command{ID: "0123456789abcdef", Unit: "unit-1", Type: "entry.add", Counter: 7, IssuedAt: at(noon), ExpiresAt: at(noon.Add(time.Minute)),
		Actor: trust.Actor{Name: "Ada", Role: trust.Operator, Agency: "A"}, Purpose: "p", Body: json.RawMessage(`{"plate":"AB?1"}`)}
	payload, err := trust.Encode(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(payload, int64(0))
	for _, s := range []string{
		strings.Replace(string(payload), `"counter":7`, `"counter":7,"counter":8`, 1),
		strings.Replace(string(payload), `"counter"`, `"Counter"`, 1),
		strings.Replace(string(payload), `,"case":""`, ``, 1),
		strings.Replace(string(payload), `"case":""`, `"case":"","more":1`, 1),
		strings.Replace(string(payload), `12:00:00.000Z`, `12:00:00Z`, 1),
		strings.Replace(string(payload), `12:00:00.000Z`, `14:00:00.000+02:00`, 1),
		strings.Replace(string(payload), `"p"`, `"\u0070"`, 1),
		strings.Replace(string(payload), `:7`, `:7.0`, 1),
		strings.Replace(string(payload), `{"plate"`, `{ "plate"`, 1),
		string(payload) + " ", string(payload) + string(payload), "null", "{}",
	} {
		f.Add([]byte(s), int64(3))
	}
	b := base64.RawURLEncoding
	head := b.EncodeToString([]byte(`{"alg":"EdDSA","kid":"` + k.Fingerprint() + `","typ":"alprd-command"}`))
	f.Fuzz(func(t *testing.T, payload []byte, minutes int64) {
		// The fuzzer can't forge: what it makes is signed for it.
		signed := head + "." + b.EncodeToString(payload)
		msg := []byte(signed + "." + b.EncodeToString(private(signed)))
		now := noon.Add(time.Duration(minutes%1e6) * time.Minute)
		c, by, err := trust.OpenCommand(msg, roster, "unit-1", now, now)
		if err != nil {
			var r *trust.Refusal
			if !errors.As(err, &r) || r.What == "" || r.Mend == "" || r.Code == "" {
				t.Fatalf("refused without saying why: %v", err)
			}
			return
		}
		again, err := trust.Encode(c)
		if err != nil || !bytes.Equal(again, payload) {
			t.Fatalf("accepted a second spelling of %s", again)
		}
		if !now.Before(c.ExpiresAt.Time) || !now.Before(by.EndsAt.Time) || c.Unit != "unit-1" && c.Unit != trust.Fleet || c.Actor.Name != by.Name || c.Counter == 0 {
			t.Fatalf("accepted %s at %v", payload, now)
		}
		var loose map[string]any
		if err := json.Unmarshal(payload, &loose); err != nil || len(loose) != 10 {
			t.Fatalf("accepted what another program reads otherwise: %v", err)
		}
		if fmt.Sprint(loose["counter"]) == "" || loose["type"] != c.Type {
			t.Fatal("accepted what another program reads otherwise")
		}
	})
}
