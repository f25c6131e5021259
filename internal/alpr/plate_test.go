package alpr

import (
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// R17: whatever prints a plate by accident prints its mask.
func TestPlateNeverPrints(t *testing.T) {
	p := NewPlate("vxk-4821")
	if p.Text() != "VXK4821" {
		t.Fatalf("Text = %q", p.Text())
	}
	r := Read{Plate: p}
	for _, s := range []string{
		p.String(), fmt.Sprint(p), fmt.Sprintf("%v %+v %#v %s %q %x %d", p, p, p, p, p, p, p),
		fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", struct{ P Plate }{p}), fmt.Errorf("read: %v", p).Error(),
		errors.Join(fmt.Errorf("%s", p)).Error(),
	} {
		if strings.Contains(s, "4821") || strings.Contains(s, "VXK") {
			t.Errorf("a plate leaks in %q", s)
		}
	}
	if b, err := json.Marshal(map[string]any{"plate": p}); err == nil {
		t.Errorf("a plate was encoded: %s", b)
	}
	if err := gob.NewEncoder(io.Discard).Encode(p); err == nil {
		t.Error("gob encoded a plate")
	}
}

func TestFoldTakesOAndZeroAlike(t *testing.T) { // R23
	if a, b := NewPlate("OO0-8"), NewPlate("0008"); a.Fold() != b.Fold() {
		t.Error("O and 0 differ")
	}
}

func TestLatticeOfCandidates(t *testing.T) {
	l := NewLattice([]Candidate{{Text: "AB8C", Confidence: .6}, {Text: "ABBC", Confidence: .2}, {Text: "AB8", Confidence: .1}, {Text: "AAB8C", Confidence: .1}})
	b, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	var back Lattice
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	var best strings.Builder
	for _, slot := range back {
		best.WriteString(slot[0].Text)
		var sum float64
		for _, c := range slot {
			sum += c.P
		}
		if sum < .99 || sum > 1.01 {
			t.Errorf("slot %v sums to %.3f", slot, sum)
		}
	}
	if best.String() != "AB8C" {
		t.Errorf("best path %q of %s", best.String(), b)
	}
	if !strings.Contains(string(b), `["8",0.8],["B",0.2]`) {
		t.Errorf("8/B slot missing in %s", b)
	}
}

func TestIDsSortByTimeAndDiffer(t *testing.T) {
	now := time.Unix(1700000000, 0)
	a, b := NewID(now), NewID(now.Add(time.Second))
	if a >= b || len(a) != 32 || a == NewID(now) {
		t.Errorf("ids %s %s", a, b)
	}
}

func TestTimeOnTheWire(t *testing.T) {
	b, _ := json.Marshal(Time{time.Date(2026, 11, 23, 1, 2, 3, 4_000_000, time.FixedZone("EST", -5*3600))})
	if string(b) != `"2026-11-23T06:02:03.004Z"` {
		t.Errorf("got %s", b)
	}
}
