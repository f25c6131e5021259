package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/hotlist"
	"alprd/internal/match"
)

// whatIf is what a list would have raised on reads of a unit, by threshold, so that a threshold is chosen by looking. It names entries by
// their ids, never by their plates.
type whatIf struct {
	Reads      int        `json:"reads"`
	Thresholds []raised   `json:"thresholds"`
	Prone      []confused `json:"prone_to_confusion"` // the ten that most reads come near to
}

// raised is the alerts at one threshold.
type raised struct {
	Threshold float64          `json:"threshold"`
	Reads     int              `json:"reads"` // that alert
	Hits      int              `json:"hits"`  // entries that they alert on
	How       map[alpr.How]int `json:"how"`   // of the hits
}

// confused is an entry that reads of other texts come near to.
type confused struct {
	ID        string  `json:"id"`
	Class     string  `json:"class"`
	Reads     int     `json:"reads"`     // whose best text is another plate
	Texts     int     `json:"texts"`     // different ones among them: several vehicles, not one again and again
	Posterior float64 `json:"posterior"` // of the nearest
}

// thresholds are those that a list may sensibly have, the least first.
var thresholds = [...]float64{0.003, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.9}

// sampleLine is a line of `alprd read --json --posteriors`: a picture with its plates, or, of a video, one pass.
type sampleLine struct {
	samplePlate
	Plates []samplePlate `json:"plates"`
}

type samplePlate struct {
	Text       string           `json:"text"`
	Confidence float64          `json:"confidence"`
	Weakest    float64          `json:"weakest"`
	Partial    bool             `json:"partial"`
	Region     *string          `json:"region"`
	RegionConf float64          `json:"region_confidence"`
	Candidates []alpr.Candidate `json:"candidates"`
	Lattice    alpr.Lattice     `json:"lattice"`
	Posteriors []string         `json:"posteriors"`
}

func (p samplePlate) read(at time.Time) (alpr.Read, error) {
	r := alpr.Read{At: at, Plate: alpr.NewPattern(p.Text), Partial: p.Partial, Confidence: p.Confidence, Weakest: p.Weakest, RegionConfidence: p.RegionConf, Candidates: p.Candidates, Lattice: p.Lattice}
	if p.Region != nil {
		r.Region = *p.Region
	}
	for _, half := range p.Posteriors {
		m, err := alpr.ParseHalf(half)
		if err != nil {
			return r, err
		}
		r.Evidence = append(r.Evidence, m)
	}
	return r, nil
}

// readSample calls with every read of the file.
func readSample(file string, at time.Time, each func(alpr.Read)) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("open the sample: %w", err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 16<<20)
	n, reads := 0, 0
	for lines.Scan() {
		n++
		var l sampleLine
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return hinted{fmt.Errorf("%s line %d is no read", file, n), "make the sample with alprd read --json --posteriors"}
		}
		if l.Text != "" {
			l.Plates = append(l.Plates, l.samplePlate)
		}
		for _, p := range l.Plates {
			r, err := p.read(at)
			if err != nil {
				return fmt.Errorf("%s line %d: %w", file, n, err)
			}
			reads++
			each(r)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the sample: %w", err)
	}
	if reads == 0 {
		return hinted{errors.New("the sample holds no reads"), "make it with alprd read --json --posteriors"}
	}
	return nil
}

// tryOut matches the sample against the list.
func tryOut(b *hotlist.Builder, file string, now time.Time) (whatIf, error) {
	var out whatIf
	index, err := match.Build([]match.List{{Info: alpr.ListInfo{Name: "preview"}, Rules: match.Rules{Threshold: thresholds[0]}, Entries: func(yield func(alpr.Entry, error) bool) {
		b.Entries(func(e alpr.Entry) bool { return yield(e, nil) })
	}}})
	if err != nil {
		return out, err
	}
	for _, t := range thresholds {
		out.Thresholds = append(out.Thresholds, raised{Threshold: t, How: map[alpr.How]int{}})
	}
	prone, texts := map[string]*confused{}, map[string]map[string]bool{}
	err = readSample(file, now, func(r alpr.Read) {
		out.Reads++
		best := 0.0
		for _, h := range index.Match(r, now) {
			best = max(best, h.Posterior)
			for i := range out.Thresholds {
				if t := &out.Thresholds[i]; h.Posterior >= t.Threshold {
					t.Hits++
					t.How[h.How]++
				}
			}
			if h.Entry.Plate.Fold() == r.Plate.Fold() {
				continue
			}
			c := prone[h.Entry.ID]
			if c == nil {
				c = &confused{ID: h.Entry.ID, Class: h.Entry.Class}
				prone[h.Entry.ID], texts[h.Entry.ID] = c, map[string]bool{}
			}
			c.Reads++
			texts[h.Entry.ID][r.Plate.Fold()] = true
			c.Posterior = max(c.Posterior, h.Posterior)
		}
		for i := range out.Thresholds {
			if best > 0 && best >= out.Thresholds[i].Threshold {
				out.Thresholds[i].Reads++
			}
		}
	})
	for id, c := range prone {
		c.Texts = len(texts[id])
	}
	for _, id := range slices.SortedFunc(maps.Keys(prone), func(x, y string) int {
		a, b := prone[x], prone[y]
		return cmp.Or(cmp.Compare(b.Texts, a.Texts), cmp.Compare(b.Reads, a.Reads), cmp.Compare(b.Posterior, a.Posterior), cmp.Compare(x, y))
	}) {
		if out.Prone = append(out.Prone, *prone[id]); len(out.Prone) == 10 {
			break
		}
	}
	return out, err
}

func (o whatIf) print(w io.Writer) {
	fmt.Fprintf(w, "sample       %d reads; alerts that each threshold would have raised on them:\n", o.Reads)
	for _, t := range o.Thresholds {
		how := map[string]int{}
		for k, n := range t.How {
			how[string(k)] = n
		}
		fmt.Fprintf(w, "  %-9g  %d reads alert, on %d entries%s\n", t.Threshold, t.Reads, t.Hits, list(hotlist.Words(how), how))
	}
	if len(o.Prone) > 0 {
		fmt.Fprintf(w, "prone        entries that reads of other plates come near to, the most first:\n")
	}
	for _, c := range o.Prone {
		fmt.Fprintf(w, "  %s %s  %d other texts in %d reads, posterior up to %.3f\n", c.ID, c.Class, c.Texts, c.Reads, c.Posterior)
	}
}
