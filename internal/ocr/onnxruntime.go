package ocr

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	ort "github.com/yalue/onnxruntime_go"
)

// onnxRuntime is ONNX Runtime's library, loaded at run time. Networks run on the calling thread alone, as OpenCV's do.
type onnxRuntime struct{}

// environment guards onnxruntime_go's own environment, of which a process has one. It is never unloaded: the library keeps
// thread-local state that outlives any session.
var environment sync.Mutex

// loadONNXRuntime makes the library at path this process's. Only a file that verify has passed may come here: the loader
// of a damaged one ends the process.
func loadONNXRuntime(path string) (onnxRuntime, error) {
	environment.Lock()
	defer environment.Unlock()
	if ort.IsInitialized() {
		return onnxRuntime{}, nil // with a file of the same content
	}
	ort.SetSharedLibraryPath(path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelFatal()); err != nil {
		return onnxRuntime{}, fmt.Errorf("load ONNX Runtime: %w", err)
	}
	return onnxRuntime{}, nil
}

func (onnxRuntime) open(model []byte, outputs ...string) (network, error) {
	fail := func(err error) (network, error) { return nil, fmt.Errorf("load network: %w", err) }
	opts, err := ort.NewSessionOptions()
	if err != nil {
		return fail(err)
	}
	defer opts.Destroy()
	// With the arena a run takes a fifth less time and the process half the memory of malloc's fragments; the memory pattern
	// takes more than the arena and gives nothing (decision 0084).
	err = errors.Join(
		opts.SetIntraOpNumThreads(1), opts.SetInterOpNumThreads(1),
		opts.AddSessionConfigEntry("session.intra_op.allow_spinning", "0"),
		opts.AddSessionConfigEntry("session.inter_op.allow_spinning", "0"),
		opts.SetExecutionMode(ort.ExecutionModeSequential),
		opts.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll),
		opts.SetCpuMemArena(true), opts.SetMemPattern(false),
	)
	if err != nil {
		return fail(err)
	}
	s, err := ort.NewDynamicAdvancedSessionWithONNXData(model, []string{networkInput}, outputs, opts)
	if err != nil {
		return fail(err)
	}
	return &onnxNetwork{session: s, outputs: len(outputs)}, nil
}

// networkInput is what training names the one input of every network.
const networkInput = "input"

// boundSizes is how many input sizes a network keeps tensors for: a still is looked at in two, a camera in one or two.
const boundSizes = 4

type onnxNetwork struct {
	session *ort.DynamicAdvancedSession
	outputs int
	bound   []*binding // the latest used first
}

// binding is the memory of one input size.
type binding struct {
	h, w int
	in   []float32
	pin  runtime.Pinner // the library keeps in's address between runs
	x    []ort.Value    // one tensor over in
	y    []ort.Value    // the library's own, made by the first run
	out  []tensor       // y's values
}

func (n *onnxNetwork) run(in []float32, h, w int) ([]tensor, error) {
	if len(in) != h*w {
		return nil, fmt.Errorf("network input: %d values for %d×%d", len(in), h, w)
	}
	b, err := n.bind(h, w)
	if err != nil {
		return nil, err
	}
	copy(b.in, in)
	if err := n.session.Run(b.x, b.y); err != nil {
		return nil, fmt.Errorf("run network: %w", err)
	}
	if b.out == nil {
		out := make([]tensor, len(b.y))
		for i, v := range b.y {
			t, ok := v.(*ort.Tensor[float32])
			if !ok {
				return nil, fmt.Errorf("network output %d is %T, not numbers", i, v)
			}
			out[i] = t.GetData()
		}
		b.out = out
	}
	return b.out, nil
}

// bind finds the memory for an input size, or makes it.
func (n *onnxNetwork) bind(h, w int) (*binding, error) {
	if i := slices.IndexFunc(n.bound, func(b *binding) bool { return b.h == h && b.w == w }); i >= 0 {
		b := n.bound[i]
		copy(n.bound[1:i+1], n.bound[:i])
		n.bound[0] = b
		return b, nil
	}
	if len(n.bound) == boundSizes {
		n.bound[boundSizes-1].free()
		n.bound = n.bound[:boundSizes-1]
	}
	b := &binding{h: h, w: w, in: make([]float32, h*w), y: make([]ort.Value, n.outputs)}
	b.pin.Pin(&b.in[0])
	x, err := ort.NewTensor(ort.NewShape(1, 1, int64(h), int64(w)), b.in)
	if err != nil {
		b.pin.Unpin()
		return nil, fmt.Errorf("network input: %w", err)
	}
	b.x = []ort.Value{x}
	n.bound = slices.Insert(n.bound, 0, b)
	return b, nil
}

func (b *binding) free() {
	for _, v := range append(b.x, b.y...) {
		if v != nil {
			v.Destroy()
		}
	}
	b.pin.Unpin()
}

func (n *onnxNetwork) close() {
	for _, b := range n.bound {
		b.free()
	}
	n.session.Destroy()
}
