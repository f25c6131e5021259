package custody

import (
	"time"

	"alprd/internal/alpr"
	"alprd/internal/trust"
)

// Reply is what became of a command. Only who gave it gets it.
type Reply struct {
	Command string      `json:"command"` // its id; empty when it could not be read
	Type    string      `json:"type"`
	Unit    string      `json:"unit"`
	At      alpr.Time   `json:"at"`
	Outcome Outcome     `json:"outcome"`
	Refused *trust.Code `json:"refused"`   // why, in one word; null unless refused
	What    string      `json:"error"`     // in a sentence; empty when done
	Mend    string      `json:"hint"`      // what to do about it
	Code    int         `json:"exit_code"` // 0 done, 1 failed, 3 refused
	Entry   *Entry      `json:"entry"`     // as it is now; null where there is none
	Entries []Entry     `json:"entries"`   // null unless asked for
	Past    *PastAnswer `json:"past"`      // null unless asked for
}

// Outcome is in one word what became of a command.
type Outcome string

const (
	Done    Outcome = "done"
	Refused Outcome = "refused" // nothing of it persists
	Failed  Outcome = "failed"  // the unit could not; its log says why
)

// PastAnswer is what the unit's own buffer says about a new entry: within retention, and only what the clock lets be shown.
type PastAnswer struct {
	AskedBy  trust.Actor `json:"asked_by"`
	Purpose  string      `json:"purpose"`
	Case     string      `json:"case"`
	From     alpr.Time   `json:"from"`
	To       alpr.Time   `json:"to"`
	Searched int         `json:"searched"` // vehicle passes looked at
	Found    []Seen      `json:"found"`    // newest first
	Omitted  int         `json:"omitted"`  // older ones that the answer had no room for
}

// MaxFound is how many passes one answer tells.
const MaxFound = 1000

// Seen is one vehicle pass that matches.
type Seen struct {
	Read         string            `json:"read"` // its id
	Camera       string            `json:"camera"`
	At           alpr.Time         `json:"at"`
	Clock        string            `json:"clock"` // synchronised or not
	Text         string            `json:"text"`
	Region       *string           `json:"region"` // null when unknown
	Confidence   float64           `json:"confidence"`
	Direction    string            `json:"direction"`
	How          alpr.How          `json:"how"`
	Differs      []alpr.Difference `json:"differs"`
	RegionAgrees *bool             `json:"region_agrees"`
	Posterior    float64           `json:"posterior"`
	DestroyBy    alpr.Time         `json:"destroy_by"` // the end of its lawful life, this answer's copy included
}

// Access is one line of the record of accesses: who, when, in what role, what for, and what came of it (R15; AU-3). It holds no
// plate but inside Signed, which is the command itself.
type Access struct {
	At      alpr.Time     `json:"at"`
	Clock   string        `json:"clock"`
	Event   string        `json:"event"` // the command's type; roster, entry.expired
	Outcome Outcome       `json:"outcome"`
	Refused *trust.Code   `json:"refused"`
	Command string        `json:"command"`
	Counter uint64        `json:"counter"`
	Key     string        `json:"key"` // fingerprint of the signer's
	Actor   trust.Actor   `json:"actor"`
	Purpose string        `json:"purpose"`
	Case    string        `json:"case"`
	About   []string      `json:"about"`  // ids of entries or reads
	Count   int           `json:"count"`  // of what was answered
	Signed  string        `json:"signed"` // the command as it came, where it was obeyed
	Took    time.Duration `json:"took"`
}
