package main

import (
	"fmt"
	"strings"
	"time"

	"alprd/internal/alpr"
)

// describe is an alert for a person at a desk: what was read, then each listed plate, the characters that differ in
// brackets.
func describe(a alpr.Alert) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s/%s  %s  ", a.CapturedAt.UTC().Format("2006-01-02 15:04:05 UTC"), plain(a.Unit.ID), plain(a.Unit.Camera), alpr.Unverified)
	switch {
	case len(a.Matches) == 0:
		fmt.Fprintf(&b, "WITHDRAWN  read %s", plain(a.Read.Text))
	default:
		read, _ := mark(a.Read.Text, a.Matches[0])
		fmt.Fprintf(&b, "read %s", plain(read))
	}
	fmt.Fprintf(&b, " %s (%s)", state(a.Read.Region), percent(a.Read.Confidence))
	if a.Revision > 1 {
		fmt.Fprintf(&b, "  revision %d", a.Revision)
	}
	if a.Clock.Quality != string(alpr.Synchronised) {
		b.WriteString("  the unit's clock is not synchronised")
	}
	b.WriteByte('\n')
	for _, m := range a.Matches {
		_, listed := mark(a.Read.Text, m)
		parts := []string{
			fmt.Sprintf("listed %s %s", plain(listed), state(m.Entry.Region)),
			strings.ReplaceAll(string(m.How), "_", " "),
			agreement(m.RegionAgrees),
			percent(m.Posterior),
			strings.ToUpper(strings.ReplaceAll(plain(m.Entry.Class), "_", " ")),
		}
		if v := vehicle(m.Entry); v != "" {
			parts = append(parts, v)
		}
		list := fmt.Sprintf("%s (%s) v%d, %s old", plain(m.List.Name), plain(m.List.Source), m.List.Version, age(m.List.AgeS))
		if m.List.Stale {
			list += ", STALE"
		}
		if m.Entry.EnteredAt != nil {
			list += ", entered " + m.Entry.EnteredAt.UTC().Format("2006-01-02")
		}
		if m.Entry.Manual != nil {
			list += ", by hand: " + plain(m.Entry.Manual.Operator)
		}
		fmt.Fprintf(&b, "    %s\n", strings.Join(append(parts, list), " · "))
		for _, text := range []string{m.Entry.Reason, m.Entry.Instructions} {
			if text != "" {
				fmt.Fprintf(&b, "        %s\n", plain(text))
			}
		}
	}
	if a.MatchesOmitted > 0 {
		fmt.Fprintf(&b, "    and %d more\n", a.MatchesOmitted)
	}
	return b.String()
}

func describeStatus(s alpr.Status) string {
	at, line := s.At.UTC().Format("2006-01-02 15:04:05 UTC"), plain(s.Unit.ID)
	if s.Unit.Site != "" {
		line += " (" + plain(s.Unit.Site) + ")"
	}
	if s.Reason == alpr.Lost { // the broker says so, and its words are as old as the connection
		return line + "  OFFLINE: its connection of " + at + " is lost\n"
	}
	line = at + "  " + line
	switch {
	case s.Online && s.Birth != nil:
		line += fmt.Sprintf("  online: alprd %s, profile %s, clock %s", plain(s.Version), plain(s.Profile), plain(s.Clock.Quality))
		for _, l := range s.Lists {
			line += fmt.Sprintf(", %s v%d with %d entries, %s old", plain(l.Name), l.Version, l.Entries, age(l.AgeS))
			if l.Stale {
				line += " STALE"
			}
		}
		if len(s.Lists) == 0 {
			line += ", NO HOT LIST"
		}
	case s.Reason == alpr.Stopped:
		line += "  OFFLINE: stopped in order"
	default:
		line += "  " + plain(string(s.Reason))
	}
	return line + "\n"
}

// mark brackets the characters of the read and of the listed plate that differ; an underscore stands for nothing there.
func mark(read string, m alpr.AlertMatch) (string, string) {
	var r, l strings.Builder
	i := 0 // in read
	for _, d := range m.Differs {
		for ; i < d.Position && i < len(read); i++ {
			r.WriteByte(read[i])
			l.WriteByte(read[i])
		}
		fmt.Fprintf(&r, "[%s]", or(d.Read, "_"))
		fmt.Fprintf(&l, "[%s]", or(d.Listed, "_"))
		if d.Read != "" {
			i++
		}
	}
	r.WriteString(read[min(i, len(read)):])
	l.WriteString(read[min(i, len(read)):])
	return r.String(), l.String()
}

func vehicle(e alpr.AlertEntry) string {
	var words []string
	for _, w := range []string{e.Colour, e.Year, e.Make, e.Model} {
		if w != "" {
			words = append(words, plain(w))
		}
	}
	return strings.Join(words, " ")
}

func agreement(agrees *bool) string {
	switch {
	case agrees == nil:
		return "state unknown: look"
	case *agrees:
		return "state agrees"
	}
	return "STATE DISAGREES"
}

// state is "NC" of us-nc, and "state?" of nothing.
func state(region *string) string {
	if region == nil {
		return "state?"
	}
	_, name, ok := strings.Cut(*region, "-")
	if !ok {
		name = *region
	}
	return strings.ToUpper(plain(name))
}

func percent(p float64) string { return fmt.Sprintf("%.0f %%", 100*p) }

func age(seconds float64) string {
	switch d := time.Duration(seconds * float64(time.Second)); {
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours()/24))
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
