package ocr

import (
	"image"
	"slices"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// A vehicle that left holds no picture, and is forgotten once it can't show again.
func TestVehiclesThatLeftHoldNoPictures(t *testing.T) {
	s := &script{shows: map[uint64][]show{}}
	for seq := uint64(1); seq <= 8; seq++ {
		s.shows[seq] = []show{{upright(100+30*float64(seq), 150, 120, 60), "ABC1234", "ABC1234", 0.99}}
	}
	const frame = 25 * time.Millisecond
	lane := newLane(at{s, 0}, LaneOptions{})
	left := 0
	var told []alpr.Read
	for seq := uint64(1); seq <= 500; seq++ {
		lane.eye = at{s, seq}
		told = append(told, lane.See(s.frame(seq, frame))...)
		for _, gone := range lane.closed {
			left++
			if slices.ContainsFunc(gone.looks, (*look).pictured) {
				t.Fatalf("frame %d: a vehicle that left holds a picture", seq)
			}
		}
	}
	checkReads(t, told)
	if left == 0 || len(lane.closed) != 0 {
		t.Errorf("a vehicle was remembered for %d frames, and %d still are after %v", left, len(lane.closed), 490*frame)
	}
}

// What shows again is shown in the picture of now, however much better it was seen before.
func TestPictureOfWhatShowsAgain(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, sceneW, sceneH), image.YCbCrSubsampleRatio420)
	frame := func(seq uint64) *alpr.Frame {
		return &alpr.Frame{Seq: seq, At: time.Unix(int64(seq), 0), Image: img}
	}
	var tr track
	for seq := uint64(1); seq <= keptLooks+2; seq++ {
		tr.add(lookAt(frame(seq), upright(200, 150, 120, 60), 0.99, "ABC1234", "ABC1234"), nil, nil)
	}
	told := tr.shown().frame
	tr.release()
	if told.Image == nil {
		t.Error("the read that was told lost its picture")
	}
	tr.add(lookAt(frame(50), upright(200, 150, 40, 20), 0.3, "ABC1234", "ABC1254"), nil, nil)
	if k := tr.shown(); k.frame.Seq != 50 || !k.pictured() || len(tr.looks) != keptLooks {
		t.Errorf("frame %d of %d looks is shown", k.frame.Seq, len(tr.looks))
	}
}
