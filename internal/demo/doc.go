// Package demo is a road that doesn't exist: rendered traffic seen by a camera on a pole, with plates of known text, and
// a local web page that shows what a reader makes of it.
//
// Traffic draws frame n of seed s the same way every time, in any order, and says what stands on every plate in it (Truth);
// only processors that fuse multiplications (arm64) may round a pixel otherwise. Camera plays it in real time. Page shows frames, passes and alerts on the loopback interface. All texts on the
// plates are random and invented; a likeness to a real registration is chance.
package demo
