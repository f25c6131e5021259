package ocr

import (
	"fmt"
	"image"
	"io/fs"
	"math"
)

// Engine holds the networks of one worker. It is not safe for use by several goroutines: give each camera its own.
type Engine struct {
	finder     *finder
	recogniser *recogniser
	least      float64 // heat of what the finder proposes
	err        error

	calibration calibration
}

// Open loads the embedded networks on OpenCV: Choose(OpenCV), and Open of that.
func Open() (*Engine, error) {
	return open(openCV{}, shipped)
}

func open(b backend, weights fs.FS) (*Engine, error) {
	find, err := finderModel().load(b, weights)
	if err != nil {
		return nil, fmt.Errorf("open reader: %w", err)
	}
	spell, err := recogniserModel().load(b, weights)
	if err != nil {
		find.close()
		return nil, fmt.Errorf("open reader: %w", err)
	}
	classes, err := classesOf(weights)
	var honest calibration
	if err == nil {
		honest, err = calibrationOf(weights)
	}
	if err != nil {
		find.close()
		spell.close()
		return nil, fmt.Errorf("open reader: %w", err)
	}
	e := &Engine{finder: newFinder(find), recogniser: newRecogniser(spell, classes), least: leastHeat, calibration: honest}
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
	if n := len(out[0]); n == 0 || n%e.recogniser.classes != 0 {
		return fmt.Errorf("recogniser says %d values, not a multiple of %d", n, e.recogniser.classes)
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
		f, err := e.finder.look(v, e.least)
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
