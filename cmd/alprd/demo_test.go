package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/demo"
	"alprd/internal/ocr"
)

// The product on one machine: a rendered vehicle that the signed list names comes by, and the agency's end of the broker
// gets an alert that is valid by its schema and says UNVERIFIED (R18); then the demo ends by itself when told to, sums up,
// and leaves nothing behind.
func TestDemo(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, in := io.Pipe()
	var notes bytes.Buffer
	done := make(chan error, 1)
	go func() {
		done <- runDemo(ctx, demoOptions{json: true, seed: 7, port: 0}, zap.NewNop(), in, &notes)
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	set, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	alerts := 0
	for lines.Scan() {
		alerts++
		if err := set.Check("alert", lines.Bytes()); err != nil {
			t.Errorf("alert %d: %v", alerts, err)
		}
		var a alpr.Alert
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatal(err)
		}
		if a.Status != alpr.Unverified || a.Unit.ID != demoUnit || len(a.Evidence.PlateJPEG) == 0 || len(a.Matches) == 0 || a.Matches[0].Entry.Make == "" || a.Matches[0].List.Name != demoList {
			t.Errorf("alert %d lacks something: %+v", alerts, a)
		}
		cancel() // what is under way may still come
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if alerts == 0 {
		t.Error("no alert in five minutes of traffic")
	}
	for _, want := range []string{"page: http://127.0.0.1:", "of traffic:", "alerts:", " 0 wrong"} {
		if !strings.Contains(notes.String(), want) {
			t.Errorf("the notes lack %q:\n%s", want, notes.String())
		}
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// Without --json there is a line for each pass; texts are masked nowhere in a demo, since nothing in it is real.
func TestDemoLines(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- runDemo(ctx, demoOptions{seed: 8, port: -1, dusk: true}, zap.NewNop(), in, io.Discard)
		in.Close()
	}()
	var all []string
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		all = append(all, lines.Text())
		if strings.Contains(lines.Text(), " pass ") && strings.HasSuffix(lines.Text(), "frames") {
			cancel()
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == context.DeadlineExceeded {
		t.Errorf("no pass in five minutes:\n%s", strings.Join(all, "\n"))
	}
	if last := all[len(all)-1]; !strings.HasPrefix(last, "frames dropped: ") {
		t.Errorf("it ends with %q", last)
	}
}

// The reader reads what is drawn: at least 19 of 20 passes whose plate is legible, and next to nothing where no plate is,
// though badges, stickers and signs stand about. No clock is involved: every second frame is read, however long it takes.
func TestDemoTrafficIsRead(t *testing.T) {
	engine, err := ocr.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	traffic := demo.NewTraffic(4, demo.Options{Parked: true})
	tally := demo.NewTally(traffic, nil)
	lane := engine.Lane(ocr.LaneOptions{})
	start := time.Now().UTC()
	for n := 0; n < 480; n += 2 {
		img, truth := traffic.Frame(n)
		f := alpr.Frame{Camera: "road", Seq: uint64(n + 1), At: start.Add(time.Duration(float64(n) / traffic.FPS() * 1e9)), Image: img}
		tally.Shown(f, truth)
		for _, r := range lane.See(f) {
			tally.Read(r)
		}
	}
	for _, r := range lane.Flush() {
		tally.Read(r)
	}
	s := tally.Summary(0)
	t.Log(s)
	if s.Vehicles < 8 || s.Right*20 < s.Vehicles*19 || s.Phantom*10 > s.Vehicles || s.Twice*10 > s.Vehicles {
		t.Errorf("%+v", s)
	}
}
