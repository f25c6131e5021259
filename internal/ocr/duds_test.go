package ocr

import "testing"

// What stands before a camera and looks like a plate from afar is looked at closely less and less often, never not at all, and anew as
// soon as it changes; what comes after it has gone is something new.
func TestDuds(t *testing.T) {
	var d duds
	hydrant := find{quad: upright(300, 200, 40, 20), score: 0.35}
	looked := func(f find, frames int) (n int) {
		for range frames {
			for _, f := range d.without([]find{f}) {
				n++
				d.add(f)
			}
		}
		return n
	}
	if n := looked(hydrant, 300); n < 300/(mostLeft+1) || n > 60 {
		t.Errorf("looked at %d times in 300 frames", n)
	}
	if n := looked(find{quad: upright(301, 200, 40, 20), score: 0.38}, 12); n > 3 { // it trembles
		t.Errorf("a trembling one was looked at %d times in 12 frames", n)
	}
	plate := hydrant
	plate.score = 0.6
	if n := looked(plate, 1); n != 1 {
		t.Error("a plate that covers it was not looked at")
	}
	if n := looked(find{quad: upright(320, 200, 40, 20), score: 0.35}, 1); n != 1 {
		t.Error("what stands beside it was not looked at")
	}
	for range 3 * mostLeft {
		d.without(nil)
	}
	if n := looked(hydrant, 1); n != 1 || len(d) != 1 {
		t.Errorf("after it had gone: looked at %d times, %d duds", n, len(d))
	}
	var none *duds
	if n := len(none.without([]find{hydrant})); n != 1 {
		t.Error("a still's find was dropped")
	}
	none.add(hydrant)
}
