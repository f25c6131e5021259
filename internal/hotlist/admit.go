package hotlist

import (
	"fmt"
	"strings"
)

// Admit is the unit's own gate, whatever the publisher let pass: it refuses a list of another fleet, one that serves traffic enforcement (R53),
// that holds restricted classes which this agency didn't enable, by letter or word (R27), or whose source had a larger
// share of rows that couldn't be loaded than limit, 0 to 1 (R23). A *PolicyError or a *RejectError.
func (m Manifest) Admit(fleet string, enabled []string, limit float64) error {
	if m.Fleet != fleet {
		return &PolicyError{fmt.Sprintf("the list %q is for the fleet %q, and this unit belongs to %q", m.List, m.Fleet, fleet), "another agency's list",
			"have it published for this fleet (--fleet), or mend unit.fleet in the unit's configuration"}
	}
	may := map[string]bool{}
	for _, e := range enabled {
		may[classOfWords(e).word] = true
	}
	traffic := map[string]int{}
	for word, n := range m.Classes {
		if trafficOnly(word) {
			traffic[strings.ReplaceAll(word, "_", " ")] = n
		}
	}
	if len(traffic) > 0 {
		return trafficError(traffic)
	}
	if trafficOnly(m.List) || trafficOnly(m.Source) {
		return &PolicyError{fmt.Sprintf("the list %q serves traffic enforcement only", m.List), trafficClause, "such a list can't be loaded"}
	}
	for _, word := range Words(m.Classes) {
		if c := classOfWords(word); c.restricted && !may[c.word] {
			return &PolicyError{
				fmt.Sprintf("%d entries of the class %s are restricted and not enabled here", m.Classes[word], c.word), "CJIS Security Policy 4.2.2",
				fmt.Sprintf("publish the list without them, or, where the agency decided so, add %c to hotlists.restricted_classes of its profile", c.letter),
			}
		}
	}
	if n := m.Rejected(); float64(n) > limit*float64(m.rows()) {
		return &RejectError{Report: Report{Rows: m.rows(), Rejects: m.Rejects}, Limit: limit}
	}
	return nil
}
