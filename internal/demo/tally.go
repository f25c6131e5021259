package demo

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"alprd/internal/alpr"
)

// Listing is an entry of the demo's hot list and the coming vehicle it is meant for.
type Listing struct {
	Vehicle Vehicle
	Entry   alpr.Entry
	Certain bool // an alert is expected; otherwise it is right, but depends on what the picture leaves open
}

// Tally compares what a reader makes of the traffic with what was drawn. It is safe for use by several goroutines.
type Tally struct {
	traffic  *Traffic
	listings []Listing

	mu        sync.Mutex
	seen      map[int]int            // by vehicle: legible frames the camera gave
	lastSeen  map[int]uint64         // by vehicle: the last of them
	first     uint64                 // frame emitted first
	last      uint64                 // frame emitted last
	passes    map[string]*tallied    // by read ID
	order     []string               // of their first reports
	alerts    map[string]*alpr.Alert // by alert ID, the last revision
	latencies []time.Duration        // of first revisions, from capture to receipt
}

// tallied is one pass as the reader tells it.
type tallied struct {
	pass    uint64
	vehicle int // 0: nothing was drawn there
	text    string
	sure    float64
	final   bool
	frames  int
}

// NewTally starts a comparison.
func NewTally(t *Traffic, listings []Listing) *Tally {
	return &Tally{traffic: t, listings: listings, seen: map[int]int{}, lastSeen: map[int]uint64{}, passes: map[string]*tallied{}, alerts: map[string]*alpr.Alert{}}
}

// Shown takes note of a frame that the camera gave; it fits Camera.Shown.
func (y *Tally) Shown(f alpr.Frame, truth []Truth) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.first == 0 {
		y.first = f.Seq
	}
	y.last = f.Seq
	for _, x := range truth {
		if x.Legible() {
			y.seen[x.Vehicle]++
			y.lastSeen[x.Vehicle] = f.Seq
		}
	}
}

// Read takes note of a read, early or final, and gives the text of the vehicle it belongs to; empty where none was
// drawn.
func (y *Tally) Read(r alpr.Read) string {
	var v int
	var text string
	if r.Best != nil && r.Best.Seq > 0 {
		v, text = y.whose(r)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	p := y.passes[r.ID]
	if p == nil {
		p = &tallied{}
		y.passes[r.ID] = p
		y.order = append(y.order, r.ID)
	}
	*p = tallied{pass: r.Pass, vehicle: v, text: r.Plate.Text(), sure: r.Confidence, final: r.Final, frames: r.Frames}
	return text
}

// whose finds the plate that was drawn where the read was made.
func (y *Tally) whose(r alpr.Read) (int, string) {
	c := r.Corners.Centre()
	best, at := Truth{}, math.Inf(1)
	y.traffic.mu.Lock()
	drawn := y.traffic.truths(int(r.Best.Seq)-1, true)
	y.traffic.mu.Unlock()
	for _, x := range drawn {
		k := x.Corners.Centre()
		if d := math.Hypot(c.X-k.X, c.Y-k.Y); d < at && d < x.Width*.6 {
			best, at = x, d
		}
	}
	return best.Vehicle, best.Text
}

// Alert takes note of an alert as it was received. It is false for one that was received before (the broker may repeat).
func (y *Tally) Alert(message []byte, receivedAt time.Time) (alpr.Alert, bool, error) {
	var a alpr.Alert
	if err := json.Unmarshal(message, &a); err != nil {
		return a, false, fmt.Errorf("tally an alert: %w", err)
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	was := y.alerts[a.ID]
	if was != nil && was.Revision >= a.Revision {
		return a, false, nil
	}
	if was == nil {
		y.latencies = append(y.latencies, receivedAt.Sub(a.CapturedAt.Time))
	}
	y.alerts[a.ID] = &a
	return a, true, nil
}

// Summary is what came of a demo.
type Summary struct {
	Seconds  float64 `json:"seconds"`
	Vehicles int     `json:"vehicles"` // whose plate could be read, and that are gone
	Right    int     `json:"read_rightly"`
	Wrong    int     `json:"read_wrongly"`
	Unread   int     `json:"unread"`
	Twice    int     `json:"told_twice"` // further passes of a vehicle that was told already
	Phantom  int     `json:"phantoms"`   // passes where no plate was drawn

	// Still are the vehicles that were read and had not left at the end, parked ones among them: not judged above, since better
	// frames may have been to come.
	Still []StillThere `json:"still_in_view"`

	Alerts      int     `json:"alerts"`
	Expected    int     `json:"alerts_expected"`
	Missed      int     `json:"alerts_missed"`
	WrongAlerts int     `json:"alerts_wrong"` // for a plate that isn't listed
	LatencyP50  float64 `json:"latency_p50_s"`
	LatencyP95  float64 `json:"latency_p95_s"`

	Drops       uint64 `json:"frames_dropped"`
	StoredReads int    `json:"stored_reads"`
	StoredBytes int64  `json:"stored_bytes"`
}

// StillThere is a vehicle that had not left when a demo ended.
type StillThere struct {
	Text string `json:"text"` // of its plate
	Read string `json:"read"`

	Confidence float64 `json:"confidence"`
}

// Summary sums up; settled says how many of the last frames are too young to be held against the reader.
func (y *Tally) Summary(settled int) Summary {
	y.mu.Lock()
	defer y.mu.Unlock()
	s := Summary{Seconds: float64(y.last-y.first) / y.traffic.FPS()}
	best := map[int]*tallied{} // the first final pass of a vehicle, or an early one
	for _, id := range y.order {
		p := y.passes[id]
		switch was := best[p.vehicle]; {
		case p.vehicle == 0:
			s.Phantom++
		case was == nil:
			best[p.vehicle] = p
		default:
			s.Twice++
			if p.text == y.textOf(p.vehicle) {
				best[p.vehicle] = p
			}
		}
	}
	alerted := map[int]bool{}
	for _, a := range y.alerts {
		if len(a.Matches) == 0 {
			continue // withdrawn
		}
		s.Alerts++
		v := 0
		for _, p := range y.passes {
			if p.pass == a.Read.Pass {
				v = p.vehicle
			}
		}
		right := false
		for _, l := range y.listings {
			for _, m := range a.Matches {
				if l.Vehicle.ID == v && alpr.NewPlate(m.Entry.Plate).Text() == l.Entry.Plate.Text() {
					right = true
				}
			}
		}
		if !right {
			s.WrongAlerts++
		} else {
			alerted[v] = true
		}
	}
	for id := range y.seen {
		if !y.left(id, settled) {
			continue
		}
		s.Vehicles++
		switch p := best[id]; {
		case p == nil:
			s.Unread++
		case p.text == y.textOf(id):
			s.Right++
		default:
			s.Wrong++
		}
	}
	for _, l := range y.listings {
		if !l.Certain {
			continue
		}
		// What is still in view may yet be told; what was told counts.
		switch id := l.Vehicle.ID; {
		case alerted[id]:
			s.Expected++
		case y.left(id, settled):
			s.Expected++
			s.Missed++
		}
	}
	for id, p := range best {
		if id > 0 && (y.parked(id) || y.seen[id] > 0 && y.lastSeen[id]+uint64(settled) > y.last) {
			s.Still = append(s.Still, StillThere{y.textOf(id), p.text, p.sure})
		}
	}
	slices.SortFunc(s.Still, func(a, b StillThere) int { return strings.Compare(a.Text, b.Text) })
	if n := len(y.latencies); n > 0 {
		d := slices.Sorted(slices.Values(y.latencies))
		s.LatencyP50, s.LatencyP95 = d[(n-1)/2].Seconds(), d[(95*n+99)/100-1].Seconds()
	}
	return s
}

// left reports whether a vehicle was seen, drove on, and has been out of view for settled frames: it is time to judge.
func (y *Tally) left(vehicle, settled int) bool {
	return y.seen[vehicle] >= 3 && y.lastSeen[vehicle]+uint64(settled) <= y.last && !y.parked(vehicle)
}

func (y *Tally) textOf(vehicle int) string {
	y.traffic.mu.Lock()
	defer y.traffic.mu.Unlock()
	if vehicle < 1 || vehicle > len(y.traffic.movers) {
		return ""
	}
	return y.traffic.movers[vehicle-1].Text
}

func (y *Tally) parked(vehicle int) bool {
	y.traffic.mu.Lock()
	defer y.traffic.mu.Unlock()
	m := &y.traffic.movers[vehicle-1]
	return m.speed == 0 && m.course == nil
}

// String is the summary for a person.
func (s Summary) String() string {
	var b strings.Builder
	share := 0.0
	if s.Vehicles > 0 {
		share = 100 * float64(s.Right) / float64(s.Vehicles)
	}
	fmt.Fprintf(&b, "%.0f s of traffic: %d passes, %d read rightly (%.1f %%), %d wrongly, %d not read", s.Seconds, s.Vehicles, s.Right, share, s.Wrong, s.Unread)
	if s.Twice+s.Phantom > 0 {
		fmt.Fprintf(&b, "; %d told twice, %d where nothing was", s.Twice, s.Phantom)
	}
	for _, v := range s.Still {
		fmt.Fprintf(&b, "; 1 still in view, read as %s with %.2f", v.Read, v.Confidence)
		if v.Read != v.Text {
			fmt.Fprintf(&b, " (it is %s)", v.Text)
		}
	}
	fmt.Fprintf(&b, "\nalerts: %d raised, %d expected, %d missed, %d wrong", s.Alerts, s.Expected, s.Missed, s.WrongAlerts)
	if s.LatencyP50 > 0 {
		fmt.Fprintf(&b, "; from capture to the agency p50 %.2f s, p95 %.2f s", s.LatencyP50, s.LatencyP95)
	}
	fmt.Fprintf(&b, "\nframes dropped: %d; stored, sealed: %d reads, %s", s.Drops, s.StoredReads, size(s.StoredBytes))
	return b.String()
}

// PassLine is a pass for a terminal: time, pass, text, confidence, frames.
func PassLine(r alpr.Read) string {
	return fmt.Sprintf("%s pass %-3d %-9s %.2f %2d frames", clockTime(r.At), r.Pass, dashed(r.Plate.Text()), r.Confidence, r.Frames)
}

// AlertLine is an alert for a terminal.
func AlertLine(a alpr.Alert, receivedAt time.Time) string {
	if len(a.Matches) == 0 {
		return fmt.Sprintf("%s ALERT WITHDRAWN pass %d: better frames no longer support the match", clockTime(a.CapturedAt.Time), a.Read.Pass)
	}
	m := a.Matches[0]
	v := viewMatch(m, a.Read)
	line := fmt.Sprintf("%s ALERT %s pass %d: read %s, listed %s %s, %s", clockTime(a.CapturedAt.Time), a.Status, a.Read.Pass, dashed(a.Read.Text), dashed(m.Entry.Plate), v.Region, v.Class)
	if v.Vehicle != "" {
		line += ", " + v.Vehicle
	}
	return line + fmt.Sprintf(" (%s; %s after capture)", strings.ReplaceAll(string(m.How), "_", " "), seconds(receivedAt.Sub(a.CapturedAt.Time)))
}
