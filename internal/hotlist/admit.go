package hotlist

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Admit is the unit's own gate, whatever the publisher let pass: it refuses a list that holds restricted classes which
// this agency didn't enable, by letter or word (R27), more rejects than limit (0 to 1) allows, or anything that serves
// traffic enforcement (R53). A *PolicyError or a *RejectError.
func (m Manifest) Admit(enabled []string, limit float64) error {
	traffics := map[string]int{}
	for _, word := range slices.Sorted(maps.Keys(m.Classes)) {
		if trafficOnly(strings.ReplaceAll(word, "_", " ")) {
			traffics[word] = m.Classes[word]
		}
	}
	if trafficOnly(m.List) {
		traffics[m.List] = m.Count
	}
	if len(traffics) > 0 {
		return trafficError(traffics)
	}
	for _, k := range classes {
		if n := m.Classes[k.word]; k.restricted && n > 0 && !slices.ContainsFunc(enabled, func(e string) bool {
			return strings.EqualFold(e, k.word) || strings.EqualFold(e, string(k.letter))
		}) {
			return &PolicyError{
				fmt.Sprintf("%d entries of the class %s are restricted and not enabled here", n, k.word), "CJIS Security Policy 4.2.2",
				fmt.Sprintf("publish the list without them, or, where the agency decided so, add %c to hotlists.restricted_classes of its profile", k.letter),
			}
		}
	}
	if rows := m.Count + m.Rejected(); rows > 0 && float64(m.Rejected()) > limit*float64(rows) {
		return &RejectError{Report: Report{Rows: rows, Rejects: m.Rejects}, Limit: limit}
	}
	return nil
}
