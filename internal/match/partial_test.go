package match

import (
	"testing"

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
