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
	net, err := gocv.ReadNetFromONNXBytes(model)
	if err != nil {
		return nil, fmt.Errorf("load network: %w", err)
	}
	if net.Empty() {
		net.Close()
		return nil, errors.New("load network: OpenCV found no layers in it")
	}
	net.SetPreferableBackend(gocv.NetBackendOpenCV)
	net.SetPreferableTarget(gocv.NetTargetCPU)
	n := &openCVNetwork{net: net, outputs: make([]*C.char, len(outputs)), blobs: make([]gocv.Mat, len(outputs))}
	for i, name := range outputs {
		n.outputs[i] = C.CString(name)
		n.blobs[i] = gocv.NewMat()
	}
	return n, nil
}

type openCVNetwork struct {
	net     gocv.Net
	in      gocv.Mat // of the size of the last run
	h, w    int
	outputs []*C.char
	blobs   []gocv.Mat
}

func (n *openCVNetwork) run(in []float32, h, w int) ([]tensor, error) {
	if n.h != h || n.w != w {
		if n.h != 0 {
			n.in.Close()
		}
		n.in, n.h, n.w = gocv.NewMatWithSizes([]int{1, 1, h, w}, gocv.MatTypeCV32F), h, w
	}
	blob, err := n.in.DataPtrFloat32()
	if err != nil {
		return nil, fmt.Errorf("network input: %w", err)
	}
	if len(in) != len(blob) {
		return nil, fmt.Errorf("network input: %d values for %d×%d", len(in), h, w)
	}
	copy(blob, in)
	n.net.SetInput(n.in, "")
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
	if C.alprd_forward(*(*unsafe.Pointer)(unsafe.Pointer(&n.net)), &n.outputs[0], &mats[0], C.int(len(mats)), &why[0], C.int(len(why))) != 0 {
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
	if n.h != 0 {
		n.in.Close()
	}
	n.net.Close()
}
