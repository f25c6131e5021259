package ocr

import (
	"errors"
	"fmt"
	"image"
	"io/fs"
	"math"
	"sort"

	"alprd/internal/alpr"
)

// margins are how far around the finder's corners the recogniser looks, as parts of the plate's width and height. The
// corners are a few per cent wrong; two looks are right more often than either (docs/decisions/0021).
var margins = [...]float64{0.04, 0.12}

// worthOfMargins is how many independent looks both margins of one frame count for. It is the one constant that makes
// confidences honest: with it, closeups at 0.9 are right nine times in ten.
const worthOfMargins = 1.25

// Engine holds the networks of one worker. It is not safe for use by several goroutines: give each camera its own.
type Engine struct {
	finder     *finder
	recogniser *recogniser
	err        error
}

// Open loads the embedded networks and runs each once, so that what can't work fails here.
func Open() (*Engine, error) {
	return open(openCV{}, shipped)
}

func open(b backend, weights fs.FS) (*Engine, error) {
	load := func(name string, outputs ...string) (network, error) {
		model, err := fs.ReadFile(weights, "weights/"+name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%s was not there when this program was built; `make train` makes it", name)
		}
		if err != nil {
			return nil, err
		}
		n, err := b.open(model, outputs...)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return n, nil
	}
	find, err := load("finder.onnx", "heat", "corners")
	if err != nil {
		return nil, fmt.Errorf("open reader: %w", err)
	}
	spell, err := load("recogniser.onnx", "logits")
	if err != nil {
		find.close()
		return nil, fmt.Errorf("open reader: %w", err)
	}
	e := &Engine{finder: newFinder(find), recogniser: newRecogniser(spell)}
	if err := e.try(); err != nil {
		e.Close()
		return nil, fmt.Errorf("open reader: %w", err)
	}
	return e, nil
}

// try runs both networks on a grey picture and checks how much they say.
func (e *Engine) try() error {
	grey := luma(image.NewYCbCr(image.Rect(0, 0, 64, 64), image.YCbCrSubsampleRatio420))
	if err := e.finder.load(grey); err != nil {
		return err
	}
	if _, err := e.finder.look(view{scale: 1}, 1); err != nil {
		return err
	}
	out, err := e.recogniser.net.run(e.recogniser.input, plateH, plateW)
	if err != nil {
		return fmt.Errorf("recognise: %w", err)
	}
	if n := len(out[0]); n == 0 || n%logits != 0 {
		return fmt.Errorf("recogniser says %d values, not a multiple of %d", n, logits)
	}
	return nil
}

// Close frees the networks.
func (e *Engine) Close() {
	e.finder.close()
	e.recogniser.net.close()
}

// Err is the first failure of a network since Open, nil while all is well. Reads made after a failure lack what the
// network would have found; close the engine and open another.
func (e *Engine) Err() error { return e.err }

// Still reads one picture: the reads of its plates, best first.
func (e *Engine) Still(f alpr.Frame) []alpr.Read {
	p := luma(f.Image)
	var looks []*look
	found := e.explore(p)
	for _, c := range found {
		if !whole(c.quad, p.w, p.h) {
			continue
		}
		if l := e.read(&f, p, c, nil); l != nil && l.own.isPlate(c.score) {
			l.others = except(found, c.quad)
			looks = append(looks, l)
		}
	}
	sort.SliceStable(looks, func(i, j int) bool { return looks[i].own.confidence() > looks[j].own.confidence() })
	reads := make([]alpr.Read, 0, len(looks))
	for i, l := range looks {
		r := alpr.Read{
			ID: alpr.NewID(f.At), Pass: uint64(i + 1), Revision: 1, Final: true,
			FirstAt: f.At, LastAt: f.At, Frames: 1, Agreeing: 1,
		}
		l.own.fill(&r, l.evidence, l)
		reads = append(reads, r)
	}
	return reads
}

// search looks at the picture in every view and gives what it finds, best first, one find a plate.
func (e *Engine) search(p plane, views []view) []find {
	if p.w == 0 || p.h == 0 {
		return nil
	}
	if e.failed(e.finder.load(p)) {
		return nil
	}
	var found []find
	for _, v := range views {
		f, err := e.finder.look(v, leastHeat)
		if e.failed(err) {
			return nil
		}
		found = append(found, f...)
	}
	return distinct(found)
}

func (e *Engine) failed(err error) bool {
	if err != nil && e.err == nil {
		e.err = err
	}
	return err != nil
}

// read spells a found plate at every margin. It is nil where a network failed.
func (e *Engine) read(f *alpr.Frame, p plane, c find, serial func(string) float64) *look {
	l := &look{frame: f, quad: c.quad, score: c.score}
	for _, m := range margins {
		post, err := e.recogniser.spell(p, c.quad, m)
		if e.failed(err) {
			return nil
		}
		post.Weight = worthOfMargins / float32(len(margins))
		l.evidence = append(l.evidence, post)
		l.texts = append(l.texts, beam(post, tried)...)
	}
	l.own = believe(l.evidence, l.texts, serial)
	return l
}

const (
	// leastHeat is how sure the finder must be of a plate for the recogniser to look at it.
	leastHeat = 0.4
	// A plate is reported when its text is at least leastConfidence sure, or when the finder is sureHeat that it is one and
	// the text at least hopeless: most such texts are wrong in a character, and their lattice still finds the right one.
	leastConfidence = 0.1
	sureHeat        = 0.5
	hopeless        = 0.01
	// Texts shorter than common are rare on plates and frequent on signs: finder and text must both be sure.
	common    = 4
	sureShort = 0.5

	// outside is how much of a plate's width its corners may lie outside the picture: the corners' own error.
	outside = 0.06
	// closeUp is the share of the picture's width from which a plate is the picture's subject, and cropped on purpose.
	closeUp = 0.75
)

// isPlate decides whether what was read is reported, given how sure the finder is: badges, signs and burnt-in text are no
// plates.
func (b belief) isPlate(heat float64) bool {
	c, n := b.confidence(), len(b.best())
	switch {
	case n < shortest:
		return false
	case n < common:
		return c >= sureShort && heat >= sureHeat
	}
	return c >= leastConfidence || c >= hopeless && heat >= sureHeat
}

// whole reports whether a plate lies in a w×h picture: what the edge cuts off is never read as if it were all.
func whole(q alpr.Quad, w, h int) bool {
	x0, y0, x1, y1 := q.Bounds()
	if x1-x0 >= closeUp*float64(w) {
		return true
	}
	across := max(-x0, x1-float64(w)) / (x1 - x0)
	down := max(-y0, y1-float64(h)) / (y1 - y0)
	return across <= outside && down <= 2*outside
}

// explore searches a still of unknown origin at the scales it may need.
func (e *Engine) explore(p plane) []find {
	side := float64(max(p.w, p.h))
	if side > 1000 { // a wide view, in which a plate may still be as large as in a close-up
		return e.search(p, []view{{scale: min(1, 1280/side)}, {scale: 640 / side}})
	}
	natural := view{scale: 1}
	if side > 480 {
		return e.search(p, []view{natural})
	}
	// A small picture is mostly a close-up: the finder knows plates best when they are 100 to 200 pixels wide and have
	// something around them.
	closeUp := view{scale: min(1, 160/side), border: 32}
	found := e.search(p, []view{closeUp})
	for _, f := range found {
		if w, _ := sides(f.quad); w > 0.4*side {
			return found
		}
	}
	return e.search(p, []view{closeUp, natural})
}

// laneView is the finder's look at a camera's frame, its long side scaled down to size.
func laneView(w, h, size int) view {
	return view{scale: math.Min(1, float64(size)/float64(max(w, h)))}
}
