package ocr

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"
)

// Names of what can run the networks, as Choose takes them.
const (
	Auto        = "auto"        // ONNX Runtime where it can be had, else OpenCV
	OpenCV      = "opencv"      // always there: Debian's
	ONNXRuntime = "onnxruntime" // twice as fast; its library is loaded when it is chosen
)

// Backends lists them.
func Backends() []string { return []string{Auto, OpenCV, ONNXRuntime} }

// Backend runs networks. It may be used by several goroutines.
type Backend struct {
	Name string // OpenCV or ONNXRuntime
	Why  error  // why Auto didn't give ONNX Runtime; nil where it did, or another was asked for

	backend backend
}

// Choose gives the back end of that name, one of Backends. ONNX Runtime's library is loaded into the process and stays
// there; it is given only if it says the same as OpenCV of a check input. An error has a Hint.
func Choose(name string) (Backend, error) {
	return choose(name, LibraryDirs(), shipped)
}

// ChooseIn is Choose with ONNX Runtime's library looked for in one folder.
func ChooseIn(dir, name string) (Backend, error) {
	return choose(name, []string{dir}, shipped)
}

func choose(name string, dirs []string, weights fs.FS) (Backend, error) {
	if !slices.Contains(Backends(), name) {
		return Backend{}, &libraryError{what: fmt.Sprintf("%q is no back end", name), hint: "write " + strings.Join(Backends(), ", ")}
	}
	plain := Backend{Name: OpenCV, backend: openCV{}}
	if name == OpenCV {
		return plain, nil
	}
	fast, err := fastBackend(dirs, weights)
	if err == nil {
		return Backend{Name: ONNXRuntime, backend: fast}, nil
	}
	if name == ONNXRuntime {
		return Backend{}, err
	}
	plain.Why = err
	return plain, nil
}

func fastBackend(dirs []string, weights fs.FS) (backend, error) {
	path, err := onnxRuntimeLibrary().find(dirs)
	if err != nil {
		return nil, err
	}
	fast, err := loadONNXRuntime(path)
	if err != nil {
		return nil, &libraryError{what: path + " can't be loaded", err: err, hint: "write reader.backend: opencv"}
	}
	if err := agree(fast, openCV{}, weights); err != nil {
		return nil, &libraryError{what: "ONNX Runtime does not work on this machine", err: err, hint: "write reader.backend: opencv, and report it with the processor's name"}
	}
	return fast, nil
}

// Open loads the embedded networks and runs each once, so that what can't work fails here.
func (b Backend) Open() (*Engine, error) { return open(b.backend, shipped) }

// model is one of the networks in weights/.
type model struct {
	file    string
	outputs []string
	h, w    int // of a check input
}

// models are the networks that an engine holds.
func models() []model { return []model{finderModel(), recogniserModel(), stateModel()} }

func finderModel() model {
	return model{file: "finder.onnx", outputs: []string{"heat", "corners"}, h: 96, w: 160}
}

func recogniserModel() model {
	return model{file: "recogniser.onnx", outputs: []string{"logits"}, h: plateH, w: plateW}
}

// load opens the network on a back end.
func (m model) load(b backend, weights fs.FS) (network, error) {
	bytes, err := fs.ReadFile(weights, "weights/"+m.file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s was not there when this program was built; `make train` makes it", m.file)
	}
	if err != nil {
		return nil, err
	}
	n, err := b.open(bytes, m.outputs...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.file, err)
	}
	return n, nil
}

// agreement is how far two back ends' outputs may lie apart, as a part of the output's largest value, or absolutely where
// that is below one.
const agreement = 1e-4

// agree runs every network on both back ends.
func agree(a, b backend, weights fs.FS) error {
	for _, m := range models() {
		in := checkInput(m.h, m.w)
		one, err := m.say(a, weights, in)
		if err != nil {
			return err
		}
		two, err := m.say(b, weights, in)
		if err != nil {
			return err
		}
		for i, name := range m.outputs {
			if d := apart(one[i], two[i]); !(d <= agreement) {
				return fmt.Errorf("%s: %s differs by %.2g of its range from what OpenCV gives", m.file, name, d)
			}
		}
	}
	return nil
}

// say opens the network, runs it once, and keeps what it said.
func (m model) say(b backend, weights fs.FS, in []float32) ([]tensor, error) {
	n, err := m.load(b, weights)
	if err != nil {
		return nil, err
	}
	defer n.close()
	out, err := n.run(in, m.h, m.w)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.file, err)
	}
	kept := make([]tensor, len(out))
	for i, t := range out {
		kept[i] = slices.Clone(t)
	}
	return kept, nil
}

// checkInput is a picture with edges of every size and direction, light and dark: h×w values such as a network takes.
func checkInput(h, w int) []float32 {
	in := make([]float32, h*w)
	for y := range h {
		for x := range w {
			u, v := float64(x), float64(y)
			in[y*w+x] = float32(1.9 * math.Sin(u*u/350+v/5) * math.Cos(v*v/200-u/9))
		}
	}
	return in
}

// apart is the largest difference of two outputs; infinite where their lengths differ or a value is no number.
func apart(a, b tensor) float64 {
	if len(a) != len(b) {
		return math.Inf(1)
	}
	far, largest := 0.0, 1.0
	for i, v := range a {
		d := math.Abs(float64(v) - float64(b[i]))
		if math.IsNaN(d) {
			return math.Inf(1)
		}
		far = max(far, d)
		largest = max(largest, math.Abs(float64(b[i])))
	}
	return far / largest
}
