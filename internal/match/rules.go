package match

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"alprd/internal/alpr"
)

// Rules say which of a list's entries alert, and when. The zero value is every difference, at any time, in any direction, from
// DefaultThreshold on.
type Rules struct {
	// Threshold is the least posterior of a hit, above 0 to 1; 0 stands for DefaultThreshold.
	Threshold float64
	// Priority takes the place of every entry's own, 0 highest to 100; nil leaves them.
	Priority *int
	// Ways are the kinds of difference that alert; empty for all.
	Ways []alpr.How
	// Hours are when the list alerts; empty for always. A read of an untrusted clock alerts always.
	Hours []Hours
	// Zone is where Hours are; nil for UTC.
	Zone *time.Location
	// Directions are those that alert; empty for all. A read whose direction is unknown alerts always.
	Directions []alpr.Direction
}

// Hours are a time of day on some days of the week. What crosses midnight belongs to the day that it begins on.
type Hours struct {
	Days     [7]bool       // from Sunday on, as time.Weekday counts
	From, To time.Duration // since midnight by the clock on the wall; To may be the smaller
}

const day = 24 * time.Hour

var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

var errHours = errors.New(`hours are written like "mon-fri 22:00-06:00", "sat,sun" or "07:30-16:00"`)

// ParseHours reads days, hours, or both: "mon-fri 22:00-06:00", "sat,sun", "07:30-16:00". 24:00 is the day's end.
func ParseHours(s string) (Hours, error) {
	h := Hours{To: day}
	fields := strings.Fields(strings.ToLower(s))
	if len(fields) == 0 || len(fields) > 2 {
		return h, errHours
	}
	if first := fields[0]; first[0] >= 'a' {
		for _, part := range strings.Split(first, ",") {
			from, to, isRange := strings.Cut(part, "-")
			a, b := slices.Index(weekdays[:], from), slices.Index(weekdays[:], to)
			if !isRange {
				b = a
			}
			if a < 0 || b < 0 {
				return h, errHours
			}
			for d := a; ; d = (d + 1) % 7 {
				h.Days[d] = true
				if d == b {
					break
				}
			}
		}
		fields = fields[1:]
	} else {
		h.Days = [7]bool{true, true, true, true, true, true, true}
	}
	if len(fields) == 1 {
		from, to, ok := strings.Cut(fields[0], "-")
		if h.From, h.To = clock(from), clock(to); !ok || h.From < 0 || h.To < 0 || h.From == day || h.From == h.To {
			return h, errHours
		}
	} else if len(fields) > 1 {
		return h, errHours
	}
	return h, nil
}

// clock reads 00:00 to 24:00; negative for what isn't.
func clock(s string) time.Duration {
	hh, mm, ok := strings.Cut(s, ":")
	h, err1 := strconv.ParseUint(hh, 10, 8)
	m, err2 := strconv.ParseUint(mm, 10, 8)
	if !ok || err1 != nil || err2 != nil || len(mm) != 2 || m > 59 || h > 24 || h == 24 && m > 0 {
		return -1
	}
	return time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
}

// Contains reports whether a moment lies within, by the clock on the wall of its own location.
func (h Hours) Contains(t time.Time) bool {
	at := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
	today, yesterday := h.Days[t.Weekday()], h.Days[(t.Weekday()+6)%7]
	if h.From < h.To {
		return today && at >= h.From && at < h.To
	}
	return today && at >= h.From || yesterday && at < h.To
}

// check refuses rules that can't be meant.
func (r Rules) check() error {
	if !(r.Threshold >= 0 && r.Threshold <= 1) {
		return fmt.Errorf("the threshold %v is not above 0 and at most 1", r.Threshold)
	}
	if r.Priority != nil && (*r.Priority < 0 || *r.Priority > 100) {
		return fmt.Errorf("the priority %d is not within 0 to 100", *r.Priority)
	}
	for _, w := range r.Ways {
		if !slices.Contains(AllWays(), w) {
			return fmt.Errorf("%q is no kind of difference", w)
		}
	}
	for _, d := range r.Directions {
		switch d {
		case alpr.Approaching, alpr.Receding, alpr.Leftward, alpr.Rightward:
		default:
			return fmt.Errorf("%q is no direction", d)
		}
	}
	return nil
}

// AllWays are the kinds of difference that a list can name.
func AllWays() []alpr.How {
	return []alpr.How{alpr.Exact, alpr.OtherRegion, alpr.Confusable, alpr.MissingChar, alpr.ExtraChar, alpr.Wildcard}
}

// least is the least posterior of a hit.
func (r Rules) least() float64 {
	if r.Threshold == 0 {
		return DefaultThreshold
	}
	return r.Threshold
}

// applies reports whether the list alerts at all on such a read. What isn't known never silences an alert.
func (r Rules) applies(read alpr.Read, now time.Time) bool {
	if len(r.Directions) > 0 && read.Direction != "" && !slices.Contains(r.Directions, read.Direction) {
		return false
	}
	if len(r.Hours) == 0 || read.Clock.Quality == alpr.Unsynchronised {
		return true
	}
	at := now.UTC()
	if r.Zone != nil {
		at = now.In(r.Zone)
	}
	return slices.ContainsFunc(r.Hours, func(h Hours) bool { return h.Contains(at) })
}

// allows reports whether the list alerts in such a way.
func (r Rules) allows(how alpr.How) bool { return len(r.Ways) == 0 || slices.Contains(r.Ways, how) }
