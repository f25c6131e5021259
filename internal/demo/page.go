package demo

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"image"
	"image/jpeg"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"alprd/internal/alpr"
)

//go:embed page
var pageFiles embed.FS

const (
	keptPasses = 12
	keptAlerts = 8

	// frameEvery is the least time between two frames on the page: it has to leave the processor to the reader.
	frameEvery = 180 * time.Millisecond

	// waiting is how many events a browser may lag before it is cut off; it then reconnects and gets the whole page.
	waiting = 64
)

// Box is a plate to be outlined in the page's live picture.
type Box struct {
	Corners alpr.Quad
	Text    string // empty while it is not read
	Listed  bool
}

// Page shows a demo in a browser on the same machine. What it shows is held in memory, bounded, and gone with it. It
// answers on the loopback interface only, and only to requests that name it, so that no web site can reach it through a
// name of its own (DNS rebinding).
type Page struct {
	parts *template.Template
	ln    net.Listener
	srv   *http.Server
	hosts map[string]bool

	mu       sync.Mutex
	passes   []passView // newest first
	alerts   []alertView
	stored   Stored
	frame    *image.YCbCr
	frameAt  time.Time
	watchers map[chan event]bool
}

// event is one server-sent event.
type event struct {
	name string
	data []byte
}

// Listen opens a page at port of 127.0.0.1, or at any free one if that is taken. Port 0 is any free one.
func Listen(port int) (*Page, error) {
	ln, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		ln, err = net.Listen("tcp4", "127.0.0.1:0")
	}
	if err != nil {
		return nil, fmt.Errorf("demo page: %w", err)
	}
	parts, err := template.ParseFS(pageFiles, "page/page.html", "page/parts.html")
	if err != nil {
		ln.Close()
		return nil, fmt.Errorf("demo page: %w", err)
	}
	p := &Page{parts: parts, ln: ln, hosts: map[string]bool{}, watchers: map[chan event]bool{}}
	got := strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
	for _, h := range []string{"127.0.0.1", "localhost"} {
		p.hosts[net.JoinHostPort(h, got)] = true
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serveWhole)
	mux.HandleFunc("GET /page.css", file("page/page.css", "text/css; charset=utf-8"))
	mux.HandleFunc("GET /page.js", file("page/page.js", "text/javascript; charset=utf-8"))
	mux.HandleFunc("GET /frame/{name}", p.serveFrame)
	mux.HandleFunc("GET /events", p.serveEvents)
	p.srv = &http.Server{Handler: p.guard(mux), ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 16 << 10}
	return p, nil
}

// URL is where the page is.
func (p *Page) URL() string { return "http://" + p.ln.Addr().String() + "/" }

// Run serves until ctx ends; open connections are cut then.
func (p *Page) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.srv.Close() })
	defer stop()
	if err := p.srv.Serve(p.ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("demo page: %w", err)
	}
	return nil
}

// guard refuses who doesn't name this page, and forbids the browser everything that the page doesn't need.
func (p *Page) guard(next http.Handler) http.Handler {
	const policy = "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if site := r.Header.Get("Sec-Fetch-Site"); !p.hosts[strings.ToLower(r.Host)] || site == "cross-site" {
			http.Error(w, "this page answers to 127.0.0.1 only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func file(name, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		b, err := pageFiles.ReadFile(name)
		if err != nil {
			http.Error(w, "not here", http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Write(b)
	}
}

func (p *Page) serveWhole(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	state := struct {
		Passes []passView
		Alerts []alertView
		Stored storedView
	}{append([]passView(nil), p.passes...), append([]alertView(nil), p.alerts...), viewStored(p.stored, time.Now())}
	p.mu.Unlock()
	var b bytes.Buffer
	if err := p.parts.ExecuteTemplate(&b, "page.html", state); err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(b.Bytes())
}

// serveFrame serves the last frame, whichever is asked for: the number only keeps browsers from showing an old one. It is
// encoded here, so that a camera never waits for it and nobody pays for what nobody sees.
func (p *Page) serveFrame(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	img := p.frame
	p.mu.Unlock()
	if img == nil || !strings.HasSuffix(r.PathValue("name"), ".jpg") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	jpeg.Encode(w, img, &jpeg.Options{Quality: 72}) // a browser that has gone needs no answer
}

// serveEvents streams what changes (server-sent events).
func (p *Page) serveEvents(w http.ResponseWriter, r *http.Request) {
	flush := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	ch := make(chan event, waiting) // full: the browser is cut off, see tell
	p.mu.Lock()
	now := p.whole()
	p.watchers[ch] = true
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.watchers, ch)
		p.mu.Unlock()
	}()
	if _, err := fmt.Fprint(w, "retry: 1000\n\n"); err != nil || flush.Flush() != nil {
		return
	}
	for _, e := range now {
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.name, e.data); err != nil || flush.Flush() != nil {
			return
		}
	}
	for {
		select {
		case <-r.Context().Done():
			return
		case e, ok := <-ch:
			if !ok {
				return
			}
			if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", e.name, e.data); err != nil || flush.Flush() != nil {
				return
			}
		}
	}
}

// whole is the page as it stands, as events, oldest first: what happened between the loading of a page and its first
// event, or while it was away, isn't lost. p.mu is held.
func (p *Page) whole() []event {
	var out []event
	add := func(name string, f fragment) {
		if b, err := json.Marshal(f); err == nil {
			out = append(out, event{name, b})
		}
	}
	for i := len(p.passes) - 1; i >= 0; i-- {
		add("pass", p.fragment("pass", fmt.Sprintf("pass-%d", p.passes[i].Pass), p.passes[i]))
	}
	for i := len(p.alerts) - 1; i >= 0; i-- {
		add("alert", p.fragment("alert", "alert-"+p.alerts[i].ID, p.alerts[i]))
	}
	add("stored", p.fragment("stored", "stored", viewStored(p.stored, time.Now())))
	return out
}

// tell sends an event to every browser; p.mu is held.
func (p *Page) tell(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		return
	}
	for ch := range p.watchers {
		select {
		case ch <- event{name, b}:
		default:
			delete(p.watchers, ch)
			close(ch)
		}
	}
}

// fragment is a part of the page with the id of its element.
type fragment struct {
	ID   string `json:"id"`
	HTML string `json:"html"`
}

func (p *Page) fragment(part, id string, v any) fragment {
	var b bytes.Buffer
	if err := p.parts.ExecuteTemplate(&b, part, v); err != nil {
		return fragment{id, ""}
	}
	return fragment{id, b.String()}
}

// Frame shows a frame, unless the last one was shown just now or nobody looks. It costs the caller next to nothing.
func (p *Page) Frame(f alpr.Frame, boxes []Box) {
	type box struct {
		Corners [4][2]int `json:"corners"`
		Text    string    `json:"text,omitempty"`
		Listed  bool      `json:"listed,omitempty"`
	}
	out := make([]box, len(boxes))
	for i, x := range boxes {
		out[i] = box{Text: x.Text, Listed: x.Listed}
		for k, c := range x.Corners {
			out[i].Corners[k] = [2]int{int(c.X + .5), int(c.Y + .5)}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if f.Image == nil || f.At.Sub(p.frameAt) < frameEvery {
		return
	}
	p.frame, p.frameAt = f.Image, f.At
	p.tell("frame", map[string]any{"n": f.Seq, "boxes": out})
}

// Pass shows a read; a later read of the same pass takes its place. Truth is what was drawn on the plate, empty where
// that isn't known yet.
func (p *Page) Pass(r alpr.Read, listed bool, truth string) {
	v := viewPass(r, listed, truth)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passes = insert(p.passes, v, keptPasses, func(o passView) bool { return o.Pass == v.Pass })
	p.tell("pass", p.fragment("pass", fmt.Sprintf("pass-%d", v.Pass), v))
}

// Alert shows an alert as it was received, at the time it was; a later revision takes the place of an earlier one.
func (p *Page) Alert(message []byte, receivedAt time.Time) error {
	v, err := viewAlert(message, receivedAt)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.alerts = insert(p.alerts, v, keptAlerts, func(o alertView) bool { return o.ID == v.ID })
	p.tell("alert", p.fragment("alert", "alert-"+v.ID, v))
	return nil
}

// Stored shows what the unit holds.
func (p *Page) Stored(s Stored) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stored = s
	p.tell("stored", p.fragment("stored", "stored", viewStored(s, time.Now())))
}

// insert puts v in the place of the one it replaces, or first, and keeps at most n.
func insert[T any](list []T, v T, n int, same func(T) bool) []T {
	for i := range list {
		if same(list[i]) {
			list[i] = v
			return list
		}
	}
	list = append([]T{v}, list...)
	return list[:min(n, len(list))]
}
