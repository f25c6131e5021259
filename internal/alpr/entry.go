package alpr

import "time"

// Entry is one line of a hot list: a plate someone has a lawful reason to look for.
type Entry struct {
	ID           string // unique in its list; the NIC number where there is one
	Plate        Plate
	Region       string // "us-nc"; empty when the list doesn't say
	Class        string // stolen_vehicle, stolen_plate, wanted, felony, missing, amber, …
	Priority     int    // 0 highest … 100 lowest
	Make         string
	Model        string
	Colour       string
	Year         string
	Reason       string
	Instructions string
	EnteredAt    time.Time // zero when unknown
	EffectiveAt  time.Time // no hit before it; zero for at once
	ExpiresAt    time.Time // no hit from it on; zero for never
	Operator     string    // who entered it by hand; empty for a list from a system
}

// Live reports whether the entry may raise a hit at now.
func (e Entry) Live(now time.Time) bool {
	return !now.Before(e.EffectiveAt) && (e.ExpiresAt.IsZero() || now.Before(e.ExpiresAt))
}

// ListInfo says which list an entry came from, and how old that list is.
type ListInfo struct {
	Name    string
	Source  string // who publishes it: "NCIC", "NC SBI", …
	Version uint64
	BuiltAt time.Time // when the publisher made this version
	StaleAt time.Time // from then on he wouldn't rely on it; zero when he doesn't say
}

// Stale reports whether the list can't be relied on at now: older than after since it was built, whenever it arrived, or past its
// publisher's own date (R20). What isn't built, like entries made by hand, never is.
func (l ListInfo) Stale(now time.Time, after time.Duration) bool {
	return !l.BuiltAt.IsZero() && now.Sub(l.BuiltAt) > after || !l.StaleAt.IsZero() && !now.Before(l.StaleAt)
}

// How tells in what way a read matches an entry.
type How string

const (
	Exact       How = "exact"        // the same text, O and 0 taken alike
	OtherRegion How = "other_region" // the same text, a state that disagrees (R19)
	Confusable  How = "confusable"   // one or more characters substituted as the lattice supports
	MissingChar How = "missing_char" // the read lacks a character of the entry
	ExtraChar   How = "extra_char"   // the read has a character more than the entry
	Wildcard    How = "wildcard"     // the entry or the read leaves a character open
)

// Difference is one position where the read and the entry are not the same character. An empty string means that
// nothing stands there.
type Difference struct {
	Position int    `json:"position"`
	Read     string `json:"read"`
	Listed   string `json:"listed"`
}

// Hit is one entry that a read matches, and why.
type Hit struct {
	Entry        Entry
	List         ListInfo
	How          How
	Differs      []Difference
	RegionAgrees *bool   // nil when either side's state is unknown
	Posterior    float64 // 0..1: that this entry's text is what stands on the plate
}
