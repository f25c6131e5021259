package match

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"alprd/internal/alpr"
)

// A place that the reader couldn't read fits what is listed there, and the alert says so: it is no look-alike, and what is read
// beside it still counts.
func TestUnreadablePlacesAreWildcards(t *testing.T) {
	for _, c := range []struct {
		read, listed string
		how          alpr.How
		differs      int
	}{
		{"TZ?6473", "TZY6473", alpr.Wildcard, 1},
		{"?Z?6473", "TZY6473", alpr.Wildcard, 2},
		{"TZ?6473", "TZY6478", alpr.Confusable, 2},
		{"TZ?647", "TZY6473", alpr.MissingChar, 2},
		{"?Y64*", "TY6473", alpr.Wildcard, 3},
		{"*6473", "TZY6473", alpr.Wildcard, 3},
	} {
		how, differs := explain(c.read, c.listed)
		if how != c.how || len(differs) != c.differs {
			t.Errorf("%s beside %s: %s with %d differences, want %s with %d", c.read, c.listed, how, len(differs), c.how, c.differs)
		}
		if r := differs[0].Read; r != "?" && r != "*" {
			t.Errorf("%s beside %s: the first difference is %+v", c.read, c.listed, differs[0])
		}
	}
}

// A plate that the picture's edge cuts off fits the listed ones that go on beyond it, each a little: at the usual threshold none is
// a hit, a list that wants partial reads says so, and the alert tells what wasn't seen (docs/decisions/0100).
func TestCutOff(t *testing.T) {
	r := newSynth(15)
	s := r.see("BC1234", 0)
	for range 2 { // places beyond the edge, each with any character or none
		var any [alpr.Classes]float64
		for k := range any {
			any[k] = 0.5 / float64(alpr.Blank)
		}
		any[alpr.Blank] = 0.5
		s = slices.Insert(s, 0, any)
	}
	read := alpr.Read{
		Plate: alpr.NewSeen("*BC1234"), Partial: true, Candidates: []alpr.Candidate{{Text: "*BC1234", Confidence: 0.95}},
		Lattice: alpr.Lattice{{{Text: "*", P: 1}}, {{Text: "B", P: 1}}, {{Text: "C", P: 1}}}, Evidence: alpr.Evidence{r.look(s, 40, 1)},
	}
	list := []alpr.Entry{entry("1", "ABC1234", ""), entry("2", "BC12345", ""), entry("3", "XYZ1234", ""), entry("4", "?BC12*", "")}
	if hits := index(t, 0, list[:3]...).Match(read, now); len(hits) != 0 {
		t.Errorf("%d hits at the usual threshold", len(hits))
	}
	hits := index(t, 0.001, list...).Match(read, now)
	if d := cmp.Diff([]string{"1"}, ids(hits)); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff([]alpr.Difference{{Position: 0, Read: "*", Listed: "A"}}, hits[0].Differs); d != "" || hits[0].How != alpr.Wildcard {
		t.Error(hits[0].How, d)
	}
	if p := hits[0].Posterior; p > 1.0/36 {
		t.Errorf("posterior %v, where any of 36 characters would do", p)
	}
}
