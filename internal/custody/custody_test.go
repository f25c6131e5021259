package custody_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/clock"
	"alprd/internal/custody"
	"alprd/internal/trust"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// Who may do what: whatever isn't granted here is refused, technicians, auditors and servers get at no plate (R16).
func TestRoles(t *testing.T) {
	byHand := []trust.Role{trust.Operator, trust.Investigator, trust.Administrator}
	granted := map[string][]trust.Role{custody.EntryAdd: byHand, custody.EntryExtend: byHand, custody.EntryRemove: byHand, custody.EntryList: byHand}
	for _, command := range []string{custody.EntryAdd, custody.EntryExtend, custody.EntryRemove, custody.EntryList, "", "entry", "entry.", "entry.add ", "hold.create"} {
		for _, role := range append(trust.Roles(), "", "god") {
			err := custody.Allow(role, command)
			if (err == nil) != slices.Contains(granted[command], role) {
				t.Errorf("%q by %q: %v", command, role, err)
			}
			var r *trust.Refusal
			if err != nil && (!errors.As(err, &r) || r.Mend == "") {
				t.Errorf("%q by %q is refused without saying how to mend it", command, role)
			}
		}
	}
	for _, role := range append(trust.Roles(), "") {
		if custody.SeesCovert(role) != (role == trust.Administrator) || custody.LooksBack(role) != (role == trust.Administrator || role == trust.Investigator) {
			t.Errorf("%q sees covert entries: %v, looks back: %v", role, custody.SeesCovert(role), custody.LooksBack(role))
		}
	}
}

// Every access has a purpose; traffic enforcement is none, whatever a profile says, and a profile may forbid more (R14;
// N.C.G.S. 20-183.31(b); Durham 4089).
func TestPurposes(t *testing.T) {
	durham := slices.DeleteFunc(custody.Purposes(), func(p string) bool { return p == "crash_investigation" })
	for _, c := range []struct {
		purpose string
		allowed []string
		ok      bool
	}{
		{"stolen_vehicle", custody.Purposes(), true},
		{"crash_investigation", custody.Purposes(), true},
		{"crash_investigation", durham, false},
		{"", custody.Purposes(), false},
		{"", []string{""}, false},
		{"curiosity", custody.Purposes(), false},
		{"Stolen_Vehicle", custody.Purposes(), false},
		{"traffic_violation", []string{"traffic_violation"}, false},
		{"Traffic violation", []string{"Traffic violation"}, false},
		{"unpaid-tolls", []string{"unpaid-tolls"}, false},
		{"human_trafficking", []string{"human_trafficking"}, true},
	} {
		if err := custody.CheckPurpose(c.purpose, c.allowed); (err == nil) != c.ok {
			t.Errorf("%q: %v", c.purpose, err)
		}
	}
}

func FuzzEntry(f *testing.F) {
	good, err := trust.Encode(custody.Add{Plate: "AB?1*", Region: "us-nc", Class: "bolo", Priority: 40, Reason: "why"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, int64(0))
	at := alpr.Time{Time: noon.Add(time.Hour)}
	more, err := trust.Encode(custody.Add{Plate: "abc-1234", Class: "bolo", Reason: "why", ExpiresAt: &at, Covert: &custody.Covert{Approval: "memo"}, Past: &custody.Window{From: &at}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(more, int64(5))
	f.Add([]byte(strings.Replace(string(good), "}", `,"x":1}`, 1)), int64(1))
	f.Fuzz(func(t *testing.T, body []byte, hours int64) {
		if !json.Valid(body) {
			return
		}
		c := trust.Command{ID: "0123456789abcdef", Type: custody.EntryAdd, IssuedAt: alpr.Time{Time: noon}, Actor: trust.Actor{Name: "Ada", Role: trust.Administrator}, Case: "1", Body: body}
		span := clock.Span{Earliest: noon, Latest: noon, Powered: 100 * time.Hour}
		k, asked, err := custody.NewEntry(c, span)
		if err != nil {
			var r *trust.Refusal
			if !errors.As(err, &r) || r.What == "" || r.Mend == "" {
				t.Fatalf("refused without saying why: %v", err)
			}
			if len(asked.Plate) >= 5 && strings.Contains(r.What+r.Mend, asked.Plate) && !strings.Contains("write letters and digits registration alone the plate", asked.Plate) {
				t.Fatalf("a refusal holds the plate: %s", r.What)
			}
			return
		}
		again, err := trust.Encode(asked)
		if err != nil || string(again) != string(body) {
			t.Fatalf("accepted a second spelling of %s", again)
		}
		p := k.Listed().Plate
		fixed := len(p.Text()) - p.Open()
		if n := len(p.Text()); n < 1 || n > 10 || p.Open() > 2 || p.Open() > 0 && fixed < 3 || strings.TrimSpace(k.Entry.Reason) == "" {
			t.Fatalf("accepted a plate of %d characters, %d open, reason %q", n, p.Open(), k.Entry.Reason)
		}
		if life := k.Entry.ExpiresAt.Sub(noon); life <= 0 || life > custody.MaxEntryLife || k.Powered-span.Powered != life {
			t.Fatalf("accepted a life of %v", life)
		}
		// Whenever it is looked at: over by its end, gone only when it is over, and no clock that goes back prolongs it.
		later := clock.Span{Earliest: noon.Add(time.Duration(hours%2000) * time.Hour), Powered: span.Powered + time.Duration(max(hours%2000, 0))*time.Hour}
		later.Latest = later.Earliest.Add(time.Hour)
		if k.Gone(later) && !k.Over(later) || later.Powered-span.Powered >= custody.MaxEntryLife && !k.Over(later) || !later.Latest.Before(k.Entry.ExpiresAt.Time) && !k.Over(later) {
			t.Fatalf("after %d hours: over %v, gone %v", hours, k.Over(later), k.Gone(later))
		}
		if out := fmt.Sprintf("%v %+v %s", k, k.Entry, k); len(p.Text()) >= 5 && strings.Contains(out, p.Text()) {
			t.Fatal("it prints its plate")
		}
	})
}
