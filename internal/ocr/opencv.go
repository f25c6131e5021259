package ocr

/*
#cgo pkg-config: opencv4
#cgo CXXFLAGS: --std=c++11
#include "opencv.h"
#include <stdlib.h>
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"unsafe"

	"gocv.io/x/gocv"
)

// openCV is OpenCV's DNN module through gocv, on one thread: the unit's cores are shared by its cameras, and two threads
// on one frame are slower than two frames on one thread each.
//
// OpenCV aborts the process over an ONNX file it can't load, so only the embedded networks may ever come here.
type openCV struct{}

func (openCV) open(model []byte, outputs ...string) (network, error) {
	C.alprd_one_thread()
	n := &openCVNetwork{model: model, outputs: make([]*C.char, len(outputs)), blobs: make([]gocv.Mat, len(outputs))}
	for i, name := range outputs {
		n.outputs[i] = C.CString(name)
		n.blobs[i] = gocv.NewMat()
	}
	s, err := n.load()
	if err != nil {
		n.close()
		return nil, err
	}
	n.copies = []*laidOut{s}
	return n, nil
}

// mostCopies is how many copies of a network are kept at most. A copy that is given another input size than the time before lays out
// all of its memory anew; the finder looks at a frame in one size and at places in it in another, and with one copy that took a
// fifth of its time.
const mostCopies = 2

type openCVNetwork struct {
	model   []byte
	copies  []*laidOut // the latest used first
	outputs []*C.char
	blobs   []gocv.Mat
}

// laidOut is a copy of a network, laid out for an input size.
type laidOut struct {
	net  gocv.Net
	in   gocv.Mat // of the size of the last run
	h, w int
}

// load makes a copy.
func (n *openCVNetwork) load() (*laidOut, error) {
	net, err := gocv.ReadNetFromONNXBytes(n.model)
	if err != nil {
		return nil, fmt.Errorf("load network: %w", err)
	}
	if net.Empty() {
		net.Close()
		return nil, errors.New("load network: OpenCV found no layers in it")
	}
	net.SetPreferableBackend(gocv.NetBackendOpenCV)
	net.SetPreferableTarget(gocv.NetTargetCPU)
	return &laidOut{net: net, in: gocv.NewMat()}, nil
}

// of gives the copy for an input size.
func (n *openCVNetwork) of(h, w int) (*laidOut, error) {
	i := slices.IndexFunc(n.copies, func(s *laidOut) bool { return s.h == h && s.w == w || s.h == 0 })
	if i < 0 && len(n.copies) < mostCopies {
		s, err := n.load()
		if err != nil {
			return nil, err
		}
		n.copies = append(n.copies, s)
	}
	if i < 0 {
		i = len(n.copies) - 1
	}
	s := n.copies[i]
	copy(n.copies[1:i+1], n.copies[:i])
	n.copies[0] = s
	if s.h != h || s.w != w {
		s.in.Close()
		s.in, s.h, s.w = gocv.NewMatWithSizes([]int{1, 1, h, w}, gocv.MatTypeCV32F), h, w
	}
	return s, nil
}

func (n *openCVNetwork) run(in []float32, h, w int) ([]tensor, error) {
	s, err := n.of(h, w)
	if err != nil {
		return nil, err
	}
	blob, err := s.in.DataPtrFloat32()
	if err != nil {
		return nil, fmt.Errorf("network input: %w", err)
	}
	if len(in) != len(blob) {
		return nil, fmt.Errorf("network input: %d values for %d×%d", len(in), h, w)
	}
	copy(blob, in)
	s.net.SetInput(s.in, "")
	mats := make([]unsafe.Pointer, len(n.blobs))
	var pin runtime.Pinner
	defer pin.Unpin()
	for i := range n.blobs {
		mats[i] = unsafe.Pointer(n.blobs[i].Ptr())
	}
	pin.Pin(&n.outputs[0])
	pin.Pin(&mats[0])
	// gocv's ForwardLayers leaves about a hundred bytes behind on every call and can't pass an exception on; its Net is
	// one pointer (decision 0020).
	var why [256]C.char
	if C.alprd_forward(*(*unsafe.Pointer)(unsafe.Pointer(&s.net)), &n.outputs[0], &mats[0], C.int(len(mats)), &why[0], C.int(len(why))) != 0 {
		return nil, fmt.Errorf("run network: %s", C.GoString(&why[0]))
	}
	out := make([]tensor, len(n.blobs))
	for i := range n.blobs {
		if out[i], err = n.blobs[i].DataPtrFloat32(); err != nil {
			return nil, fmt.Errorf("network output: %w", err)
		}
	}
	return out, nil
}

func (n *openCVNetwork) close() {
	for i := range n.blobs {
		n.blobs[i].Close()
		C.free(unsafe.Pointer(n.outputs[i]))
	}
	for _, s := range n.copies {
		s.in.Close()
		s.net.Close()
	}
}
