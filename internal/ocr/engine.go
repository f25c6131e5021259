package ocr

import (
	"fmt"
	"image"
	"io/fs"
)

// Engine holds the networks of one worker. It is not safe for use by several goroutines: give each camera its own.
type Engine struct {
	finder     *finder
	recogniser *recogniser
	states     *states
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
	name, err := openStates(b, weights)
	if err != nil {
		find.close()
		spell.close()
		return nil, fmt.Errorf("open reader: %w", err)
	}
	e := &Engine{finder: newFinder(find), recogniser: newRecogniser(spell, classes), states: name, least: leastHeat, calibration: honest}
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
	e.states.net.close()
}

// Err is the first failure of a network since Open, nil while all is well. Reads made after a failure lack what the
// network would have found; close the engine and open another.
func (e *Engine) Err() error {
	if e.err == nil && e.states != nil {
		return e.states.err
	}
	return e.err
}

func (e *Engine) failed(err error) bool {
	if err != nil && e.err == nil {
		e.err = err
	}
	return err != nil
}
