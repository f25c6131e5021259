package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/demo"
	"alprd/internal/ocr"
)

// enough is in how many frames of a clip a plate must be legible for its vehicle to be judged.
const enough = 8

// verdict is what came of one vehicle in one film.
type verdict struct {
	scene   string
	truth   string
	legible int            // frames
	events  []alpr.Read    // final reads at its plate
	told    int            // reads of any kind
	votes   map[string]int // what single frames said
	single  int            // of them right
}

func (v *verdict) best() *alpr.Read {
	var best *alpr.Read
	for i := range v.events {
		if best == nil || v.events[i].Frames > best.Frames {
			best = &v.events[i]
		}
	}
	return best
}

func (v *verdict) right() bool {
	b := v.best()
	return b != nil && b.Plate.Text() == v.truth
}

// majority is what most single frames say.
func (v *verdict) majority() string {
	best := ""
	for text, n := range v.votes {
		if n > v.votes[best] || n == v.votes[best] && text < best {
			best = text
		}
	}
	return best
}

// screening is one film shown to a lane.
type screening struct {
	film     film
	vehicles map[int]*verdict // by ID; those with too few legible frames, too
	phantoms []alpr.Read      // final reads where no plate stands
	frames   int
	spelled  int // runs of the recogniser
}

// show reads a film. With rivals, each frame is read by itself, too.
func show(ctx context.Context, engine *ocr.Engine, f film, path string, rivals bool) (*screening, error) {
	s := &screening{film: f, vehicles: map[int]*verdict{}}
	for n := f.from; n < f.to; n += f.step {
		for _, t := range f.traffic.Truth(n) {
			if t.Legible() {
				s.verdict(t).legible++
			}
		}
	}
	source, err := capture.Open(capture.Camera{Name: "clip", URL: path}, capture.Options{})
	if err != nil {
		return nil, err
	}
	lane := engine.Lane(ocr.LaneOptions{})
	err = source.Run(ctx, func(fr alpr.Frame) {
		s.frames++
		s.take(lane.See(fr))
		if rivals {
			for _, r := range engine.Glance(fr, 0) {
				if v, legible := s.whose(r); v != nil {
					text := r.Plate.Text()
					v.votes[text]++
					if text == v.truth && legible {
						v.single++
					}
				}
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.take(lane.Flush())
	_, s.spelled = lane.Work()
	return s, nil
}

func (s *screening) verdict(t demo.Truth) *verdict {
	v := s.vehicles[t.Vehicle]
	if v == nil {
		v = &verdict{scene: s.film.scene, truth: t.Text, votes: map[string]int{}}
		s.vehicles[t.Vehicle] = v
	}
	return v
}

func (s *screening) take(reads []alpr.Read) {
	for _, r := range reads {
		v, _ := s.whose(r)
		if v == nil {
			if r.Final {
				s.phantoms = append(s.phantoms, r)
			}
			continue
		}
		v.told++
		if r.Final {
			v.events = append(v.events, r)
		}
	}
}

// whose is the vehicle whose plate stands where a read was made, and whether it was legible there; nil where none stands.
func (s *screening) whose(r alpr.Read) (v *verdict, legible bool) {
	c := r.Corners.Centre()
	var best *demo.Truth
	near := math.Inf(1)
	present := s.film.traffic.Present(s.film.at(r.Best.Seq))
	for i := range present {
		k := present[i].Corners.Centre()
		if d := math.Hypot(c.X-k.X, c.Y-k.Y); d < near && d < present[i].Width*.6 {
			best, near = &present[i], d
		}
	}
	if best == nil {
		return nil, false
	}
	w, h := float64(demo.Width), float64(demo.Height)
	x0, y0, x1, y1 := best.Corners.Bounds()
	return s.verdict(*best), best.Legible() && x0 >= 0 && y0 >= 0 && x1 <= w && y1 <= h
}

// figures are what a set of screenings comes to.
type figures struct {
	Scene      string  `json:"scene"`
	Legible    int     `json:"legible_frames"` // of the vehicles
	Vehicles   int     `json:"vehicles"`       // legible in at least eight frames
	ExactPct   float64 `json:"exact_pct"`
	EventsPer  float64 `json:"events_per_vehicle"`
	Unread     int     `json:"unread"`
	Wrong      int     `json:"wrong"`
	Doubles    int     `json:"doubles"`           // vehicles with more than one event
	Sure       int     `json:"sure_at_0_9"`       // events with confidence >= 0.9 …
	SureWrong  int     `json:"wrong_at_0_9"`      // … and, of them, a wrong text
	SurerWrong int     `json:"wrong_at_0_99"`     //
	Bystanders int     `json:"bystander_doubles"` // further events of vehicles that were hardly in view
	Phantoms   int     `json:"phantoms"`
	ToldPer    float64 `json:"told_per_vehicle"` // early reads, revisions and finals
	Spelled    float64 `json:"plates_spelled_per_vehicle"`
	// CalibrationErrorPct is the expected calibration error of the events' confidence, ten bins.
	CalibrationErrorPct float64 `json:"calibration_error_pct"`
	SinglePct           float64 `json:"single_frame_pct"`
	VotePct             float64 `json:"majority_vote_pct"`
}

func sum(scene string, shown []*screening) figures {
	f := figures{Scene: scene}
	var exact, events, told, spelled, legible, single, votes, judged int
	var excess [10]float64 // of belief over truth, by tenth of confidence
	for _, s := range shown {
		f.Phantoms += len(s.phantoms)
		spelled += s.spelled
		for _, v := range s.vehicles {
			for _, r := range v.events {
				wrong := r.Plate.Text() != v.truth
				if r.Confidence >= .9 {
					f.Sure++
				}
				if wrong && r.Confidence >= .9 {
					f.SureWrong++
				}
				if wrong && r.Confidence >= .99 {
					f.SurerWrong++
				}
				judged++
				bin := min(9, int(10*r.Confidence))
				excess[bin] += r.Confidence
				if !wrong {
					excess[bin]--
				}
			}
			if v.legible < enough {
				f.Bystanders += max(0, len(v.events)-1)
				continue
			}
			f.Vehicles++
			events += len(v.events)
			told += v.told
			legible += v.legible
			single += v.single
			if v.majority() == v.truth {
				votes++
			}
			switch {
			case v.right():
				exact++
			case len(v.events) == 0:
				f.Unread++
			default:
				f.Wrong++
			}
			if len(v.events) > 1 {
				f.Doubles++
			}
		}
	}
	share := func(a, b int, k float64) float64 { return math.Round(k*float64(a)/float64(max(b, 1))*1000) / 1000 }
	f.ExactPct, f.EventsPer, f.ToldPer, f.Spelled = share(exact, f.Vehicles, 100), share(events, f.Vehicles, 1), share(told, f.Vehicles, 1), share(spelled, f.Vehicles, 1)
	var off float64
	for _, e := range excess {
		off += math.Abs(e)
	}
	f.CalibrationErrorPct = math.Round(1000*off/float64(max(judged, 1))) / 10
	f.Legible = legible
	f.SinglePct, f.VotePct = share(single, legible, 100), share(votes, f.Vehicles, 100)
	return f
}

// complaints lists what went wrong, one line each.
func (s *screening) complaints() []string {
	var out []string
	where := fmt.Sprintf("%s frames %d-%d at %d kbit/s", s.film.key, s.film.from, s.film.to, s.film.kbit)
	for id, v := range s.vehicles {
		said := ""
		for _, r := range v.events {
			w, _ := r.Corners[1].X-r.Corners[0].X, 0
			said += fmt.Sprintf(" %s %.3f (%d/%d frames, %.0f px)", r.Plate.Text(), r.Confidence, r.Agreeing, r.Frames, w)
		}
		if v.legible >= enough && (!v.right() || len(v.events) != 1) || len(v.events) > 1 {
			out = append(out, fmt.Sprintf("%s: vehicle %d %s, legible in %d:%s", where, id, v.truth, v.legible, said))
		}
	}
	for _, r := range s.phantoms {
		out = append(out, fmt.Sprintf("%s: nothing stands where %s %.3f was read, frame %d, %v", where, r.Plate.Text(), r.Confidence, s.film.at(r.Best.Seq), r.Corners.Centre()))
	}
	slices.Sort(out)
	return out
}
