package demo

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"math"
	"strings"
	"time"

	"alprd/internal/alpr"
)

// What the page shows. Everything is text or a number made for people; the templates escape it.

type passView struct {
	Pass             uint64
	Shown            string
	Region           string
	Percent          string
	Chars            []charView
	Frames, Agreeing int
	Time             string
	Final, Listed    bool
	Verdict          string // "right", "wrong"; empty while nothing is known
	Picture          template.URL
}

type charView struct {
	Text, Class, Title string
	Y, H               int // of a bar 16 high
}

type alertView struct {
	ID, Status, Notice string
	Revision           int
	Time, Latency      string
	DestroyBy          string
	Read               []letterView
	ReadRegion         string
	Percent            string
	Matches            []matchView
	Picture            template.URL
}

type letterView struct {
	Text    string
	Differs bool
}

type matchView struct {
	Plate                  []letterView
	Region, Why            string
	Class, Vehicle, Reason string
	List                   string
	Version                uint64
	Age, Entered           string
	Stale                  bool
}

type storedView struct {
	Reads, Outbox, Drops, ReaderMS string
	Bytes                          string
	Listed, ListAge                string
	Days                           []dayView
}

type dayView struct {
	Day, Reads, Size, Until, UntilText, Left string
	UntilMS                                  int64
}

// Stored is what the unit holds, for the page.
type Stored struct {
	Days      []StoredDay
	Outbox    int           // messages that wait for the broker
	Drops     uint64        // frames dropped between camera and reader
	ReaderMS  float64       // median of reading a frame; 0 while unknown
	Listed    int           // plates on all active lists
	ListAge   time.Duration // of the oldest list
	ListStale bool
}

// StoredDay is one day's reads.
type StoredDay struct {
	Day       string // "2026-11-22", UTC
	Reads     int
	Bytes     int64
	DestroyAt time.Time // when its key is destroyed
}

func viewPass(r alpr.Read, listed bool, truth string) passView {
	v := passView{Pass: r.Pass, Shown: dashed(r.Plate.Text()), Region: state(r.Region), Percent: percent(r.Confidence), Frames: r.Frames, Agreeing: r.Agreeing,
		Time: clockTime(r.At), Final: r.Final, Listed: listed}
	if truth != "" {
		if v.Verdict = "wrong"; truth == r.Plate.Text() {
			v.Verdict = "right"
		}
	}
	for _, slot := range r.Lattice {
		if len(slot) == 0 || slot[0].Text == "" {
			continue
		}
		v.Chars = append(v.Chars, viewChar(slot))
	}
	if r.Best != nil && r.Best.Image != nil {
		v.Picture = dataURL(plateJPEG(r.Best.Image, r.Corners))
	}
	return v
}

func viewChar(slot []alpr.Char) charView {
	c := charView{Text: slot[0].Text, Class: "sure", H: max(1, int(math.Round(16*slot[0].P)))}
	c.Y = 16 - c.H
	switch {
	case slot[0].P < .6:
		c.Class = "doubt"
	case slot[0].P < .9:
		c.Class = "likely"
	}
	var parts []string
	for _, a := range slot[:min(3, len(slot))] {
		t := a.Text
		if t == "" {
			t = "nothing"
		}
		parts = append(parts, t+" "+percent(a.P))
	}
	c.Title = strings.Join(parts, ", ")
	return c
}

// viewAlert reads an alert as it came from the broker.
func viewAlert(message []byte, receivedAt time.Time) (alertView, error) {
	var a alpr.Alert
	if err := json.Unmarshal(message, &a); err != nil {
		return alertView{}, fmt.Errorf("alert for the page: %w", err)
	}
	v := alertView{ID: a.ID, Status: a.Status, Notice: a.Notice, Revision: a.Revision, Time: clockTime(a.CapturedAt.Time), Percent: percent(a.Read.Confidence),
		Latency: seconds(receivedAt.Sub(a.CapturedAt.Time)), DestroyBy: a.DestroyBy.UTC().Format("2 January 2006, 15:04 UTC"), ReadRegion: "state unknown", Picture: dataURL(a.Evidence.PlateJPEG)}
	if a.Read.Region != nil {
		v.ReadRegion = state(*a.Read.Region)
	}
	differs := map[int]bool{}
	for _, m := range a.Matches {
		for _, d := range m.Differs {
			differs[d.Position] = true
		}
		v.Matches = append(v.Matches, viewMatch(m, a.Read))
	}
	for i, c := range a.Read.Text {
		v.Read = append(v.Read, letterView{string(c), differs[i]})
	}
	return v, nil
}

func viewMatch(m alpr.AlertMatch, read alpr.AlertRead) matchView {
	v := matchView{Class: strings.ReplaceAll(m.Entry.Class, "_", " "), Reason: m.Entry.Reason, List: m.List.Name, Version: m.List.Version,
		Age: lasting(time.Duration(m.List.AgeS * float64(time.Second))), Stale: m.List.Stale, Region: "any state"}
	if m.Entry.Region != nil {
		v.Region = state(*m.Entry.Region)
	}
	if m.Entry.EnteredAt != nil {
		v.Entered = m.Entry.EnteredAt.UTC().Format("2 January")
	}
	v.Vehicle = strings.Join(strings.Fields(strings.Join([]string{m.Entry.Colour, m.Entry.Make, m.Entry.Model, m.Entry.Year}, " ")), " ")
	differs := map[int]bool{}
	shift := 0 // how many characters more the entry has, so far
	for _, d := range m.Differs {
		if d.Listed != "" {
			differs[d.Position+shift] = true
		}
		if d.Read == "" {
			shift++
		}
	}
	for i, c := range m.Entry.Plate {
		v.Plate = append(v.Plate, letterView{string(c), differs[i]})
	}
	v.Why = why(m, read)
	return v
}

// why says in words how a read and an entry go together.
func why(m alpr.AlertMatch, read alpr.AlertRead) string {
	var parts []string
	switch m.How {
	case alpr.Exact:
		parts = append(parts, "The same characters")
		if len(m.Differs) > 0 {
			parts[0] += ", letter O and figure 0 taken alike"
		}
	case alpr.OtherRegion:
		parts = append(parts, "The same characters, but of another state: not the same plate")
	default:
		var d []string
		for _, x := range m.Differs {
			d = append(d, difference(x))
		}
		parts = append(parts, "Not the same characters: "+strings.Join(d, "; ")+". The picture leaves room for it")
	}
	if m.How != alpr.OtherRegion {
		switch {
		case m.RegionAgrees == nil && read.Region == nil:
			parts = append(parts, "the state was not read: check it by eye")
		case m.RegionAgrees == nil:
			parts = append(parts, "the list does not say which state")
		case !*m.RegionAgrees:
			parts = append(parts, "the state differs")
		default:
			parts = append(parts, "the state agrees")
		}
	}
	return strings.Join(parts, "; ") + ". Probability that the plate reads as listed: " + percent(m.Posterior) + "."
}

func difference(d alpr.Difference) string {
	place := fmt.Sprintf(" at place %d", d.Position+1)
	switch {
	case d.Read == "":
		return "listed " + d.Listed + place + " is missing"
	case d.Listed == "":
		return "read " + d.Read + place + " is not listed"
	}
	return "read " + d.Read + ", listed " + d.Listed + place
}

func viewStored(s Stored, now time.Time) storedView {
	v := storedView{Outbox: fmt.Sprint(s.Outbox), Drops: fmt.Sprint(s.Drops), ReaderMS: "–", Listed: fmt.Sprint(s.Listed), ListAge: lasting(s.ListAge) + " old"}
	if s.ReaderMS > 0 {
		v.ReaderMS = fmt.Sprintf("%.0f", s.ReaderMS)
	}
	if s.ListStale {
		v.ListAge += ", stale"
	}
	var reads int
	var bytes int64
	for _, d := range s.Days {
		reads, bytes = reads+d.Reads, bytes+d.Bytes
		left := max(0, d.DestroyAt.Sub(now))
		v.Days = append(v.Days, dayView{Day: d.Day, Reads: fmt.Sprint(d.Reads), Size: size(d.Bytes), Until: d.DestroyAt.UTC().Format(time.RFC3339),
			UntilText: d.DestroyAt.UTC().Format("2 Jan 2006, 15:04 UTC"), UntilMS: d.DestroyAt.UnixMilli(), Left: "in " + lasting(left)})
	}
	v.Reads, v.Bytes = fmt.Sprint(reads), size(bytes)
	return v
}

func percent(p float64) string {
	if p > .9995 { // nobody is ever wholly sure
		return "> 99.9 %"
	}
	return fmt.Sprintf("%.3g %%", p*100)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

func clockTime(t time.Time) string { return t.UTC().Format("15:04:05.000") }

func size(n int64) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.0f kB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}

// lasting is a duration in its two largest units.
func lasting(d time.Duration) string {
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d s", int(d.Seconds()))
}

// state is "NC" for "us-nc".
func state(region string) string { return strings.ToUpper(strings.TrimPrefix(region, "us-")) }

// dashed writes ABC1234 as ABC-1234; other texts stay as they are.
func dashed(text string) string {
	if len(text) != 7 || strings.Trim(text[:3], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || strings.Trim(text[3:], "0123456789") != "" {
		return text
	}
	return text[:3] + "-" + text[3:]
}

func dataURL(picture []byte) template.URL {
	if len(picture) == 0 {
		return ""
	}
	return template.URL("data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(picture))
}

// plateJPEG is the plate and a little around it.
func plateJPEG(img *image.YCbCr, q alpr.Quad) []byte {
	x0, y0, x1, y1 := q.Bounds()
	dx, dy := (x1-x0)*.15, (y1-y0)*.2
	r := image.Rect(int(x0-dx), int(y0-dy), int(math.Ceil(x1+dx)), int(math.Ceil(y1+dy))).Intersect(img.Rect)
	if r.Empty() {
		return nil
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img.SubImage(r), &jpeg.Options{Quality: 88}); err != nil {
		return nil
	}
	return b.Bytes()
}
