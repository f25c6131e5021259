package main

import (
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // units without a time-zone database

	"alprd/internal/alpr"
	"alprd/internal/match"
)

// rules are what the list's settings say of its alerts; with an error, the setting that is wrong.
func (c hotlistConfig) rules() (r match.Rules, setting string, err error) {
	if c.Threshold != nil {
		r.Threshold = *c.Threshold
	}
	if c.Priority != nil && (*c.Priority < 0 || *c.Priority > 100) {
		return r, "priority", fmt.Errorf("%d is not within 0 to 100", *c.Priority)
	}
	r.Priority = c.Priority
	for _, w := range c.Ways {
		if !slices.Contains(match.AllWays(), alpr.How(w)) {
			return r, "ways", fmt.Errorf("%q is none of %q", w, match.AllWays())
		}
		r.Ways = append(r.Ways, alpr.How(w))
	}
	for _, s := range c.Hours {
		h, err := match.ParseHours(s)
		if err != nil {
			return r, "hours", fmt.Errorf("%q: %w", s, err)
		}
		r.Hours = append(r.Hours, h)
	}
	if c.Zone == "" && len(c.Hours) > 0 {
		return r, "zone", fmt.Errorf("is missing, and hours are of some place's clock")
	}
	if r.Zone, err = time.LoadLocation(c.Zone); err != nil {
		return r, "zone", fmt.Errorf("%q is no time zone, as America/New_York", c.Zone)
	}
	for _, d := range c.Directions {
		switch d := alpr.Direction(d); d {
		case alpr.Approaching, alpr.Receding, alpr.Leftward, alpr.Rightward:
			r.Directions = append(r.Directions, d)
		default:
			return r, "directions", fmt.Errorf("%q is not approaching, receding, left or right", d)
		}
	}
	return r, "", nil
}
