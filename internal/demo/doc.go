// Package demo is a road that doesn't exist: rendered traffic seen by a camera on a pole, with plates of known text, and
// a local web page that shows what a reader makes of it.
//
// Traffic draws frame n of seed s the same way every time, on every machine, and says what stands on every plate in it
// (Truth). Camera plays it in real time. Page shows frames, passes and alerts on the loopback interface. All texts on the
// plates are random and invented; a likeness to a real registration is chance.
package demo
