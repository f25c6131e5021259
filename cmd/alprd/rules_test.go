package main

import (
	"testing"
	"time"

	"alprd/internal/alpr"
)

// A list's settings become its rules, in its own time zone; what can't be meant names its setting.
func TestListRules(t *testing.T) {
	ten, far := 10, 101
	r, _, err := hotlistConfig{Priority: &ten, Ways: []string{"exact", "confusable"}, Hours: []string{"fri 22:00-06:00"}, Zone: "America/New_York", Directions: []string{"approaching"}}.rules()
	if err != nil {
		t.Fatal(err)
	}
	if *r.Priority != 10 || len(r.Ways) != 2 || r.Directions[0] != alpr.Approaching {
		t.Errorf("%+v", r)
	}
	night := time.Date(2026, 11, 28, 10, 30, 0, 0, time.UTC) // Saturday half past five in Carolina
	if !r.Hours[0].Contains(night.In(r.Zone)) || r.Hours[0].Contains(night.Add(time.Hour).In(r.Zone)) {
		t.Error("Friday's night doesn't end on Saturday at six in Carolina")
	}
	for setting, c := range map[string]hotlistConfig{
		"priority":   {Priority: &far},
		"ways":       {Ways: []string{"near"}},
		"hours":      {Hours: []string{"8 to 5"}, Zone: "UTC"},
		"zone":       {Hours: []string{"mon-fri"}},
		"directions": {Directions: []string{"north"}},
	} {
		if _, got, err := c.rules(); err == nil || got != setting {
			t.Errorf("%s: %q, %v", setting, got, err)
		}
	}
	if _, got, err := (hotlistConfig{Zone: "Carolina"}).rules(); err == nil || got != "zone" {
		t.Errorf("zone: %q, %v", got, err)
	}
}
