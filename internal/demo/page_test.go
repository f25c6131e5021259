package demo

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// open serves a page for a test.
func open(t *testing.T) *Page {
	t.Helper()
	p, err := Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error("page ended with", err)
		}
	})
	return p
}

// readOf is a read as a reader would make it of what is drawn in a frame.
func readOf(tr *Traffic, n int, x Truth, pass uint64) alpr.Read {
	img, _ := tr.Frame(n)
	at := time.Now().UTC()
	var l alpr.Lattice
	for i, c := range x.Text {
		p := 1 - .03*float64(i)
		l = append(l, []alpr.Char{{Text: string(c), P: p}, {Text: "8", P: 1 - p}})
	}
	return alpr.Read{ID: alpr.NewID(at), Pass: pass, Revision: 1, Final: true, FirstAt: at, LastAt: at, At: at, Plate: alpr.NewPlate(x.Text), Confidence: .984, Weakest: .8,
		Region: x.Region, Lattice: l, Frames: 14, Agreeing: 12, Corners: x.Corners, Best: &alpr.Frame{Seq: uint64(n + 1), At: at, Image: img}}
}

func alertOf(t *testing.T, r alpr.Read, how alpr.How, differs []alpr.Difference, listed string) []byte {
	t.Helper()
	region := "us-nc"
	a := alpr.Alert{ID: r.ID + "-1", Revision: 1, Seq: 1, Status: alpr.Unverified, Notice: alpr.Notice, CapturedAt: alpr.Time{Time: r.At}, DestroyBy: alpr.Time{Time: r.At.AddDate(0, 0, 90)},
		Read: alpr.AlertRead{Text: r.Plate.Text(), Confidence: r.Confidence, Frames: r.Frames, Agreeing: r.Agreeing, Pass: r.Pass, Lattice: r.Lattice},
		Matches: []alpr.AlertMatch{{List: alpr.AlertList{Name: "demo-stolen", Source: "demo", Version: 3, AgeS: 5400}, How: how, Differs: differs, Posterior: .87,
			Entry: alpr.AlertEntry{ID: "1", Plate: listed, Region: &region, Class: "stolen_vehicle", Make: "CORVO", Colour: "blue", Reason: "<script>alert(1)</script>"}}},
		Evidence: alpr.AlertEvidence{PlateJPEG: plateJPEG(r.Best.Image, r.Corners)}}
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fillPage shows a little of everything and gives the texts of the two passes.
func fillPage(t *testing.T, p *Page, stop <-chan struct{}) []string {
	t.Helper()
	tr := NewTraffic(7, Options{Parked: true})
	var texts []string
	p.Stored(Stored{Days: []StoredDay{{Day: "2026-11-23", Reads: 132, Bytes: 9 << 20, DestroyAt: time.Now().Add(2160 * time.Hour)}}, Outbox: 2, Drops: 3, ReaderMS: 31, Listed: 12, ListAge: 90 * time.Minute})
	for i, v := range tr.Vehicles(0, 260)[1:] {
		if v.First < 0 {
			continue
		}
		n := v.First + v.Count/3
		for _, x := range tr.Truth(n) {
			if x.Vehicle != v.ID {
				continue
			}
			r := readOf(tr, n, x, uint64(v.ID))
			p.Pass(r, i == 1 || i == 3, v.Text)
			texts = append(texts, dashed(v.Text))
			if i == 1 || i == 3 {
				how, d, listed := alpr.Exact, []alpr.Difference(nil), v.Text
				if i == 3 {
					how, d, listed = alpr.Confusable, []alpr.Difference{{Position: 4, Read: v.Text[4:5], Listed: "8"}}, v.Text[:4]+"8"+v.Text[5:]
				}
				if err := p.Alert(alertOf(t, r, how, d, listed), r.At.Add(740*time.Millisecond)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	go func() {
		for n := 110; ; n = 110 + (n+1)%150 {
			select {
			case <-stop:
				return
			case <-time.After(60 * time.Millisecond):
			}
			img, truth := tr.Frame(n)
			var boxes []Box
			for _, x := range truth {
				if x.Legible() {
					boxes = append(boxes, Box{x.Corners, dashed(x.Text), x.Vehicle == 4})
				}
			}
			p.Frame(alpr.Frame{Seq: uint64(n), At: time.Now(), Image: img}, boxes)
		}
	}()
	return texts
}

// A browser that loads the page while things happen shows the passes, the alerts with their explanation, and the day
// on which what is stored is forgotten; nothing that an entry says becomes markup, and nothing runs into the page's own
// policy.
func TestPageInBrowser(t *testing.T) {
	p := open(t)
	b := startBrowser(t, p.URL())
	b.until(`document.readyState === "complete" && document.getElementById("link").textContent === "connected"`)
	stop := make(chan struct{})
	defer close(stop)
	texts := fillPage(t, p, stop)
	b.until(`document.querySelectorAll(".alert").length === 2`)
	b.until(`document.querySelectorAll("#boxes polygon").length > 0 && document.getElementById("frame").naturalWidth === 1280`)
	dom := b.eval("document.documentElement.outerHTML")
	for _, want := range append(texts, "UNVERIFIED", "stolen vehicle", "Not the same characters", "The same characters", "&lt;script&gt;alert(1)", "in 89 d ", "messages waiting") {
		if !strings.Contains(dom, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(dom, "<script>alert") {
		t.Error("an entry's text became a script")
	}
	if b.eval(`getComputedStyle(document.querySelector(".alert")).borderLeftColor`) != "rgb(255, 182, 56)" {
		t.Error("an alert isn't amber: the style sheet was not taken")
	}
	for _, width := range []int{1280, 360} {
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false}, nil)
		if over := b.eval("document.documentElement.scrollWidth - document.documentElement.clientWidth"); over != "0" {
			t.Errorf("at %d pixels the page is %s too wide", width, over)
		}
	}
	if said := b.complaints(); said != "" {
		t.Error("the browser complains: " + said)
	}
}

// What a page must never do: answer to another name, be kept by a browser, load anything from elsewhere, run inline
// script.
func TestPageKeepsToItself(t *testing.T) {
	p := open(t)
	get := func(path, host string) *http.Response {
		req, _ := http.NewRequest("GET", p.URL()+path, nil)
		if host != "" {
			req.Host = host
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { res.Body.Close() })
		return res
	}
	for _, host := range []string{"evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:80"} {
		if res := get("", host); res.StatusCode != http.StatusForbidden {
			t.Errorf("host %s: %s", host, res.Status)
		}
	}
	req, _ := http.NewRequest("GET", p.URL(), nil)
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	if res, err := http.DefaultClient.Do(req); err != nil || res.StatusCode != http.StatusForbidden {
		t.Error("a request of another site was answered", res, err)
	}
	res := get("", "")
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode != 200 || res.Header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s %v", res.Status, res.Header)
	}
	for _, part := range []string{"", "page.css", "page.js"} {
		if part != "" {
			body, _ = io.ReadAll(get(part, "").Body)
		}
		text := strings.ReplaceAll(string(body), "http://www.w3.org/2000/svg", "")
		if strings.Contains(text, "//") && (strings.Contains(text, "http:") || strings.Contains(text, "https:")) || strings.Contains(text, "style=") || strings.Contains(text, "onclick") {
			t.Errorf("%q refers to elsewhere, or holds inline script or style", part)
		}
	}
	if res, err := http.Post(p.URL(), "text/plain", nil); err != nil || res.StatusCode != http.StatusMethodNotAllowed {
		t.Error("POST", res, err)
	}
	addr := p.ln.Addr().String()
	if !strings.HasPrefix(addr, "127.0.0.1:") {
		t.Error("listens on", addr)
	}
}

// A browser that doesn't take its events is cut off, and holds nothing up.
func TestPageSlowBrowser(t *testing.T) {
	p := open(t)
	ch := make(chan event, 2)
	p.watchers[ch] = true
	for range 5 {
		p.Stored(Stored{})
	}
	<-ch
	<-ch
	if _, ok := <-ch; ok || len(p.watchers) != 0 {
		t.Error("still being fed")
	}
}

// What the page remembers is bounded.
func TestPageBounded(t *testing.T) {
	p := open(t)
	for i := range uint64(100) {
		p.Pass(alpr.Read{Pass: i, Plate: alpr.NewPlate("VXK4821")}, false, "")
		if err := p.Alert([]byte(`{"id":"`+alpr.NewID(time.Now())+`"}`), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if len(p.passes) != keptPasses || len(p.alerts) != keptAlerts || p.passes[0].Pass != 99 {
		t.Errorf("%d passes, %d alerts, first %d", len(p.passes), len(p.alerts), p.passes[0].Pass)
	}
	if err := p.Alert([]byte("not an alert"), time.Now()); err == nil {
		t.Error("nonsense was shown")
	}
}
