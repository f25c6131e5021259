package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/demo"
	"alprd/internal/hotlist"
	"alprd/internal/match"
	"alprd/internal/ocr"
	"alprd/internal/trust"
	"alprd/internal/uplink"
)

// demoOptions are the flags of `alprd demo`.
type demoOptions struct {
	json bool
	last time.Duration // zero: until interrupted
	seed uint64
	dusk bool
	port int // of the page; negative for none
	logs bool
}

func demoCommand() *cobra.Command {
	var o demoOptions
	c := &cobra.Command{
		Use:   "demo",
		Short: "Everything on one machine: rendered traffic, a broker, a hot list, a page, and alerts as they arrive",
		Long: `Everything on one machine, nothing to configure: rendered traffic as the camera, an MQTT broker in the process, a signed
hot list, a page in the browser, and a line for every pass and every alert. What it keeps lies sealed in a temporary folder
that is removed at the end. The plates are random texts; any likeness to a real one is chance.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if o.last < 0 {
				return usageError{errors.New("--for is below zero"), "alprd demo"}
			}
			log := zap.NewNop()
			if o.logs {
				var err error
				if log, err = newLogger(logConfig{Level: "info", Format: "console"}, c.ErrOrStderr()); err != nil {
					return err
				}
			}
			return runDemo(c.Context(), o, log, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().BoolVar(&o.json, "json", false, "alerts only, as they leave the unit, one JSON object a line")
	c.Flags().DurationVar(&o.last, "for", 0, "end after this time, for example 60s (default: until Ctrl-C)")
	c.Flags().Uint64Var(&o.seed, "seed", 7, "of the traffic: the same seed, the same vehicles")
	c.Flags().BoolVar(&o.dusk, "dusk", false, "little light")
	c.Flags().IntVar(&o.port, "port", 8088, "of the page, or any free one if it is taken; -1 for no page")
	c.Flags().BoolVar(&o.logs, "logs", false, "the daemon's log, on standard error")
	return c
}

const (
	demoUnit   = "demo-pole"
	demoFleet  = "demo"
	demoCamera = "road"
	demoList   = "demo-wanted"

	// demoListed is how far ahead the hot list knows the traffic; longer demos show passes, but no further alerts.
	demoListed = 20 * time.Minute
)

// runDemo runs the daemon as `alprd run` does, with a drawn road as its camera and a broker in the process, and listens
// at that broker as the agency would.
func runDemo(ctx context.Context, o demoOptions, log *zap.Logger, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "alprd-demo-")
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer os.RemoveAll(dir) // nothing reads a plate's record after the demo; its keys go with it
	s := &demoStage{out: stdout, notes: stderr, json: o.json, boxes: map[string]shownBox{}}
	if !o.json {
		s.notes = stdout
	}
	s.traffic = demo.NewTraffic(o.seed, demo.Options{Dusk: o.dusk, Parked: true})
	listings := s.traffic.Listings(demoListed)
	s.tally = demo.NewTally(s.traffic, listings)
	publisher, err := trust.Generate("demo-publisher")
	if err != nil {
		return err
	}
	broker, err := demo.NewBroker(filepath.Join(dir, "mqtt"))
	if err != nil {
		return err
	}
	if o.port >= 0 {
		if s.page, err = demo.Listen(o.port); err != nil {
			return err
		}
		fmt.Fprintf(s.notes, "page: %s\n", s.page.URL())
	}
	fmt.Fprintf(s.notes, "Rendered traffic, invented plates. A line for each vehicle read; ALERT for each that the hot list names. Ctrl-C ends it.\n")
	cfg, err := demoConfig(dir, publisher.Public())
	if err != nil {
		return err
	}

	if o.last > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.last)
		defer cancel()
	}
	// The agency and the broker outlive the unit, so that what it sends at its end still arrives.
	after, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	outer, after := errgroup.WithContext(after)
	outer.Go(func() error { return broker.Run(after) }) // until after ends
	agency := uplink.Listener{Broker: uplink.Broker{}.Inside(broker.Dial), Client: "agency", Filters: []string{uplink.Topic(uplink.DefaultPrefix, "+", uplink.TopicAlert)},
		Connected: func(error) {}, Received: s.received, MinBackoff: 100 * time.Millisecond}
	outer.Go(func() error { agency.Run(after); return nil }) // until after ends
	if s.page != nil {
		outer.Go(func() error { return s.page.Run(after) }) // until after ends
	}
	w := world{
		source: func(c capture.Camera) capture.Source {
			return &demo.Camera{Name: c.Name, Traffic: s.traffic, Shown: s.tally.Shown, Clock: demoClock()}
		},
		broker:  func(b uplink.Broker) uplink.Broker { return b.Inside(broker.Dial) },
		watcher: func(string) watcher { return s },
		ready: func(rep *reporter, lists *hotlists) {
			if err := s.publish(ctx, publisher, lists, filepath.Join(dir, "list"), listings); err != nil {
				log.Error("the demo's list", zap.Error(err))
				complain(s.notes, fmt.Errorf("the demo's hot list, so nothing will alert: %w", err))
			}
			outer.Go(func() error { return s.report(ctx, rep) }) // until ctx ends
		},
	}
	err = run(ctx, cfg, log, w)
	s.settle()
	end()
	if e := outer.Wait(); err == nil && !errors.Is(e, context.Canceled) {
		err = e
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.notes, "\n%s\n", s.summary())
	return nil
}

// publish makes a signed package for the unit as alprctl would, and has the unit import it.
func (s *demoStage) publish(ctx context.Context, key trust.PrivateKey, lists *hotlists, dir string, listings []demo.Listing) error {
	now := time.Now()
	b, err := hotlist.NewBuilder(hotlist.Options{Now: now})
	if err != nil {
		return err
	}
	r, w := io.Pipe()
	go func() { w.CloseWithError(s.traffic.WriteList(w, listings, 400)) }() // until the builder has read it all
	if err := b.Read("demo.csv", r); err != nil {
		return err
	}
	bundle, err := b.Publish(hotlist.Identity{Fleet: demoFleet, List: demoList, Source: "Demo Agency", BuiltAt: now.Add(-95 * time.Minute),
		Units: []trust.Recipient{lists.me.Recipient()}, MaxRejects: .01}, key)
	if err != nil {
		return err
	}
	if err := bundle.Write(dir); err != nil {
		return err
	}
	_, err = lists.load(ctx, os.DirFS(dir), false)
	return err
}

func demoConfig(dir string, publisher trust.PublicKey) (config, error) {
	keyFile := filepath.Join(dir, "publisher.pub")
	if err := os.WriteFile(keyFile, []byte(publisher.Text()), 0o600); err != nil {
		return config{}, fmt.Errorf("demo: %w", err)
	}
	threshold, gate := match.DefaultThreshold, true
	c := config{
		Unit: unitConfig{ID: demoUnit, Fleet: demoFleet, Site: "a road that does not exist"}, StateDir: filepath.Join(dir, "state"), Socket: filepath.Join(dir, "socket"),
		Cameras:  []cameraConfig{{Name: demoCamera, Source: "rtsp://rendered/road", Lane: "both", Direction: "away", WorkingSize: 640, MotionGate: &gate, Silence: 30 * time.Second}},
		Reader:   readerConfig{Backend: ocr.Auto},
		Hotlists: []hotlistConfig{{Name: demoList, PublicKey: keyFile, Threshold: &threshold}},
		Uplink:   uplinkConfig{Broker: "inside", TopicPrefix: uplink.DefaultPrefix, Custody: "broker", HealthEvery: time.Minute},
		Evidence: evidenceConfig{JPEGQuality: 80, ReadPictures: true},
	}
	c.Profile.Name, c.Profile.Agency, c.Profile.Retention = "demo", "Demo Agency", maxRetention
	c.Profile.Hotlists.StaleAfter, c.Profile.Hotlists.MaxRejects = 24*time.Hour, .01
	return c, nil
}

func demoClock() alpr.Clock { return alpr.Clock{Quality: alpr.Unsynchronised} }

// demoStage shows what the unit does: in the terminal, on the page, and in the final count. It is the unit's watcher and
// the agency's subscriber.
type demoStage struct {
	out, notes io.Writer
	json       bool
	traffic    *demo.Traffic
	tally      *demo.Tally
	page       *demo.Page // nil: none

	mu     sync.Mutex
	boxes  map[string]shownBox // last place of each pass, by read ID
	shown  uint64              // frame last drawn with boxes
	stored demo.Stored
}

type shownBox struct {
	demo.Box
	at time.Time
}

// Saw shows the frame that was just read. It is called from the camera's loop.
func (s *demoStage) Saw(f alpr.Frame, _ []alpr.Read) {
	if s.page == nil {
		return
	}
	// Where the plates are now is known exactly here; what they say, only once they are read.
	s.mu.Lock()
	var boxes []demo.Box
	for _, t := range s.traffic.Truth(int(f.Seq) - 1) {
		b, read := s.boxes[t.Text]
		if !t.Legible() && !read || t.Hidden > .3 || t.Width < 20 {
			continue
		}
		b.Box.Corners = t.Corners
		boxes = append(boxes, b.Box)
	}
	for k, b := range s.boxes {
		if f.At.Sub(b.at) > 20*time.Second {
			delete(s.boxes, k)
		}
	}
	s.mu.Unlock()
	s.page.Frame(f, boxes)
}

// Told takes note of a read that was matched and recorded.
func (s *demoStage) Told(r alpr.Read, hits []alpr.Hit) {
	truth := s.tally.Read(r)
	s.mu.Lock()
	if truth != "" {
		s.boxes[truth] = shownBox{demo.Box{Text: r.Plate.Text(), Listed: len(hits) > 0}, r.LastAt}
	}
	if r.Final && !s.json {
		fmt.Fprintln(s.out, demo.PassLine(r))
	}
	s.mu.Unlock()
	if s.page != nil {
		s.page.Pass(r, len(hits) > 0, truth)
	}
}

// received takes an alert from the broker.
func (s *demoStage) received(m uplink.Message) {
	now := time.Now()
	a, fresh, err := s.tally.Alert(m.Payload, now)
	if err != nil || !fresh {
		return
	}
	s.mu.Lock()
	if s.json {
		fmt.Fprintf(s.out, "%s\n", m.Payload)
	} else {
		fmt.Fprintln(s.out, demo.AlertLine(a, now))
	}
	s.mu.Unlock()
	if s.page != nil {
		s.page.Alert(m.Payload, now)
	}
}

// report tells the page every second what the unit holds.
func (s *demoStage) report(ctx context.Context, rep *reporter) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		h := rep.health()
		v := demo.Stored{Outbox: h.Queue.Prompt.Count + h.Queue.Bulk.Count}
		for _, d := range rep.days() {
			v.Days = append(v.Days, demo.StoredDay{Day: d.Day, Reads: d.Reads, Bytes: d.Bytes, DestroyAt: d.ForgetBy.Time})
		}
		for _, c := range h.Cameras {
			v.Drops += c.Dropped
			if c.ReadMsP50 != nil {
				v.ReaderMS = *c.ReadMsP50
			}
		}
		for _, l := range h.Lists {
			v.Listed += l.Entries
			v.ListAge = max(v.ListAge, time.Duration(l.AgeS*float64(time.Second)))
			v.ListStale = v.ListStale || l.Stale
		}
		s.mu.Lock()
		s.stored = v
		s.mu.Unlock()
		if s.page != nil {
			s.page.Stored(v)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// settle gives what the unit sent at its end a moment to arrive.
func (s *demoStage) settle() { time.Sleep(300 * time.Millisecond) }

func (s *demoStage) summary() demo.Summary {
	out := s.tally.Summary(int(2 * s.traffic.FPS()))
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Drops = s.stored.Drops
	for _, d := range s.stored.Days {
		out.StoredReads += d.Reads
		out.StoredBytes += d.Bytes
	}
	return out
}
