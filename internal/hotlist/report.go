package hotlist

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reason says why a row can't be loaded.
type Reason string

const (
	EmptyPlate    Reason = "empty_plate"
	JunkPlate     Reason = "junk_plate"      // 0, 00, 000, UNKNOWN, …
	LongPlate     Reason = "long_plate"      // more than 10 characters
	BadPlate      Reason = "bad_plate"       // characters that no plate has
	OpenPlate     Reason = "open_plate"      // leaves more than 2 characters open, or fewer than 3 fixed
	Calibration   Reason = "calibration_row" // a test pattern of the feed
	BadState      Reason = "bad_state"
	BadDate       Reason = "bad_date"
	BadPriority   Reason = "bad_priority"
	UnknownClass  Reason = "unknown_class" // a letter that NCIC doesn't have
	ShortRow      Reason = "short_row"
	LongRow       Reason = "long_row" // a line above 64 KiB
	BrokenQuotes  Reason = "broken_quotes"
	WrongColumns  Reason = "wrong_columns"  // more fields than the header names
	BareManual    Reason = "bare_manual"    // entered by hand without a reason (R26)
	LastingManual Reason = "lasting_manual" // entered by hand for more than 30 days (R26)
)

var said = map[Reason]string{
	EmptyPlate: "no plate", JunkPlate: "a plate that stands for none", LongPlate: "a plate of more than 10 characters", BadPlate: "characters that no plate has",
	OpenPlate: "too many open characters in the plate", Calibration: "a calibration row", BadState: "no state of this name", BadDate: "a date that doesn't exist",
	BadPriority: "a priority that is neither 0 to 100 nor high, medium, low", UnknownClass: "a class that NCIC doesn't have", ShortRow: "cut short",
	LongRow: "longer than 64 KiB", BrokenQuotes: "broken quotes", WrongColumns: "more fields than the header names",
	BareManual: "entered by hand without a reason", LastingManual: "entered by hand for more than 30 days",
}

// BadRow is a row that can't be loaded. It names the line, never the plate.
type BadRow struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // from 1
	Reason Reason `json:"reason"`
	Field  string `json:"field"` // the column that is wrong; empty where it is the row
}

// field is the column that a reason is about.
func (r Reason) field() string {
	switch r {
	case EmptyPlate, JunkPlate, LongPlate, BadPlate, OpenPlate, Calibration:
		return "plate"
	case BadState:
		return "state"
	case BadDate, LastingManual:
		return "date"
	case BadPriority:
		return "priority"
	case UnknownClass:
		return "class"
	case BareManual:
		return "reason"
	}
	return ""
}

// maxKept is how many rows that can't be loaded are kept one by one; all are counted.
const maxKept = 100_000

// Report counts what became of the rows. Rows = Entries + Duplicates + Expired + LeftOut + Rejects, all summed up.
type Report struct {
	Rows       int            `json:"rows"`
	Entries    int            `json:"entries"`
	Duplicates int            `json:"duplicates"` // the same in every field
	Expired    int            `json:"expired"`
	LeftOut    map[string]int `json:"left_out"` // by class: restricted and not enabled (R27), or dropped on request
	Rejects    map[Reason]int `json:"rejects"`
	First      []BadRow       `json:"first_rejects"` // the first ten
	Classes    map[string]int `json:"classes"`
	Regions    map[string]int `json:"regions"`         // "" where the list doesn't say
	Clipped    int            `json:"clipped"`         // texts too long for an entry, cut
	NoYear     int            `json:"unreadable_year"` // vehicle years that are none; the entry stays, without
	Ignored    []string       `json:"ignored_columns"`
	Format     Format         `json:"format"`

	Bad []BadRow `json:"-"` // every reject, up to a hundred thousand
}

func newReport() Report {
	return Report{LeftOut: map[string]int{}, Rejects: map[Reason]int{}, Classes: map[string]int{}, Regions: map[string]int{}, First: []BadRow{}, Ignored: []string{}}
}

// Rejected is how many rows can't be loaded.
func (r Report) Rejected() int {
	n := 0
	for _, v := range r.Rejects {
		n += v
	}
	return n
}

func (r *Report) reject(file string, line int, why Reason) {
	r.Rejects[why]++
	bad := BadRow{file, line, why, why.field()}
	if len(r.First) < 10 {
		r.First = append(r.First, bad)
	}
	if len(r.Bad) < maxKept {
		r.Bad = append(r.Bad, bad)
	}
}

// RejectError is returned when more rows can't be loaded than the limit allows: the list is refused whole (R23).
type RejectError struct {
	Report Report
	Limit  float64
}

func (e *RejectError) Error() string {
	n := e.Report.Rejected()
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d rows can't be loaded (%.3g %%, the limit is %.3g %%), so the list is refused whole", n, e.Report.Rows, 100*float64(n)/float64(e.Report.Rows), 100*e.Limit)
	for i, r := range e.Report.First {
		if i == 5 {
			break
		}
		b.WriteString([]string{":", ";"}[min(i, 1)])
		fmt.Fprintf(&b, " %s line %d: %s", r.File, r.Line, said[r.Reason])
	}
	if n > 5 && len(e.Report.First) > 0 {
		fmt.Fprintf(&b, "; and %d more", n-5)
	}
	return b.String()
}

// Hint says how to mend it.
func (e *RejectError) Hint() string {
	return "mend these rows at their source, or allow more with --max-rejects if the feed is known to be like this"
}

// PolicyError is returned for what the law forbids to load.
type PolicyError struct {
	What   string
	Clause string
	Mend   string
}

func (e *PolicyError) Error() string { return e.What + " (" + e.Clause + ")" }

// Hint says how to mend it.
func (e *PolicyError) Hint() string { return e.Mend }

// ExitCode is 3: refused by policy.
func (e *PolicyError) ExitCode() int { return 3 }

const trafficClause = "N.C.G.S. 20-183.31(b): plate readers are not used to enforce traffic violations"

func trafficError(categories map[string]int) error {
	names := slices.Sorted(maps.Keys(categories))
	var b strings.Builder
	rows := 0
	for i, n := range names {
		rows += categories[n]
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", clip(n, 40))
	}
	return &PolicyError{
		What:   fmt.Sprintf("%d rows of category %s serve traffic enforcement only", rows, b.String()),
		Clause: trafficClause,
		Mend:   "take them out of the list, or leave them out with --drop-class for each category",
	}
}

// hinted is an error that a person caused and can mend.
type hinted struct {
	error
	hint string
}

func (h hinted) Hint() string  { return h.hint }
func (h hinted) Unwrap() error { return h.error }
