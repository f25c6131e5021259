package alpr

import "time"

// Unverified is the only status an alert ever leaves the unit with (R18).
const Unverified = "UNVERIFIED"

// Notice stands in every alert.
const Notice = "An alert is not probable cause. Verify the plate, the state and the current status of the entry before acting."

// Alert is the message of a hit as it leaves the unit; Encode makes its bytes. docs/asyncapi.yaml describes it for
// others; the schema beside it validates every one in the tests. Every field is always there: what is not known is null
// where the type says pointer, and empty where it says string or slice.
type Alert struct {
	ID             string        `json:"id"` // names the pass and the listed plate
	Revision       int           `json:"revision"`
	Seq            uint64        `json:"seq"`        // unique for each message of the unit
	DestroyBy      Time          `json:"destroy_by"` // end of the record's lawful life, copies included
	Unit           AlertUnit     `json:"unit"`
	CapturedAt     Time          `json:"captured_at"`
	Clock          AlertClock    `json:"clock"`
	Status         string        `json:"status"`
	Notice         string        `json:"notice"`
	Read           AlertRead     `json:"read"`
	Matches        []AlertMatch  `json:"matches"`         // likeliest first, then the more urgent list entry
	MatchesOmitted int           `json:"matches_omitted"` // further ones that MaxAlert had no room for
	Evidence       AlertEvidence `json:"evidence"`
	Signature      string        `json:"signature"` // base64, by the unit's key, over the alert with an empty signature
}

// AlertClock says how far CapturedAt can be trusted.
type AlertClock struct {
	Quality string  `json:"quality"`
	ErrorS  float64 `json:"error_s"`
}

// AlertUnit says where the alert comes from.
type AlertUnit struct {
	ID        string    `json:"id"`
	Site      string    `json:"site"`
	Camera    string    `json:"camera"`
	Lane      string    `json:"lane"`
	Direction string    `json:"direction"`
	Position  *Position `json:"position"` // null until surveyed or fixed by GPS
	Heading   *float64  `json:"heading"`  // degrees from north, null when unknown
}

// Position is WGS 84, degrees.
type Position struct {
	Lat float64 `json:"lat"`
	Lon float64 `json:"lon"`
}

// AlertRead is the read behind the alert.
type AlertRead struct {
	Text             string  `json:"text"`
	Partial          bool    `json:"partial,omitempty"` // text leaves characters open: ? or *
	Confidence       float64 `json:"confidence"`
	Weakest          float64 `json:"weakest"`
	Region           *string `json:"region"` // null when unknown
	RegionConfidence float64 `json:"region_confidence"`
	Small            []int   `json:"small"`
	Lattice          Lattice `json:"lattice"`
	Frames           int     `json:"frames"`
	Agreeing         int     `json:"agreeing"`
	Pass             uint64  `json:"pass"`
}

// AlertMatch is one entry the read matches.
type AlertMatch struct {
	List         AlertList    `json:"list"`
	Entry        AlertEntry   `json:"entry"`
	How          How          `json:"how"`
	Differs      []Difference `json:"differs"`
	RegionAgrees *bool        `json:"region_agrees"` // null when either side's state is unknown (R19)
	Posterior    float64      `json:"posterior"`
}

// AlertList is the list of a match.
type AlertList struct {
	Name    string  `json:"name"`
	Source  string  `json:"source"`
	Version uint64  `json:"version"`
	AgeS    float64 `json:"age_s"`
	Stale   bool    `json:"stale"` // older than 24 h (R20)
}

// AlertEntry is the entry of a match.
type AlertEntry struct {
	ID           string       `json:"id"`
	Plate        string       `json:"plate"`
	Region       *string      `json:"region"`
	Class        string       `json:"class"`
	Priority     int          `json:"priority"`
	Make         string       `json:"make"`
	Model        string       `json:"model"`
	Colour       string       `json:"colour"`
	Year         string       `json:"year"`
	Reason       string       `json:"reason"`
	Instructions string       `json:"instructions"`
	EnteredAt    *Time        `json:"entered_at"` // null when the list doesn't say
	ExpiresAt    *Time        `json:"expires_at"` // null for never
	Manual       *AlertManual `json:"manual"`     // null for a list from a system
}

// AlertManual names who entered the entry by hand.
type AlertManual struct {
	Operator string `json:"operator"`
}

// AlertEvidence is what the receiver can see and check.
type AlertEvidence struct {
	PlateJPEG   []byte    `json:"plate_jpeg"` // base64; at most MaxPlateJPEG bytes, or Encode leaves it out
	PlateSHA256 string    `json:"plate_sha256"`
	SceneSHA256 string    `json:"scene_sha256"` // of the picture that follows on alert/scene
	Corners     [4][2]int `json:"corners"`      // of the plate in the scene
}

// Scene follows an alert on the bulk connection: the whole picture, other vehicles' plates blanked.
type Scene struct {
	ID         string    `json:"id"`       // of its alert
	Revision   int       `json:"revision"` // of its alert
	Seq        uint64    `json:"seq"`      // its own
	DestroyBy  Time      `json:"destroy_by"`
	Unit       SceneUnit `json:"unit"`
	CapturedAt Time      `json:"captured_at"`
	Width      int       `json:"width"`
	Height     int       `json:"height"`
	SceneJPEG  []byte    `json:"scene_jpeg"`   // base64
	SHA256     string    `json:"scene_sha256"` // of the JPEG, hexadecimal
}

// SceneUnit says which unit and camera a scene comes from.
type SceneUnit struct {
	ID     string `json:"id"`
	Camera string `json:"camera"`
}

// Time is RFC 3339 UTC with milliseconds on the wire.
type Time struct{ time.Time }

const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// MarshalJSON writes the time in UTC.
func (t Time) MarshalJSON() ([]byte, error) {
	return []byte(`"` + t.UTC().Format(timeLayout) + `"`), nil
}
