package ocr

import (
	"encoding/csv"
	"image"
	"math"
	"os"
	"regexp"
	"strings"
	"testing"

	"alprd/internal/alpr"
)

// fits reports whether a text that leaves characters open can be that of a plate. O, Q and 0, and I and 1, are alike.
func fits(t *testing.T, text, plate string) bool {
	t.Helper()
	pattern := "^" + strings.NewReplacer("*", ".*", "?", ".").Replace(core(text, nil)) + "$"
	ok, err := regexp.MatchString(pattern, core(plate, nil))
	if err != nil {
		t.Fatal(err)
	}
	return ok
}

// part is a copy of a part of a picture.
func part(img *image.YCbCr, r image.Rectangle) *image.YCbCr {
	r.Min.X &^= 1
	out := image.NewYCbCr(image.Rect(0, 0, r.Dx(), r.Dy()), image.YCbCrSubsampleRatio420)
	for i := range out.Cb {
		out.Cb[i], out.Cr[i] = 128, 128
	}
	for y := range r.Dy() {
		copy(out.Y[y*out.YStride:][:r.Dx()], img.Y[img.YOffset(r.Min.X, r.Min.Y+y):])
	}
	return out
}

// Real plates cut by the picture's edge, between two characters and through one, are never reported as if they were whole, and
// what is left open fits; left as they are, hardly one of them is called partial.
func TestCutPlates(t *testing.T) {
	e := openEngine(t)
	cut, partial, guessed, astray, whole, called := 0, 0, 0, 0, 0, 0
	for set, step := range map[string]int{"california": 24, "closeups": 119} {
		f, err := os.Open(shared(t, set+"/labels.csv"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(rows); i += step {
			img := picture(t, shared(t, set+"/"+rows[i][0]))
			frame := alpr.Frame{Image: img}
			p := luma(img)
			for _, s := range e.study(&frame, p, e.explore(p)) {
				if s.verdict != Reported || !strings.Contains("|"+rows[i][5]+"|", "|"+s.look.own.best()+"|") {
					continue
				}
				whole++
				if s.look.cut.any() {
					called++
					continue
				}
				text := s.look.own.best()
				r, _ := s.look.ruler(p.w, p.h)
				middle := func(i int) float64 {
					return r.point(along(s.look.evidence[0].Align(text)[i], s.look.evidence[0].Columns(), s.look.margins[0])).X
				}
				n := len(text)
				for _, c := range []struct {
					picture image.Rectangle
					left    string
				}{
					{image.Rect(int(middle(0)+middle(1))/2, 0, p.w, p.h), text[1:]},
					{image.Rect(int(middle(1)), 0, p.w, p.h), text[2:]},
					{image.Rect(0, 0, int(middle(n-1)), p.h), text[:n-1]},
				} {
					sub := part(img, c.picture)
					for _, r := range e.Still(alpr.Frame{Image: sub}) {
						x0, _, x1, _ := r.Corners.Bounds()
						near := max(-x0, x1-float64(sub.Rect.Dx())) > -0.1*(x1-x0)
						if !near {
							continue // another car
						}
						cut++
						switch got := r.Plate.Text(); {
						case !r.Partial && core(got, nil) != core(text, nil):
							guessed++
						case r.Partial && fits(t, got, text):
							partial++
						default:
							astray++
						}
					}
				}
			}
		}
	}
	if e.Err() != nil {
		t.Fatal(e.Err())
	}
	t.Logf("of %d reads of cut plates %d are partial and fit, %d are given as whole, %d don't fit; of %d whole plates %d are called partial", cut, partial, guessed, astray, whole, called)
	if float64(partial) < 0.85*float64(cut) || float64(guessed) > 0.12*float64(cut) || called > 1 || cut < 20 {
		t.Error("too few cut plates are known for what they are, or too many others")
	}
}

// The texts, positions and lattice of a cut plate say on which side it goes on.
func TestMarkOfACutPlate(t *testing.T) {
	frame := &alpr.Frame{Camera: "north"}
	for _, c := range []struct {
		cut  ends
		want string
	}{{ends{left: true}, "*BC1234"}, {ends{right: true}, "BC1234*"}, {ends{true, true}, "*BC1234*"}} {
		l := lookAt(frame, upright(100, 100, 100, 50), 0.9, "BC1234")
		l.evidence[0].Small[3] = 0.9
		l.cut = c.cut
		var r alpr.Read
		l.own.fill(&r, l.evidence, l)
		if got := r.Plate.Text(); got != c.want || !r.Partial || r.Candidates[0].Text != c.want {
			t.Errorf("%+v: %q, partial %v, first candidate %q", c.cut, got, r.Partial, r.Candidates[0].Text)
		}
		for _, at := range r.Small {
			if c.want[at] != 'C' {
				t.Errorf("%s: the small character is at %d", c.want, at)
			}
		}
		if len(r.Small) != 1 {
			t.Errorf("%s: small characters at %v", c.want, r.Small)
		}
		var best string
		for _, slot := range r.Lattice {
			best += slot[0].Text
		}
		if best != c.want {
			t.Errorf("%s: the lattice says %q", c.want, best)
		}
	}
}

// A listed plate that goes on where the picture ends fits a cut plate at one in 36 a character, on the side that is cut only.
func TestEvidenceOfACutPlate(t *testing.T) {
	p := ends{left: true}.widen(say("BC1234", 1))
	for text, most := range map[string]float64{"BC1234": 0.02, "ABC1234": 1. / 36, "99BC1234": 1. / 36 / 36, "BC12349": 1e-5, "AC1234": 1e-5} {
		got := math.Exp(p.Score(text))
		if got > most || most > 1e-4 && got < most/20 {
			t.Errorf("%s: %.2g, want up to %.2g", text, got, most)
		}
	}
	if n := len(p.Log) / alpr.Classes; len(p.Small) != n || p.Hidden != nil && len(p.Hidden) != n {
		t.Errorf("%d columns, %d small, %d hidden", n, len(p.Small), len(p.Hidden))
	}
}
