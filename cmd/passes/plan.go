package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"alprd/internal/demo"
)

// bitrates of cheap and dear cameras at 1280×720, kbit/s.
var bitrates = []int{300, 600, 1200, 3000}

// part is a scene of the plan.
type part struct {
	scene string
	opt   demo.Options
	share int     // of the vehicles, per cent, each in a clip of its own of 8 to 30 frames …
	long  int     // … or so many clips of stretch seconds, with every vehicle that comes in them
	secs  float64 // of a long clip
	far   bool    // from where its plate is at most 60 pixels wide
	step  int     // every how many frames of the traffic the camera shows; 1 when zero
}

var parts = []part{
	{scene: "day", share: 20},
	{scene: "dusk", opt: demo.Options{Dusk: true}, share: 15},
	{scene: "slow", opt: demo.Options{FPS: 8, Every: 3}, share: 10}, // a camera of eight frames a second
	{scene: "far", share: 10, far: true},
	{scene: "near", opt: demo.Options{Near: true}, share: 8},
	{scene: "night", opt: demo.Options{Night: true}, share: 12},
	{scene: "rain", opt: demo.Options{Rain: true}, share: 8},
	{scene: "meeting", opt: demo.Options{Scene: demo.Meeting}, share: 5},
	{scene: "crossing", opt: demo.Options{Scene: demo.Crossing}, share: 5},
	{scene: "turning", opt: demo.Options{Scene: demo.Turning}, share: 5},
	{scene: "backing", opt: demo.Options{Scene: demo.Backing}, share: 2},
	{scene: "pairs", opt: demo.Options{Scene: demo.Pairs, FPS: 10}, long: 2, secs: 20},
	{scene: "hidden", opt: demo.Options{Scene: demo.Hidden, FPS: 10}, long: 2, secs: 20},
	{scene: "queue", opt: demo.Options{Scene: demo.Queue, FPS: 8}, long: 1, secs: 40},
	{scene: "standing", opt: demo.Options{Scene: demo.Standing}, long: 1, secs: 64, step: 3},
	{scene: "stream", opt: demo.Options{Parked: true}, long: 1, secs: 30, step: 2},
	{scene: "hitches", opt: demo.Options{Hitches: true}, share: 5},
}

// plan makes the films of a seed: about vehicles passes in clips of their own, and the long clips.
func plan(seed uint64, vehicles int, only string) []film {
	var films []film
	for i, p := range parts {
		if only != "" && !slices.Contains(strings.Split(only, ","), p.scene) {
			continue
		}
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		traffic := demo.NewTraffic(seed*64+uint64(i), p.opt)
		f := film{scene: p.scene, traffic: traffic, key: fmt.Sprintf("%s-%d", p.scene, seed), step: max(1, p.step)}
		for k := range p.long {
			f.from = int(float64(k) * p.secs * traffic.FPS())
			f.to = f.from + int(p.secs*traffic.FPS())
			f.kbit = bitrates[1+rng.IntN(len(bitrates)-1)]
			films = append(films, f)
		}
		for minute := 0; p.long == 0 && count(films, p.scene) < vehicles*p.share/100; minute++ {
			films = append(films, passes(p, f, rng, minute, vehicles*p.share/100-count(films, p.scene))...)
		}
	}
	return films
}

// passes makes films of at most so many of the vehicles that come in a minute of the traffic, 8 to 30 frames each.
func passes(p part, f film, rng *rand.Rand, minute, most int) []film {
	var films []film
	fpm := int(60 * f.traffic.FPS())
	for _, v := range f.traffic.Vehicles(minute*fpm, (minute+1)*fpm) {
		if len(films) == most {
			break
		}
		first := v.First
		if p.far {
			first = narrow(f.traffic, v, 60)
		}
		if v.Count < 8 || v.Last-first < 8 {
			continue
		}
		frames := 8 + rng.IntN(23)
		f.from = first + rng.IntN(max(1, v.Last-first+2-frames))
		f.to = f.from + frames
		f.kbit = bitrates[rng.IntN(len(bitrates))]
		films = append(films, f)
	}
	return films
}

func count(films []film, scene string) int {
	n := 0
	for _, f := range films {
		if f.scene == scene {
			n++
		}
	}
	return n
}

// narrow is the first frame in which a vehicle's plate is no wider than px.
func narrow(t *demo.Traffic, v demo.Vehicle, px float64) int {
	for n := v.First; n <= v.Last; n++ {
		for _, x := range t.Truth(n) {
			if x.Vehicle == v.ID && x.Width <= px {
				return n
			}
		}
	}
	return v.Last
}
