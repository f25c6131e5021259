package main

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/clock"
	"alprd/internal/ocr"
	"alprd/internal/seal"
	"alprd/internal/store"
	"alprd/internal/uplink"
)

func runCommand() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "run --config FILE",
		Short: "The daemon: what systemd starts",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadConfig(file)
			if err != nil {
				return err
			}
			log, err := newLogger(cfg.Log, c.ErrOrStderr())
			if err != nil {
				return err
			}
			// Most of what is held are pictures, which the collector needn't look into: it may come four times as often, for a
			// sixth less memory (docs/benchmarks.md).
			debug.SetGCPercent(25)
			return run(c.Context(), cfg, log, world{})
		},
	}
	c.Flags().StringVar(&file, "config", "/etc/alprd/alprd.yaml", "the unit's configuration")
	return c
}

// world is what a test or the demo puts in place of cameras and brokers. The zero value is the real one.
type world struct {
	source  func(capture.Camera) capture.Source // nil: what the configuration names
	broker  func(uplink.Broker) uplink.Broker   // nil: as configured
	watcher func(camera string) watcher         // nil: nobody looks
	ready   func(*reporter, *hotlists)          // nil: nobody waits; called once everything runs
}

// run is the unit, in the order of its data. It returns nil when ctx ends, and otherwise the error it can't go on with:
// whoever started it starts it again, and what was acknowledged is recovered then.
func run(ctx context.Context, cfg config, log *zap.Logger, w world) error {
	if err := os.MkdirAll(cfg.StateDir, 0o700); err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	ring, err := seal.OpenRing(filepath.Join(cfg.StateDir, "ring"), seal.NewFileKey(filepath.Join(cfg.StateDir, "ring.key"), nil), nil)
	if err != nil {
		return err
	}
	defer ring.Close()
	now := clock.New(ring, built())
	kept, err := store.Open(cfg.StateDir, ring, now, store.Options{Retention: cfg.Profile.Retention})
	if err != nil {
		return err
	}
	defer kept.Close()
	cache, err := store.OpenHotLists(cfg.StateDir, ring, nil)
	if err != nil {
		return err
	}
	defer cache.Close()
	opener, err := openingKey(ring, cfg.Unit.ID)
	if err != nil {
		return err
	}
	lists, err := openHotlists(cfg, opener, cache, log)
	if err != nil {
		return err
	}
	people, err := openAuthority(cfg, ring, now, log)
	if err != nil {
		return err
	}
	defer people.close()
	byHand, err := openEntries(people, cfg.Profile, kept, log)
	if err != nil {
		return err
	}
	signer, err := signingKey(ring)
	if err != nil {
		return err
	}
	rep := &reporter{cfg: cfg, started: time.Now().UTC(), clock: now, store: kept, lists: lists, byHand: byHand, people: people, key: publicHalf(signer)}
	up, err := newUplink(cfg, w, kept, rep, log)
	if err != nil {
		return err
	}
	rep.uplink = up.State
	lists.tell(up.Refresh)
	up.Fetch(lists)
	backend, err := ocr.Choose(cfg.Reader.Backend)
	if err != nil {
		return err
	}
	log.Info("reader", zap.String("backend", backend.Name), zap.NamedError("why", backend.Why))
	for _, cc := range cfg.Cameras {
		cam, engine, err := newCamera(cfg, cc, w, backend, kept, now, watched{lists, byHand}, signer, log)
		if err != nil {
			return err
		}
		defer engine.Close()
		rep.cameras = append(rep.cameras, cam)
	}

	socket, err := listen(cfg.Socket)
	if err != nil {
		return err
	}

	g, ctx := errgroup.WithContext(ctx)
	for _, cam := range rep.cameras {
		g.Go(func() error { return cam.keep(ctx) }) // until ctx ends; closes the camera's ring
		g.Go(cam.watch)                             // until the ring is closed and empty
	}
	api := localAPI{status: rep.status, lists: func() any { return rep.hotlists().Lists }, load: lists.load, key: opener.Recipient().Text, enrol: people.enrol, command: people.receive}
	g.Go(func() error { return up.Run(ctx) })                 // until ctx ends
	g.Go(func() error { return api.serve(ctx, socket) })      // until ctx ends
	g.Go(func() error { return forget(ctx, kept, now, log) }) // until ctx ends
	g.Go(func() error { return byHand.forget(ctx) })          // until ctx ends
	g.Go(func() error { return alive(ctx, rep) })             // until ctx ends
	byHand.tell(up.Refresh)
	if w.ready != nil {
		w.ready(rep, lists)
	}
	log.Info("running", zap.String("unit", cfg.Unit.ID), zap.String("version", version()), zap.String("profile", cfg.Profile.Name), zap.Int("cameras", len(rep.cameras)))
	err = g.Wait()
	log.Info("stopped", zap.Error(err))
	return err
}

// newCamera wires one camera: source → ring → reader → recorder. Each has networks of its own.
func newCamera(cfg config, cc cameraConfig, w world, backend ocr.Backend, kept keeper, now *clock.Clock, lists matcher, signer ed25519.PrivateKey, log *zap.Logger) (*camera, *ocr.Engine, error) {
	address, err := withPassword(cc)
	if err != nil {
		return nil, nil, err
	}
	zone, err := cc.zone()
	if err != nil {
		return nil, nil, err
	}
	spec := capture.Camera{Name: cc.Name, URL: address, FPS: cc.FPS, Silence: cc.Silence, Gate: *cc.MotionGate, Zone: zone}
	source, err := capture.Open(spec, capture.Options{Log: log, Clock: func() alpr.Clock { _, c := now.Now(); return c }, BadFile: func(e *capture.FileError) {
		log.Warn("a picture can't be read", zap.String("camera", cc.Name), zap.Error(e.Err)) // its name may be a plate
	}})
	if w.source != nil {
		source, err = capture.Gated(spec, w.source(spec))
	}
	if err != nil {
		return nil, nil, err
	}
	engine, err := backend.Open()
	if err != nil {
		return nil, nil, err
	}
	ring := capture.NewRing(ringFrames)
	unit := alpr.AlertUnit{ID: cfg.Unit.ID, Site: cfg.Unit.Site, Camera: cc.Name, Lane: cc.Lane, Direction: cc.Direction, Heading: cc.Heading}
	if p := cfg.Unit.Position; p != nil {
		unit.Position = &alpr.Position{Lat: p.Lat, Lon: p.Lon}
	}
	c := &camera{
		cfg: cc, ring: ring, keeper: capture.NewKeeper(spec, source, ring, log), log: log,
		reader: engine.Lane(ocr.LaneOptions{WorkingSize: cc.WorkingSize, Zone: zone, Serial: ocr.Serial(cfg.Reader.Region)}), failed: engine.Err, lists: lists, begun: time.Now(),
		apart: spec.Kind() == capture.Stills && cc.FPS == 0,
		recorder: &recorder{
			unit: unit, retention: cfg.Profile.Retention, staleAfter: cfg.Profile.Hotlists.StaleAfter, quality: cfg.Evidence.JPEGQuality, pictures: cfg.Evidence.ReadPictures,
			sign: func(b []byte) ([]byte, error) { return ed25519.Sign(signer, b), nil }, store: kept, told: map[string]*toldPass{}, log: log,
		},
	}
	if w.watcher != nil {
		c.watcher = w.watcher(cc.Name)
	}
	if spec.Kind() != capture.Clip {
		c.now = now.Now
	}
	return c, engine, nil
}

// keep runs the camera. A folder or clip that can't be read ends that camera, not the unit.
func (c *camera) keep(ctx context.Context) error {
	if err := c.keeper.Run(ctx); err != nil && ctx.Err() == nil {
		c.log.Error("camera ended", zap.String("camera", c.cfg.Name), zap.Error(err))
	}
	return nil
}

// withPassword puts the password from its file into the camera's address.
func withPassword(c cameraConfig) (string, error) {
	if c.PasswordFile == "" {
		return c.Source, nil
	}
	b, err := os.ReadFile(c.PasswordFile)
	if err != nil {
		return "", &configError{c.PasswordFile, "", "the camera's password can't be read: " + errors.Unwrap(err).Error(), "write it into this file, readable by the daemon only, or leave password_file out"}
	}
	u, err := url.Parse(c.Source)
	if err != nil || u.User == nil || u.User.Username() == "" {
		return "", &configError{c.PasswordFile, "", "the camera's source names no user for this password", "write rtsp://USER@HOST/… as source"}
	}
	u.User = url.UserPassword(u.User.Username(), strings.TrimSpace(string(b)))
	return u.String(), nil
}

func newUplink(cfg config, w world, box uplink.Outbox, rep *reporter, log *zap.Logger) (*uplink.Uplink, error) {
	b := uplink.Broker{URL: cfg.Uplink.Broker, CA: cfg.Uplink.CA, Cert: cfg.Uplink.Cert, Key: cfg.Uplink.Key}
	if w.broker != nil {
		b = w.broker(b)
	}
	return uplink.New(uplink.Config{Broker: b, Unit: cfg.Unit.ID, Site: cfg.Unit.Site, Prefix: cfg.Uplink.TopicPrefix, HealthEvery: cfg.Uplink.HealthEvery},
		box, uplink.Telling{Birth: rep.birth, Hotlists: rep.hotlists, Health: rep.health}, log)
}

// forget destroys what is past its lawful life, every minute (R1), and keeps the clock's marks.
func forget(ctx context.Context, kept *store.Store, now *clock.Clock, log *zap.Logger) error {
	minute := time.NewTicker(time.Minute)
	defer minute.Stop()
	for n := 0; ; n++ {
		gone, err := kept.Purge()
		for _, d := range gone {
			log.Info("a day is forgotten", zap.String("day", d.Day), zap.Int("reads", d.Reads), zap.Int("undelivered", d.Undelivered))
		}
		switch {
		case errors.Is(err, store.ErrFull):
			log.Error("a full disk holds up forgetting; it is tried again", zap.Error(err))
		case err != nil:
			return fmt.Errorf("forget: %w", err)
		}
		if n%60 == 0 {
			if err := now.Keep(); err != nil {
				return fmt.Errorf("keep time: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return now.Keep()
		case <-minute.C:
		}
	}
}

// alive tells systemd that the unit runs, and goes on telling it while no camera's loop is stuck in a frame.
func alive(ctx context.Context, rep *reporter) error {
	daemon.SdNotify(false, daemon.SdNotifyReady) // without systemd, nobody listens
	defer daemon.SdNotify(false, daemon.SdNotifyStopping)
	tick := time.NewTicker(15 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			stuck := false
			for _, c := range rep.cameras {
				stuck = stuck || c.stuck(now, 30*time.Second)
			}
			if !stuck {
				daemon.SdNotify(false, daemon.SdNotifyWatchdog)
			}
		}
	}
}

// signingKey is the unit's own, made at its first start and never outside the key ring.
func signingKey(ring *seal.Ring) (ed25519.PrivateKey, error) {
	k, err := ring.Make("unit", nil)
	if err != nil {
		return nil, fmt.Errorf("unit key: %w", err)
	}
	seed := k.Derive(nil, "alprd unit signing key")
	return ed25519.NewKeyFromSeed(seed[:]), nil
}

func publicHalf(k ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(k.Public().(ed25519.PublicKey))
}

// version is the module's version, or the commit the program was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value[:min(12, len(s.Value))]
		}
	}
	return "development"
}

// built is when the program was made: it is never earlier than that.
func built() time.Time {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.time" {
				if t, err := time.Parse(time.RFC3339, s.Value); err == nil {
					return t
				}
			}
		}
	}
	return time.Time{}
}
