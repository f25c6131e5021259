package ocr

// network is one loaded network. It belongs to one goroutine.
type network interface {
	// run puts one grey plane of h×w values through the network and gives its outputs in the order they were asked for.
	// The outputs are the caller's until the next run.
	run(in []float32, h, w int) ([]tensor, error)
	close()
}

// backend loads networks. model is an ONNX file; outputs are the names of what run gives.
type backend interface {
	open(model []byte, outputs ...string) (network, error)
}

// tensor is an output's values, the last index running fastest.
type tensor []float32
