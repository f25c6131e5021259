package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/uplink"
)

// watchCommand shows alerts as they come.
func watchCommand() *cobra.Command {
	broker := uplink.Broker{Settings: "--"}
	w := &watcher{}
	var unit, pictures string
	c := &cobra.Command{
		Use:   "watch --broker ssl://HOST:8883 --ca FILE --cert FILE --key FILE",
		Short: "Show alerts as they come, and which units are there",
		Long: `Show alerts as they come, and which units are there.

Each alert is a line with what was read, and below it a line for each listed plate that it matches; [brackets] mark the
characters that differ. An alert is not probable cause: verify plate, state and current status of the entry first.

Messages that the broker delivers twice are shown once. What is published while the connection is down is not seen here;
the agency's server keeps a session at the broker for that. Nothing is written to disk, except pictures with --pictures.`,
		Example: "  alprctl watch --broker ssl://broker.agency.example:8883 --ca ca.pem --cert desk.pem --key desk.key",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			w.out, w.notes = c.OutOrStdout(), &lockedWriter{to: c.ErrOrStderr()}
			switch {
			case strings.ContainsAny(unit, "/+# "):
				return &uplink.Error{What: fmt.Sprintf("--unit: %q does not name a unit", unit), Mend: "write its id: letters, digits, - and _; leave it out for all units"}
			case unit == "":
				unit = "+"
			}
			if pictures != "" {
				p, err := openPictures(pictures, w.notes)
				if err != nil {
					return err
				}
				w.pictures = p
			}
			return w.run(c.Context(), broker, unit)
		},
	}
	f := c.Flags()
	f.StringVar(&broker.URL, "broker", "", "the broker, ssl://HOST:8883")
	f.StringVar(&broker.CA, "ca", "", "PEM file of the CA that issued the broker's certificate")
	f.StringVar(&broker.Cert, "cert", "", "PEM file of your certificate")
	f.StringVar(&broker.Key, "key", "", "PEM file of its key")
	f.StringVar(&unit, "unit", "", "only this unit")
	f.StringVar(&w.prefix, "prefix", uplink.DefaultPrefix, "what all topics begin with")
	f.BoolVar(&w.covert, "covert", false, "also alerts of covert entries, where the broker lets you read them")
	f.BoolVar(&w.json, "json", false, "alerts as they were sent, one JSON document a line")
	f.StringVar(&pictures, "pictures", "", "save plate and scene pictures in this folder; each is removed at its destroy_by")
	for _, name := range []string{"broker", "ca", "cert", "key"} {
		c.MarkFlagRequired(name)
	}
	return c
}

// watcher prints what units publish.
type watcher struct {
	prefix     string
	covert     bool
	json       bool
	out, notes io.Writer // results; everything else
	pictures   *pictures // nil unless asked for
	schemas    *schemas.Set

	mu     sync.Mutex         // a connection's last message and the next one's first could come together
	seen   map[string]*recent // by unit
	status map[string]string  // the last line shown, by unit
	keys   map[string]string  // what checks a unit's alerts, as its birth said, by unit
}

// run watches until ctx ends. A broker that can't be reached at first is an error; later it is waited for.
func (w *watcher) run(ctx context.Context, broker uplink.Broker, unit string) error {
	if err := broker.Check(time.Now()); err != nil {
		return err
	}
	var err error
	if w.schemas, err = schemas.Load(); err != nil {
		return err
	}
	w.seen, w.status, w.keys = map[string]*recent{}, map[string]string{}, map[string]string{}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var id [6]byte
	rand.Read(id[:])
	at := func(name string) string { return uplink.Topic(w.prefix, unit, name) }
	l := uplink.Listener{
		Broker:  broker,
		Client:  "alprctl-watch-" + hex.EncodeToString(id[:]),
		Filters: []string{at(uplink.TopicAlert), at(uplink.TopicStatus)},
	}
	if w.covert {
		l.Filters = append(l.Filters, at(uplink.Covert(uplink.TopicAlert)))
	}
	if w.pictures != nil {
		l.Filters = append(l.Filters, at(uplink.TopicScene))
		if w.covert {
			l.Filters = append(l.Filters, at(uplink.Covert(uplink.TopicScene)))
		}
		defer w.pictures.expire(time.Now())
		go w.pictures.keepLaw(ctx)
	}
	connected := false
	l.Connected = func(err error) {
		switch {
		case err == nil:
			connected = true
			fmt.Fprintf(w.notes, "watching %s at %s\n", at(uplink.TopicAlert), broker.URL)
		case !connected:
			stop(err)
		default:
			fmt.Fprintf(w.notes, "connection lost: %v; trying again\n", err)
			if h := (interface{ Hint() string })(nil); errors.As(err, &h) {
				fmt.Fprintln(w.notes, "hint: ", h.Hint())
			}
		}
	}
	l.Received = w.receive
	l.Run(ctx)
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// receive takes one message.
func (w *watcher) receive(m uplink.Message) {
	w.mu.Lock()
	defer w.mu.Unlock()
	unit, last, ok := strings.Cut(strings.TrimPrefix(m.Topic, w.prefix+"/"), "/")
	name := schemas.OfTopic(last)
	if !ok || name == "" {
		return
	}
	invalid := w.schemas.Check(name, m.Payload)
	var head struct {
		Seq  uint64
		Unit struct{ ID string }
	}
	if err := json.Unmarshal(m.Payload, &head); err != nil {
		fmt.Fprintf(w.notes, "warning: %s: not a message of alprd; ignored\n", plain(m.Topic))
		return
	}
	if invalid != nil {
		fmt.Fprintf(w.notes, "warning: %s: %v\n", plain(m.Topic), invalid)
	}
	if head.Unit.ID != unit {
		fmt.Fprintf(w.notes, "warning: %s: the message names another unit, %s; ignored\n", plain(m.Topic), plain(head.Unit.ID))
		return
	}
	if name == "status" {
		w.showStatus(unit, m)
		return
	}
	if w.seen[unit] == nil {
		w.seen[unit] = &recent{known: map[uint64]bool{}}
	}
	if !w.seen[unit].first(head.Seq) {
		return
	}
	switch name {
	case "alert":
		w.showAlert(m, invalid == nil)
	case "scene":
		var s alpr.Scene
		if json.Unmarshal(m.Payload, &s) == nil && invalid == nil && w.pictures != nil {
			w.note(w.pictures.save(unit, s.Seq, "scene", s.SceneJPEG, s.SHA256, s.CapturedAt.Time, s.DestroyBy.Time))
		}
	}
}

func (w *watcher) showAlert(m uplink.Message, valid bool) {
	var a alpr.Alert
	decoded := json.Unmarshal(m.Payload, &a) == nil
	if decoded {
		w.checkSignature(a, m.Payload)
	}
	if w.json {
		var line bytes.Buffer
		if json.Compact(&line, m.Payload) == nil { // one line, whatever was sent
			fmt.Fprintln(w.out, escape(line.String()))
		}
	} else if decoded {
		io.WriteString(w.out, describe(a))
	}
	if decoded && valid && w.pictures != nil && len(a.Evidence.PlateJPEG) > 0 {
		w.note(w.pictures.save(a.Unit.ID, a.Seq, "plate", a.Evidence.PlateJPEG, a.Evidence.PlateSHA256, a.CapturedAt.Time, a.DestroyBy.Time))
	}
}

// checkSignature warns of an alert that is not signed by the key which the unit's birth named. That tells accidents and
// other clients of the broker from the unit; of the broker itself it proves nothing, since it carries the birth, too.
func (w *watcher) checkSignature(a alpr.Alert, raw []byte) {
	key, err := base64.StdEncoding.DecodeString(w.keys[a.Unit.ID])
	if err != nil || len(key) != ed25519.PublicKeySize {
		return
	}
	if message, signature, ok := alpr.SignedPart(raw); !ok || !ed25519.Verify(key, message, signature) {
		fmt.Fprintf(w.notes, "warning: %s: alert %d is not signed by the unit's key\n", plain(a.Unit.ID), a.Seq)
	}
}

// showStatus shows a unit's status where it changed; beside JSON lines it goes to the notes.
func (w *watcher) showStatus(unit string, m uplink.Message) {
	var s alpr.Status
	if json.Unmarshal(m.Payload, &s) != nil {
		return
	}
	line := describeStatus(s)
	if s.Birth != nil {
		if old := w.keys[unit]; old != "" && old != s.Security.SigningKey {
			fmt.Fprintf(w.notes, "warning: %s: the unit signs with another key than before\n", plain(unit))
		}
		w.keys[unit] = s.Security.SigningKey
	}
	if w.status[unit] == line {
		return
	}
	w.status[unit] = line
	to := w.out
	if w.json {
		to = w.notes
	}
	io.WriteString(to, line)
}

func (w *watcher) note(err error) {
	if err != nil {
		fmt.Fprintln(w.notes, "warning:", err)
	}
}

// lockedWriter lets several goroutines write whole lines.
type lockedWriter struct {
	mu sync.Mutex
	to io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(p)
}

// recent remembers a unit's last messages, to show each once.
type recent struct {
	known map[uint64]bool
	order []uint64
}

const remembered = 10_000 // messages of a unit: more than it can have in flight

// first reports whether seq is new, and remembers it.
func (r *recent) first(seq uint64) bool {
	if r.known[seq] {
		return false
	}
	r.known[seq] = true
	r.order = append(r.order, seq)
	if len(r.order) > remembered {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	return true
}

// plain makes text from outside safe for a terminal: control characters could rewrite what stands there.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if treacherous(r) {
			return '·'
		}
		return r
	}, s)
}

// escape does the same to JSON, and leaves its meaning: where such a character is allowed at all, it is in a string.
func escape(line string) string {
	if strings.IndexFunc(line, treacherous) < 0 {
		return line
	}
	var b strings.Builder
	for _, r := range line {
		if treacherous(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// treacherous tells control characters, and those that turn the direction of writing.
func treacherous(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}
