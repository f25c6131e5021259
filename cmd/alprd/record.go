package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"alprd/internal/alpr"
	"alprd/internal/store"
	"alprd/internal/uplink"
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
	alerts map[alertKey]*toldAlert
	scenes map[bool]toldScene // those sent last, with covert alerts and with others
}

// alertKey tells the alerts of a pass apart. A covert entry's alert is one of its own: who may see the others mustn't learn of it.
type alertKey struct {
	plate  string // listed, folded
	covert bool
}

// toldScene is a scene picture that was sent.
type toldScene struct {
	frame uint64 // its Seq
	sha   string
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
		pass = &toldPass{alerts: map[alertKey]*toldAlert{}, scenes: map[bool]toldScene{}}
	}
	scenes := maps.Clone(pass.scenes)
	var follow []store.Message // on the bulk connection: of a frame that was not sent yet
	for _, covert := range []bool{false, true} {
		at := slices.IndexFunc(due, func(d dueAlert) bool { return len(d.hits) > 0 && d.key.covert == covert })
		if told, ok := scenes[covert]; at < 0 || scene == nil || ok && told.frame == read.Best.Seq {
			continue
		}
		blanked := scene
		if len(read.Others) > 0 {
			var err error
			if blanked, err = encodeScene(read.Best, read.Others, r.quality); err != nil {
				return err
			}
		}
		scenes[covert] = toldScene{read.Best.Seq, digest(blanked)}
		follow = append(follow, r.scene(read, due[at], blanked, scenes[covert].sha))
	}
	for _, d := range due {
		item.Messages = append(item.Messages, r.alert(read, d, plate, scenes[d.key.covert].sha))
	}
	item.Messages = append(item.Messages, follow...)
	item.Sync = len(due) > 0
	receipt, err := r.store.Commit(item)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	if receipt.Shed == 0 {
		pass.scenes = scenes
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
	key  alertKey
	hits []alpr.Hit // none: the better evidence no longer supports what was told
}

// due groups the hits by listed plate and keeps those that were not told yet, or are to be told anew: another text, more
// entries, a surer match, or none any more.
func (r *recorder) due(read alpr.Read, hits []alpr.Hit) []dueAlert {
	pass := r.told[read.ID]
	var order []alertKey
	groups := map[alertKey][]alpr.Hit{}
	for _, h := range hits {
		k := alertKey{h.Entry.Plate.Fold(), h.List.Name == covertList}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], h)
	}
	var out []dueAlert
	told := map[bool]int{} // covert ones are counted apart: a number that is missing would tell of them
	if pass != nil {
		for k, a := range pass.alerts {
			told[k.covert]++
			if groups[k] == nil && a.entries > 0 { // withdrawn, in the words it was told in
				out = append(out, dueAlert{toldAlert{a.n, a.revision + 1, a.text, 0, 0}, k, nil})
			}
		}
	}
	for _, k := range order {
		g := groups[k]
		now := toldAlert{told[k.covert] + 1, 1, read.Plate.Text(), 0, len(g)}
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
			told[k.covert]++
		}
		out = append(out, dueAlert{now, k, g})
	}
	return out
}

// id names the pass and the listed plate.
func (d dueAlert) id(read alpr.Read) string {
	if d.key.covert {
		return fmt.Sprintf("%s.c%d", read.ID, d.n)
	}
	return fmt.Sprintf("%s.%d", read.ID, d.n)
}

// topic is where an alert or its scene goes.
func topic(open string, d dueAlert) string {
	if d.key.covert {
		return uplink.Covert(open)
	}
	return open
}

// alert is the message of one listed plate.
func (r *recorder) alert(read alpr.Read, d dueAlert, plate []byte, sceneSHA string) store.Message {
	return store.Message{Class: alpr.Prompt, Topic: topic(uplink.TopicAlert, d), Build: func(seq uint64) ([]byte, error) {
		a := alpr.Alert{
			ID:         d.id(read),
			Revision:   d.revision,
			Seq:        seq,
			DestroyBy:  destroyBy(read, r.retention),
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
	if h.List.BuiltAt.IsZero() { // the unit keeps that list itself
		age = 0
	}
	m := alpr.AlertMatch{
		List: alpr.AlertList{Name: h.List.Name, Source: h.List.Source, Version: h.List.Version,
			AgeS: math.Round(age.Seconds()), Stale: h.List.Stale(at, r.staleAfter)}, // R20
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
	return store.Message{Class: alpr.Bulk, Topic: topic(uplink.TopicScene, d), Build: func(seq uint64) ([]byte, error) {
		return json.Marshal(alpr.Scene{
			ID: d.id(read), Revision: d.revision, Seq: seq,
			DestroyBy: destroyBy(read, r.retention), CapturedAt: alpr.Time{Time: read.At},
			Unit: alpr.SceneUnit{ID: r.unit.ID, Camera: r.unit.Camera}, Width: bounds.Dx(), Height: bounds.Dy(),
			SceneJPEG: picture, SHA256: sha,
		})
	}}
}

// destroyBy counts from the pass's first frame, like the life of the record itself.
func destroyBy(read alpr.Read, retention time.Duration) alpr.Time {
	at := read.At
	if !read.FirstAt.IsZero() && read.FirstAt.Before(at) {
		at = read.FirstAt
	}
	return alpr.Time{Time: at.Add(retention)}
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
