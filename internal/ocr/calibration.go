package ocr

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
)

// calibration makes the share of the belief that a text and its kin hold a probability that they are right: of the reads at
// 0.9, nine in ten are. It is logistic in the log odds of Signs.Share and Signs.Second; scripts/calibrate fits the
// coefficients on real pictures (docs/decisions/0090). The zero value leaves a share what it is.
type calibration struct {
	Bias   float64 `json:"bias"`
	Share  float64 `json:"share"`
	Second float64 `json:"second"`
}

const calibrationFile = "weights/calibration.json"

// calibrationOf reads the coefficients beside the weights; without them nothing is changed.
func calibrationOf(weights fs.FS) (calibration, error) {
	raw, err := fs.ReadFile(weights, calibrationFile)
	if errors.Is(err, fs.ErrNotExist) {
		return calibration{}, nil
	}
	if err != nil {
		return calibration{}, err
	}
	var c calibration
	if err := json.Unmarshal(raw, &c); err != nil {
		return calibration{}, fmt.Errorf("%s: %w", calibrationFile, err)
	}
	if !(c.Share > 0) || !(c.Second <= 0) || math.IsNaN(c.Bias) || math.IsInf(c.Bias, 0) {
		return calibration{}, fmt.Errorf("%s: a confidence must rise with the text's share and fall with its rival's, got %+v", calibrationFile, c)
	}
	return c, nil
}

// probability that a text with these signs is right.
func (c calibration) probability(s Signs) float64 {
	if c == (calibration{}) || s.Share <= 0 {
		return s.Share
	}
	return 1 / (1 + math.Exp(-(c.Bias + c.Share*logit(s.Share) + c.Second*logit(s.Second))))
}

// logit is the log odds of p, held between a millionth and its opposite.
func logit(p float64) float64 {
	const edge = 1e-6
	p = min(max(p, edge), 1-edge)
	return math.Log(p / (1 - p))
}

// calibrated is the belief with its best text's core as probable as c says, and the confidence of that. The kin keep their
// proportions, and so does what differs; nothing overtakes the best text.
func (b belief) calibrated(c calibration, s Signs) (belief, float64) {
	if len(b.candidates) == 0 || s.Share <= 0 {
		return b, 0
	}
	p := c.probability(s)
	up, down := p/s.Share, 1.0
	if rest := 1 - s.Share; rest > 0 {
		down = (1 - p) / rest
	}
	out := belief{empty: b.empty * down, candidates: append(b.candidates[:0:0], b.candidates...)}
	for i := range out.candidates {
		if s.kin[out.candidates[i].Text] {
			out.candidates[i].Confidence *= up
		} else {
			out.candidates[i].Confidence *= down
		}
	}
	best := out.candidates[0].Confidence
	for i := range out.candidates[1:] {
		out.candidates[1+i].Confidence = min(out.candidates[1+i].Confidence, best)
	}
	sortCandidates(out.candidates[1:])
	return out, p
}
