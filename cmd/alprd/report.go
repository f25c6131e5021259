package main

import (
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/clock"
	"alprd/internal/store"
	"alprd/internal/uplink"
)

// reporter tells how the unit is: for status and health on the wire, and for `alprd status`. It knows no plate.
type reporter struct {
	cfg     config
	started time.Time
	key     string // public half of the unit's signing key, base64
	clock   *clock.Clock
	store   *store.Store
	lists   *hotlists
	byHand  *entries
	people  *authority
	cameras []*camera
	uplink  func() uplink.State

	mu     sync.Mutex
	alarms map[[2]string]time.Time // code and about → since
}

func (r *reporter) birth() alpr.Birth {
	now, c := r.clock.Now()
	b := alpr.Birth{
		Version: version(), Profile: r.cfg.Profile.Name, StartedAt: alpr.Time{Time: r.started}, Lists: r.looksFor(now), Clock: onWire(c),
		Security: alpr.Security{Level: "reduced", Ring: "file", Custody: r.cfg.Uplink.Custody, SigningKey: r.key},
	}
	for _, c := range r.cameras {
		b.Cameras = append(b.Cameras, c.cfg.Name)
	}
	return b
}

func (r *reporter) hotlists() alpr.Hotlists {
	now, _ := r.clock.Now()
	return alpr.Hotlists{At: alpr.Time{Time: now}, Lists: r.looksFor(now), Refused: r.lists.refusals()}
}

// looksFor is the hot lists, and how many entries were made by hand.
func (r *reporter) looksFor(now time.Time) []alpr.ListStatus {
	return append(r.lists.status(now), r.byHand.status(now)...)
}

func (r *reporter) health() alpr.Health {
	now, c := r.clock.Now()
	stats := r.store.Stats()
	h := alpr.Health{
		Unit: alpr.UnitName{ID: r.cfg.Unit.ID, Site: r.cfg.Unit.Site}, At: alpr.Time{Time: now}, UptimeS: time.Since(r.started).Truncate(time.Second).Seconds(),
		Cameras: []alpr.CameraHealth{}, Lists: r.looksFor(now), Clock: onWire(c), Uplink: r.uplink().UplinkHealth,
		Queue: alpr.QueueHealth{Prompt: queueDepth(r.store.Depth(alpr.Prompt)), Bulk: queueDepth(r.store.Depth(alpr.Bulk))},
		Disk:  alpr.DiskHealth{TotalBytes: stats.TotalBytes, FreeBytes: stats.FreeBytes, State: diskState(stats)},
	}
	if rss, ok := resident(); ok {
		h.MemoryBytes = &rss
	}
	if load, ok := load1(); ok {
		h.Load1 = &load
	}
	for _, cam := range r.cameras {
		h.Cameras = append(h.Cameras, cam.health(time.Now()))
	}
	h.Alarms = r.raise(h, stats, now)
	return h
}

// raise lists what a person has to mend, each with the time since when.
func (r *reporter) raise(h alpr.Health, stats store.Stats, now time.Time) []alpr.Alarm {
	var out []alpr.Alarm
	add := func(code, about, text string) { out = append(out, alpr.Alarm{Code: code, About: about, Text: text}) }
	for _, l := range h.Lists {
		if l.Stale {
			add("list_stale", l.Name, "the hot list is older than "+r.cfg.Profile.Hotlists.StaleAfter.String()+"; its alerts are marked stale") // R20
		}
	}
	for _, l := range r.lists.refusals() {
		add("list_refused", l.Name, "version "+strconv.FormatUint(l.Version, 10)+" came and was not taken: "+l.Why)
	}
	for _, name := range r.lists.missing() {
		add("list_missing", name, "the configured hot list was never imported, or can't be used")
	}
	for _, c := range h.Cameras {
		switch {
		case c.Error != "" && c.State != "streaming":
			add("camera_lost", c.Name, "no picture: "+c.Error)
		case c.Frozen:
			add("camera_frozen", c.Name, "the picture stands still")
		}
	}
	link := r.uplink()
	if l := link.Prompt; !l.Connected && l.Err != nil {
		add("uplink_lost", "alerts", "alerts wait in the outbox: "+l.Err.Error())
	}
	if l := link.Bulk; !l.Connected && l.Err != nil {
		add("uplink_lost", "pictures", "scene pictures wait in the outbox: "+l.Err.Error())
	}
	if n := link.SetAside; n > 0 {
		add("messages_set_aside", "uplink", strconv.FormatUint(n, 10)+" messages could not be sent yet and are tried again")
	}
	if r.lists.cache.Lost() {
		add("lists_lost", "hot lists", "the cache was damaged and begun anew; import newer versions of the lists")
	}
	out = append(out, r.people.alarms()...)
	if h.Disk.State != "ok" {
		add("disk_"+h.Disk.State, r.cfg.StateDir, "the disk is nearly full: evidence of reads without a hit is not kept")
	}
	if n := stats.Orphans + stats.Lost; n > 0 {
		add("store_damaged", r.cfg.StateDir, strconv.Itoa(n)+" places in the store can't be read any more; what else was stored is whole")
	}
	for _, c := range r.cameras {
		if n := c.unkept.Load(); n > 0 {
			add("reads_not_kept", c.cfg.Name, strconv.FormatUint(n, 10)+" reads could not be kept; the log says why")
		}
	}
	if stats.ShedHits > 0 {
		add("hits_lost", r.cfg.StateDir, strconv.FormatUint(stats.ShedHits, 10)+" hits could not be kept: the disk takes no more")
	}
	if h.Clock.Quality != string(alpr.Synchronised) {
		add("clock_unsynchronised", "clock", "times are not vouched for by a time server; records are flagged")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	since := map[[2]string]time.Time{}
	for i, a := range out {
		k := [2]string{a.Code, a.About}
		if since[k] = r.alarms[k]; since[k].IsZero() {
			since[k] = now
		}
		out[i].Since = alpr.Time{Time: since[k]}
	}
	r.alarms = since
	if out == nil {
		out = []alpr.Alarm{}
	}
	return out
}

func (r *reporter) status() any {
	s := unitStatus{Unit: alpr.UnitName{ID: r.cfg.Unit.ID, Site: r.cfg.Unit.Site}, Birth: r.birth(), Health: r.health(), Retention: days(r.cfg.Profile.Retention), Days: r.days()}
	u := r.uplink()
	s.Connected.Prompt, s.Connected.Bulk = u.Prompt.Connected, u.Bulk.Connected
	if u.Prompt.Err != nil {
		s.Connected.PromptError = u.Prompt.Err.Error()
	}
	if u.Bulk.Err != nil {
		s.Connected.BulkError = u.Bulk.Err.Error()
	}
	return s
}

// days lists what is stored and when it will be forgotten.
func (r *reporter) days() []dayStatus {
	out := []dayStatus{}
	for _, d := range r.store.Days() {
		out = append(out, dayStatus{Day: d.Name, Reads: d.Reads, Bytes: d.Bytes, ForgetBy: alpr.Time{Time: d.ForgetAt}})
	}
	return out
}

func (c *camera) health(now time.Time) alpr.CameraHealth {
	k := c.keeper.Health(now)
	h := alpr.CameraHealth{
		Name: c.cfg.Name, State: "connecting", Error: k.LastError, FPS: k.FPS, Frames: k.Frames, Dropped: k.Dropped, Reconnects: k.Reconnects, Frozen: k.Frozen,
		Passes: c.recorder.passes.Load(), Alerts: c.recorder.alerts.Load(),
	}
	switch k.State {
	case capture.Running:
		h.State = "streaming"
	case capture.Ended:
		h.State = "ended"
	case capture.Silent, capture.Retrying:
		h.State = "failed"
	}
	if !k.LastFrame.IsZero() {
		age := max(0, now.Sub(k.LastFrame).Seconds())
		h.LastFrameAgeS = &age
	}
	h.ReadMsP50, h.ReadMsP95 = c.latency.quantiles()
	return h
}

func onWire(c alpr.Clock) alpr.AlertClock {
	return alpr.AlertClock{Quality: string(c.Quality), ErrorS: c.Error.Seconds()}
}

func queueDepth(d alpr.Depth) alpr.QueueDepth {
	q := alpr.QueueDepth{Count: d.Count, Bytes: d.Bytes}
	if !d.OldestAt.IsZero() {
		age := max(0, time.Since(d.OldestAt).Seconds())
		q.OldestAgeS = &age
	}
	return q
}

func diskState(s store.Stats) string {
	switch {
	case s.Shedding == store.ShedItem:
		return "full"
	case s.Shedding != 0:
		return "low"
	}
	return "ok"
}

func days(d time.Duration) string { return strconv.Itoa(int(d.Hours()/24)) + " days" }

// resident is the process's memory, from statm: pages, the second number.
func resident() (int64, bool) {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, false
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0, false
	}
	n, err := strconv.ParseInt(f[1], 10, 64)
	return n * int64(os.Getpagesize()), err == nil
}

func load1() (float64, bool) {
	b, err := os.ReadFile("/proc/loadavg") // absent under ProcSubset=pid
	if err != nil {
		return 0, false
	}
	v, err := strconv.ParseFloat(strings.Fields(string(b))[0], 64)
	return v, err == nil
}
