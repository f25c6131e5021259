package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/store"
)

// keeper is where a read, its evidence and its alerts become durable, together or not at all.
type keeper interface {
	Commit(store.Item) (store.Receipt, error)
}

// recorder turns one camera's reads and hits into records. It belongs to that camera's loop.
type recorder struct {
	unit       alpr.AlertUnit // with this camera's name, lane and direction
	retention  time.Duration
	staleAfter time.Duration
	quality    int  // of scene pictures, 1..100
	pictures   bool // keep pictures of reads that hit nothing
	sign       func([]byte) ([]byte, error)
	store      keeper

	told map[string]*toldPass // by pass, until its final read
	log  *zap.Logger

	passes, alerts atomic.Uint64 // recorded, for health
}

// toldPass is what was already told of a pass.
type toldPass struct {
	alerts map[string]*toldAlert // by the listed plate, folded
	frame  uint64                // Seq of the frame whose scene was last sent
	sha    string                // of that scene picture
}

type toldAlert struct {
	n, revision int
	text        string
	posterior   float64
	entries     int
}

// surer is by how much a posterior must have risen for an alert to be told again.
const surer = 0.05

// record commits a read with its evidence and the alerts of its hits. At its return a read with a hit is durable, alert
// included; one without is, within a second. An early read that hits nothing isn't kept:
// its pass's final read will be. The Part of a long stand is kept like a final one; its pass goes on.
func (r *recorder) record(read alpr.Read, hits []alpr.Hit) error {
	pass := r.told[read.ID]
	if len(hits) == 0 && pass == nil && !read.Final && !read.Part {
		return nil
	}
	if read.Final {
		defer delete(r.told, read.ID)
	}
	item := store.Item{Read: read} // of the day, and for the life, of the pass's first frame
	var plate, scene []byte
	if read.Best != nil && (len(hits) > 0 || pass != nil || r.pictures) {
		var err error
		if plate, err = encodePlate(read.Best, read.Corners); err == nil {
			scene, err = encodeScene(read.Best, nil, r.quality)
		}
		if err != nil { // a hit without its picture is still a hit
			r.log.Error("a read's pictures can't be made", zap.String("camera", read.Camera), zap.Error(err))
			plate, scene = nil, nil
		} else {
			item.Pictures = []store.Picture{{Name: "plate", JPEG: plate}, {Name: "scene", JPEG: scene}}
		}
	}
	due := r.due(read, hits)
	if pass == nil {
		pass = &toldPass{alerts: map[string]*toldAlert{}}
	}
	told, at := pass.sha, slices.IndexFunc(due, func(d dueAlert) bool { return len(d.hits) > 0 })
	var blanked []byte // what follows on the bulk connection: of a frame that was not sent yet
	if at >= 0 && scene != nil && (told == "" || pass.frame != read.Best.Seq) {
		if blanked = scene; len(read.Others) > 0 {
			var err error
			if blanked, err = encodeScene(read.Best, read.Others, r.quality); err != nil {
				return err
			}
		}
		told = digest(blanked)
	}
	for _, d := range due {
		item.Messages = append(item.Messages, r.alert(read, d, plate, told))
	}
	if blanked != nil {
		item.Messages = append(item.Messages, r.scene(read, due[at], blanked, told))
	}
	item.Sync = len(due) > 0
	receipt, err := r.store.Commit(item)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if blanked != nil && receipt.Shed == 0 {
		pass.sha, pass.frame = told, read.Best.Seq
	}
	if len(due) > 0 && !read.Final {
		r.told[read.ID] = pass
	}
	if len(due) > 0 {
		r.log.Info("alert recorded", zap.String("camera", read.Camera), zap.String("pass", read.ID), zap.Uint64s("seqs", receipt.Seqs))
	}
	// At this point whatever is told below is durable; a crash before it repeats the pass under a new name.
	for _, d := range due {
		if pass.alerts[d.key] == nil {
			r.alerts.Add(1)
		}
		pass.alerts[d.key] = &d.toldAlert
	}
	if read.Final {
		r.passes.Add(1)
	}
	return nil
}

// dueAlert is an alert to be sent now.
type dueAlert struct {
	toldAlert
	key  string
	hits []alpr.Hit // none: the better evidence no longer supports what was told
}

// due groups the hits by listed plate and keeps those that were not told yet, or are to be told anew: another text, more
// entries, a surer match, or none any more.
func (r *recorder) due(read alpr.Read, hits []alpr.Hit) []dueAlert {
	pass := r.told[read.ID]
	var order []string
	groups := map[string][]alpr.Hit{}
	for _, h := range hits {
		k := h.Entry.Plate.Fold()
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], h)
	}
	var out []dueAlert
	next := 1
	if pass != nil {
		next = len(pass.alerts) + 1
		for k, a := range pass.alerts {
			if groups[k] == nil && a.entries > 0 { // withdrawn, in the words it was told in
				out = append(out, dueAlert{toldAlert{a.n, a.revision + 1, a.text, 0, 0}, k, nil})
			}
		}
	}
	for _, k := range order {
		g := groups[k]
		now := toldAlert{next, 1, read.Plate.Text(), 0, len(g)}
		for _, h := range g {
			now.posterior = max(now.posterior, h.Posterior)
		}
		if pass != nil && pass.alerts[k] != nil {
			was := pass.alerts[k]
			if was.text == now.text && was.entries == now.entries && now.posterior < was.posterior+surer {
				continue
			}
			now.n, now.revision = was.n, was.revision+1
		} else {
			next++
		}
		out = append(out, dueAlert{now, k, g})
	}
	return out
}

// alert is the message of one listed plate.
func (r *recorder) alert(read alpr.Read, d dueAlert, plate []byte, sceneSHA string) store.Message {
	return store.Message{Class: alpr.Prompt, Topic: "alert", Build: func(seq uint64) ([]byte, error) {
		a := alpr.Alert{
			ID:         fmt.Sprintf("%s.%d", read.ID, d.n),
			Revision:   d.revision,
			Seq:        seq,
			DestroyBy:  r.destroyBy(read),
			Unit:       r.unit,
			CapturedAt: alpr.Time{Time: read.At},
			Clock:      alpr.AlertClock{Quality: string(read.Clock.Quality), ErrorS: read.Clock.Error.Seconds()},
			Read: alpr.AlertRead{
				Text: read.Plate.Text(), Partial: read.Partial, Confidence: rounded(read.Confidence), Weakest: rounded(read.Weakest),
				Region: optional(read.Region), RegionConfidence: rounded(read.RegionConfidence), Small: read.Small,
				Lattice: read.Lattice, Frames: read.Frames, Agreeing: read.Agreeing, Pass: read.Pass,
			},
			Evidence: alpr.AlertEvidence{PlateJPEG: plate, PlateSHA256: digest(plate), SceneSHA256: sceneSHA},
		}
		if len(d.hits) == 0 {
			// What the better evidence shows hits nothing, and reads that hit nothing don't leave the unit.
			a.Read = alpr.AlertRead{Text: d.text, Frames: read.Frames, Pass: read.Pass}
			a.Evidence = alpr.AlertEvidence{}
			return a.Encode(r.sign)
		}
		for i, p := range read.Corners {
			a.Evidence.Corners[i] = [2]int{int(math.Round(p.X)), int(math.Round(p.Y))}
		}
		for _, h := range d.hits {
			a.Matches = append(a.Matches, r.match(h, read.At))
		}
		return a.Encode(r.sign)
	}}
}

func (r *recorder) match(h alpr.Hit, at time.Time) alpr.AlertMatch {
	age := max(0, at.Sub(h.List.BuiltAt))
	m := alpr.AlertMatch{
		List: alpr.AlertList{Name: h.List.Name, Source: h.List.Source, Version: h.List.Version,
			AgeS: math.Round(age.Seconds()), Stale: age > r.staleAfter}, // R20
		Entry: alpr.AlertEntry{
			ID: h.Entry.ID, Plate: h.Entry.Plate.Text(), Region: optional(h.Entry.Region), Class: h.Entry.Class, Priority: h.Entry.Priority,
			Make: h.Entry.Make, Model: h.Entry.Model, Colour: h.Entry.Colour, Year: h.Entry.Year, Reason: h.Entry.Reason, Instructions: h.Entry.Instructions,
			EnteredAt: moment(h.Entry.EnteredAt), ExpiresAt: moment(h.Entry.ExpiresAt),
		},
		How: h.How, Differs: h.Differs, RegionAgrees: h.RegionAgrees, Posterior: rounded(h.Posterior),
	}
	if h.Entry.Operator != "" {
		m.Entry.Manual = &alpr.AlertManual{Operator: h.Entry.Operator}
	}
	return m
}

// scene is the picture behind an alert, for the bulk connection.
func (r *recorder) scene(read alpr.Read, d dueAlert, picture []byte, sha string) store.Message {
	bounds := read.Best.Image.Bounds()
	return store.Message{Class: alpr.Bulk, Topic: "alert/scene", Build: func(seq uint64) ([]byte, error) {
		return json.Marshal(alpr.Scene{
			ID: fmt.Sprintf("%s.%d", read.ID, d.n), Revision: d.revision, Seq: seq,
			DestroyBy: r.destroyBy(read), CapturedAt: alpr.Time{Time: read.At},
			Unit: alpr.SceneUnit{ID: r.unit.ID, Camera: r.unit.Camera}, Width: bounds.Dx(), Height: bounds.Dy(),
			SceneJPEG: picture, SHA256: sha,
		})
	}}
}

// destroyBy counts from the pass's first frame, like the life of the record itself.
func (r *recorder) destroyBy(read alpr.Read) alpr.Time {
	at := read.At
	if !read.FirstAt.IsZero() && read.FirstAt.Before(at) {
		at = read.FirstAt
	}
	return alpr.Time{Time: at.Add(r.retention)}
}

func rounded(p float64) float64 { return math.Round(p*1e4) / 1e4 }

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *alpr.Time {
	if t.IsZero() {
		return nil
	}
	return &alpr.Time{Time: t}
}
