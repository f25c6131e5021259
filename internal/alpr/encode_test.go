package alpr

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestEncodeBringsMatchesIntoOrder(t *testing.T) {
	match := func(id string, list string, priority int, posterior float64) AlertMatch {
		return AlertMatch{List: AlertList{Name: list}, Entry: AlertEntry{ID: id, Priority: priority}, Posterior: posterior}
	}
	a := Alert{Matches: []AlertMatch{
		match("unlikely but most urgent", "state", 0, 0.02),
		match("same text, less urgent", "state", 50, 0.95),
		match("b", "state", 10, 0.95),
		match("a", "state", 10, 0.95),
		match("same text, other list", "city", 10, 0.95),
	}}
	raw, err := a.Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	var got Alert
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, m := range got.Matches {
		order = append(order, m.Entry.ID)
	}
	want := []string{"same text, other list", "a", "b", "same text, less urgent", "unlikely but most urgent"}
	if d := cmp.Diff(want, order); d != "" {
		t.Error(d)
	}
	if got.Status != "UNVERIFIED" || got.Notice != Notice { // (R18)
		t.Errorf("status %q, notice %q", got.Status, got.Notice)
	}
}

// A consumer in a strictly typed language must never meet null where the schema says list.
func TestEncodeOfAnEmptyAlertHasNoNullLists(t *testing.T) {
	raw, err := new(Alert).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	read, evidence := m["read"].(map[string]any), m["evidence"].(map[string]any)
	for name, v := range map[string]any{"matches": m["matches"], "lattice": read["lattice"], "small": read["small"], "plate_jpeg": evidence["plate_jpeg"]} {
		if v == nil {
			t.Errorf("%s is null", name)
		}
	}
	for name, v := range map[string]any{"region": read["region"], "position": m["unit"].(map[string]any)["position"], "heading": m["unit"].(map[string]any)["heading"]} {
		if v != nil {
			t.Errorf("%s is %v, want null: unknown is shown as unknown (R19)", name, v)
		}
	}
}

func TestEncodedAlertIsSigned(t *testing.T) {
	public, private, _ := ed25519.GenerateKey(nil)
	a := Alert{ID: "x", Matches: []AlertMatch{{Entry: AlertEntry{Reason: `he said "signature":""} and left`}}}}
	raw, err := a.Encode(func(b []byte) ([]byte, error) { return ed25519.Sign(private, b), nil })
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(raw) {
		t.Fatalf("no JSON: %s", raw)
	}
	message, signature, ok := SignedPart(raw)
	if !ok || !ed25519.Verify(public, message, signature) {
		t.Error("the signature does not verify")
	}
	changed := bytes.Replace(raw, []byte(`"id":"x"`), []byte(`"id":"y"`), 1)
	if message, signature, ok = SignedPart(changed); !ok || ed25519.Verify(public, message, signature) {
		t.Error("a changed alert still verifies")
	}
	if _, _, ok := SignedPart([]byte(`{"id":"x","signature":""}`)); ok {
		t.Error("an unsigned alert counts as signed")
	}
}

// Whatever the lists say in however many words, an alert fits into 16 KiB, and keeps its picture when that is not the
// culprit.
func TestEncodeFits(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 1))
	words := func(n int) string {
		return strings.Repeat("§ Fahrzeug gestohlen, caution \"armed\" <b> ", n/40+1)[:n]
	}
	for range 300 {
		picture := bytes.Repeat([]byte{0xff}, rng.IntN(2*MaxPlateJPEG))
		a := Alert{ID: NewID(time.Now()), Unit: AlertUnit{ID: "unit-7", Site: words(rng.IntN(2000)), Lane: words(rng.IntN(200))}, Evidence: AlertEvidence{PlateJPEG: picture}}
		for range rng.IntN(40) {
			a.Matches = append(a.Matches, AlertMatch{
				List:  AlertList{Name: "state", Source: words(rng.IntN(100))},
				Entry: AlertEntry{ID: "1234567890", Plate: "TZY6473", Reason: words(rng.IntN(3000)), Instructions: words(rng.IntN(3000)), Manual: &AlertManual{Operator: words(rng.IntN(100))}},
			})
		}
		for range 10 {
			var slot []Char
			for i := range 36 {
				slot = append(slot, Char{Alphabet[i : i+1], 1 / float64(i+2)})
			}
			a.Read.Lattice = append(a.Read.Lattice, slot)
		}
		matches := len(a.Matches)
		raw, err := a.Encode(func([]byte) ([]byte, error) { return make([]byte, 64), nil })
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var got Alert
		switch err := json.Unmarshal(raw, &got); {
		case err != nil:
			t.Fatalf("seed %d: %v", seed, err)
		case len(raw) > MaxAlert:
			t.Fatalf("seed %d: %d bytes", seed, len(raw))
		case !utf8.Valid(raw):
			t.Fatalf("seed %d: a character was cut in two", seed)
		case len(got.Matches)+got.MatchesOmitted != matches:
			t.Fatalf("seed %d: %d matches shown and %d omitted, of %d", seed, len(got.Matches), got.MatchesOmitted, matches)
		case len(picture) <= MaxPlateJPEG && !bytes.Equal(got.Evidence.PlateJPEG, picture):
			t.Fatalf("seed %d: a picture of %d bytes was left out", seed, len(picture))
		}
		for i, slot := range got.Read.Lattice {
			if len(slot) == 0 {
				t.Fatalf("seed %d: slot %d of the lattice is empty", seed, i)
			}
		}
	}
}
