package alpr

// What a unit tells about itself. docs/asyncapi.yaml describes these messages; nothing in them speaks of a plate.

// UnitName is the unit a message comes from: every message of every kind has it at unit.id.
type UnitName struct {
	ID   string `json:"id"`
	Site string `json:"site"`
}

// Status is retained on {prefix}/{unit}/status: whoever subscribes knows at once whether the unit is there and what it
// runs. The broker itself publishes the offline one when the connection breaks (last will).
type Status struct {
	Unit   UnitName     `json:"unit"`
	Online bool         `json:"online"`
	Reason StatusReason `json:"reason"`
	At     Time         `json:"at"` // connected, or stopped; of lost, when the connection that was lost had been made
	*Birth              // nil when offline
}

// StatusReason says why a unit is online or offline.
type StatusReason string

const (
	Connected StatusReason = "connected"
	Stopped   StatusReason = "stopped" // in order, by its technician or an update
	Lost      StatusReason = "lost"    // the connection broke
)

// Birth is what a unit says when it comes online, and again when any of it changes.
type Birth struct {
	Version   string       `json:"version"` // of alprd
	Profile   string       `json:"profile"` // the agency profile in force
	StartedAt Time         `json:"started_at"`
	Cameras   []string     `json:"cameras"`
	Lists     []ListStatus `json:"lists"`
	Clock     AlertClock   `json:"clock"`
	Security  Security     `json:"security"`
}

// Security says how well the unit guards what it keeps.
type Security struct {
	Level   string `json:"level"`   // "full", or "reduced" when one of the following is the weaker choice
	Ring    string `json:"ring"`    // what holds the key ring: "tpm" or "file"
	FIPS    bool   `json:"fips"`    // the FIPS 140 module enforces, in process
	Custody string `json:"custody"` // on whose word a message leaves the outbox: "broker" or "receipt"

	SigningKey string `json:"signing_key"` // Ed25519 public key that checks this unit's alerts, base64
}

// ListStatus is a hot list in force.
type ListStatus struct {
	Name     string  `json:"name"`
	Source   string  `json:"source"`
	Version  uint64  `json:"version"`
	BuiltAt  Time    `json:"built_at"` // when the publisher made this version
	AgeS     float64 `json:"age_s"`
	Stale    bool    `json:"stale"` // older than 24 h (R20)
	Entries  int     `json:"entries"`
	Rejected int     `json:"rejected"` // rows the publisher could not use
}

// Hotlists is retained on {prefix}/{unit}/hotlist.
type Hotlists struct {
	Unit  UnitName     `json:"unit"`
	At    Time         `json:"at"`
	Lists []ListStatus `json:"lists"`

	Refused []ListRefusal `json:"refused"` // what came since, and was not taken
}

// ListRefusal is a version of a list that came and was not taken: the one in force stays.
type ListRefusal struct {
	Name    string `json:"name"`
	Version uint64 `json:"version"` // zero when the manifest itself can't be read
	At      Time   `json:"at"`
	Why     string `json:"why"`
}

// Health goes out every minute while the unit is connected; it is never queued. Null means that the unit has no sensor
// for it or no reading yet.
type Health struct {
	Unit         UnitName       `json:"unit"`
	At           Time           `json:"at"`
	UptimeS      float64        `json:"uptime_s"` // of the daemon
	Cameras      []CameraHealth `json:"cameras"`
	Queue        QueueHealth    `json:"queue"`
	Uplink       UplinkHealth   `json:"uplink"`
	Disk         DiskHealth     `json:"disk"`
	Clock        AlertClock     `json:"clock"`
	Lists        []ListStatus   `json:"lists"`
	MemoryBytes  *int64         `json:"memory_bytes"` // resident set of the daemon
	Load1        *float64       `json:"load_1"`       // runnable processes, mean of a minute
	TemperatureC *float64       `json:"temperature_c"`
	VoltageV     *float64       `json:"voltage_v"`
	DoorOpen     *bool          `json:"door_open"`
	TiltDeg      *float64       `json:"tilt_deg"` // from the surveyed attitude
	Alarms       []Alarm        `json:"alarms"`   // raised and not yet cleared
}

// CameraHealth is one camera since the daemon's start, rates over the last minute.
type CameraHealth struct {
	Name          string   `json:"name"`
	State         string   `json:"state"`  // "streaming", "connecting", "failed", or "ended" (a clip or folder)
	Frozen        bool     `json:"frozen"` // the picture stands still
	Error         string   `json:"error"`  // the last one, empty when there was none
	FPS           float64  `json:"fps"`
	Frames        uint64   `json:"frames"`
	Dropped       uint64   `json:"dropped"` // frames nobody had time for
	Reconnects    uint64   `json:"reconnects"`
	LastFrameAgeS *float64 `json:"last_frame_age_s"`
	Passes        uint64   `json:"passes"`
	Alerts        uint64   `json:"alerts"`
	ReadMsP50     *float64 `json:"read_ms_p50"` // frame to read
	ReadMsP95     *float64 `json:"read_ms_p95"`
}

// QueueHealth is what waits in the outbox.
type QueueHealth struct {
	Prompt QueueDepth `json:"prompt"`
	Bulk   QueueDepth `json:"bulk"`
}

// QueueDepth is one class of QueueHealth.
type QueueDepth struct {
	Count      int      `json:"count"`
	Bytes      int64    `json:"bytes"`
	OldestAgeS *float64 `json:"oldest_age_s"`
}

// UplinkHealth counts since the daemon's start.
type UplinkHealth struct {
	Reconnects uint64 `json:"reconnects"`
	Delivered  uint64 `json:"delivered"` // messages that left the outbox
	Resent     uint64 `json:"resent"`    // sent again on a later connection
	Forgotten  uint64 `json:"forgotten"` // dropped because their day was purged
	SetAside   uint64 `json:"set_aside"` // wait for a later try: unreadable, or the broker would not take them
}

// DiskHealth is the file system of the state directory.
type DiskHealth struct {
	TotalBytes int64  `json:"total_bytes"`
	FreeBytes  int64  `json:"free_bytes"`
	State      string `json:"state"` // "ok", "low" (sheds scene pictures) or "full" (keeps alerts only)
}

// Alarm is something a person has to mend.
type Alarm struct {
	Code  string `json:"code"`  // stable: "list_stale", "disk_low", "camera_lost", …
	About string `json:"about"` // the camera, list or part
	Since Time   `json:"since"`
	Text  string `json:"text"`
}
