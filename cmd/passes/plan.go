package main

import (
	"fmt"
	"math/rand/v2"

	"alprd/internal/demo"
)

// bitrates of cheap and dear cameras at 1280×720, kbit/s.
var bitrates = []int{300, 600, 1200, 3000}

// plan makes the films of a seed: about vehicles passes of free flow, each in a clip of its own of 8 to 30 frames, and then
// the scenes.
func plan(seed uint64, vehicles int, only string) []film {
	rng := rand.New(rand.NewPCG(seed, 0x706173))
	var films []film
	wanted := func(scene string) bool { return only == "" || only == scene }
	for i, o := range []struct {
		scene string
		opt   demo.Options
		share int // of the vehicles, in tenths
	}{
		{"day", demo.Options{}, 5},
		{"dusk", demo.Options{Dusk: true}, 3},
		{"slow", demo.Options{FPS: 8, Every: 3}, 2},
	} {
		traffic := demo.NewTraffic(seed*16+uint64(i), o.opt)
		key := fmt.Sprintf("%s-%d", o.scene, seed)
		n := 0
		for _, v := range traffic.Vehicles(0, int(traffic.FPS()*3600)) {
			if n >= vehicles*o.share/10 {
				break
			}
			if v.Count < 8 {
				continue
			}
			n++
			frames := 8 + rng.IntN(23)
			from := v.First + rng.IntN(max(1, v.Last-v.First+2-frames))
			kbit := bitrates[rng.IntN(len(bitrates))]
			if wanted(o.scene) {
				films = append(films, film{o.scene, traffic, key, from, from + frames, 1, kbit})
			}
		}
	}
	return films
}
