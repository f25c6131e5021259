package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/custody"
	"alprd/internal/match"
)

// lookBack searches the unit's own buffer for a new entry's plate: within retention, by the same rules as for what comes. It
// reads every record of that time; an index of plates is a later matter.
func (e *entries) lookBack(ctx context.Context, o order, k custody.Kept, w custody.Window, reply *custody.Reply) (about []string, count int, err error) {
	select {
	case e.looking <- struct{}{}:
		defer func() { <-e.looking }()
	case <-ctx.Done():
		return nil, 0, fmt.Errorf("look back: %w", context.Cause(ctx))
	}
	now, _ := e.clock.Now()
	from, to := now.Add(-e.rules.Retention), now
	if w.From != nil && w.From.After(from) {
		from = w.From.Time
	}
	if w.To != nil && w.To.Before(to) {
		to = w.To.Time
	}
	listed := k.Listed()
	listed.EffectiveAt, listed.ExpiresAt = time.Time{}, time.Time{} // what was seen before it was entered is just what is asked for
	index, err := match.Build([]match.List{{Info: alpr.ListInfo{Name: manualList}, Entries: each([]alpr.Entry{listed})}})
	if err != nil {
		return nil, 0, fmt.Errorf("look back: %w", err)
	}
	a := &custody.PastAnswer{AskedBy: o.Actor, Purpose: o.Purpose, Case: o.Case, From: alpr.Time{Time: from}, To: alpr.Time{Time: to}}
	type sight struct {
		custody.Seen
		revision int
	}
	found := map[string]sight{}
	err = e.reads.Reads(ctx, from, to, func(r alpr.Read) error {
		if r.Final || r.Part {
			a.Searched++
		}
		if was, ok := found[r.ID]; ok && was.revision > r.Revision {
			return nil
		}
		delete(found, r.ID) // what better evidence of the same pass doesn't bear out was not seen
		if hits := index.Match(r, r.At); len(hits) > 0 {
			found[r.ID] = sight{seen(r, hits[0], e.rules.Retention), r.Revision}
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("look back: %w", err)
	}
	a.Found = make([]custody.Seen, 0, len(found))
	for _, s := range found {
		a.Found = append(a.Found, s.Seen)
	}
	slices.SortFunc(a.Found, func(x, y custody.Seen) int { return cmp.Or(y.At.Compare(x.At.Time), cmp.Compare(x.Read, y.Read)) })
	count = len(a.Found)
	if count > custody.MaxFound {
		a.Found, a.Omitted = a.Found[:custody.MaxFound], count-custody.MaxFound
	}
	about = []string{k.Entry.ID}
	for _, s := range a.Found {
		about = append(about, s.Read)
	}
	reply.Past = a
	return about, count, nil
}

func seen(r alpr.Read, h alpr.Hit, retention time.Duration) custody.Seen {
	s := custody.Seen{
		Read: r.ID, Camera: r.Camera, At: alpr.Time{Time: r.At}, Clock: string(r.Clock.Quality), Text: r.Plate.Text(), Region: optional(r.Region), Confidence: rounded(r.Confidence),
		Direction: string(r.Direction), How: h.How, Differs: h.Differs, RegionAgrees: h.RegionAgrees, Posterior: rounded(h.Posterior), DestroyBy: destroyBy(r, retention),
	}
	if s.Differs == nil {
		s.Differs = []alpr.Difference{}
	}
	return s
}
