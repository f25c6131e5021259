package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"alprd/internal/alpr"
	"alprd/internal/clock"
	"alprd/internal/seal"
)

// dial is a clock that a test sets: what it is at least and at most are the same unless said otherwise.
type dial struct {
	mu   sync.Mutex
	span clock.Span
}

func (d *dial) Span() clock.Span {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.span
}

// pass lets time pass, powered and settled.
func (d *dial) pass(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.span.Earliest, d.span.Latest, d.span.Powered = d.span.Earliest.Add(by), d.span.Latest.Add(by), d.span.Powered+by
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newDial() *dial { return &dial{span: clock.Span{Earliest: noon, Latest: noon, Settled: true}} }

// unit is a state directory with everything open in it.
type unit struct {
	*Store
	ring  *seal.Ring
	clock *dial
	dir   string
}

func openUnit(t testing.TB, dir string, clk *dial, o Options) *unit {
	t.Helper()
	u, err := tryUnit(dir, clk, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.stop)
	return u
}

func tryUnit(dir string, clk *dial, o Options) (*unit, error) {
	if o.Retention == 0 {
		o.Retention = MaxRetention
	}
	ring, err := seal.OpenRing(filepath.Join(dir, "ring"), seal.NewFileKey(filepath.Join(dir, "ring.key"), o.FS), o.FS)
	if err != nil {
		return nil, err
	}
	s, err := Open(dir, ring, clk, o)
	if err != nil {
		ring.Close()
		return nil, err
	}
	return &unit{s, ring, clk, dir}, nil
}

func (u *unit) stop() {
	u.Store.Close()
	u.ring.Close()
}

// die leaves the disk as a killed process would: nothing is flushed or noted.
func (u *unit) die() {
	u.Store.syncing.Lock()
	u.mu.Lock()
	if u.timer != nil {
		u.timer.Stop()
	}
	u.failed = ErrClosed
	for _, g := range u.open {
		g.file.Close()
	}
	u.mu.Unlock()
	u.Store.syncing.Unlock()
	u.state.close()
	u.ring.Close()
}

func aRead(id string, at time.Time, plate string) alpr.Read {
	return alpr.Read{ID: id, Camera: "north", Pass: 7, Revision: 1, Final: true, FirstAt: at, LastAt: at.Add(time.Second), At: at,
		Clock: alpr.Clock{Quality: alpr.Synchronised, Error: time.Millisecond}, Plate: alpr.NewPlate(plate), Confidence: 0.97, Weakest: 0.9,
		Candidates: []alpr.Candidate{{Text: plate, Confidence: 0.97}}, Frames: 3, Agreeing: 3}
}

// hit is an item with an alert and its scene, as long as asked, of content that tells its seq.
func hit(at time.Time, size int) Item {
	build := func(kind string) func(uint64) ([]byte, error) {
		return func(seq uint64) ([]byte, error) { return fmt.Appendf(nil, "%s %d", kind, seq), nil }
	}
	return Item{Read: aRead(alpr.NewID(at), at, "TST1234"), Sync: true,
		Pictures: []Picture{{"plate", bytes.Repeat([]byte{1}, size/4)}, {"scene", bytes.Repeat([]byte{2}, size)}},
		Messages: []Message{{alpr.Prompt, "alert", build("alert")}, {alpr.Bulk, "alert/scene", build("scene")}}}
}

func miss(at time.Time, size int) Item {
	it := hit(at, size)
	it.Messages, it.Sync = nil, false
	return it
}

func commit(t testing.TB, s *Store, it Item) Receipt {
	t.Helper()
	r, err := s.Commit(it)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func reads(t testing.TB, s *Store) (out []alpr.Read) {
	t.Helper()
	if err := s.Reads(context.Background(), time.Unix(0, 0), noon.AddDate(50, 0, 0), func(r alpr.Read) error {
		out = append(out, r)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// pendingSeqs lists what waits, and checks that each message says its own seq.
func pendingSeqs(t testing.TB, s *Store, c alpr.Class) (out []uint64) {
	t.Helper()
	all, err := s.Pending(c, 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		p, err := s.Payload(o)
		if err != nil || !strings.HasSuffix(string(p), fmt.Sprintf(" %d", o.Seq)) {
			t.Errorf("message %d: %q, %v", o.Seq, p, err)
		}
		if o.Class != c || o.Size != len(p) || o.RecordedAt.IsZero() {
			t.Errorf("message %d: %+v", o.Seq, o)
		}
		out = append(out, o.Seq)
	}
	return out
}

// full gives every field of a value something, so that one added later can't be forgotten by the encoding.
func full(v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("s", *n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Float64, reflect.Float32:
		v.SetFloat(float64(*n%255) / 255)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			full(v.Index(i), n)
		}
	case reflect.Struct:
		switch v.Interface().(type) {
		case time.Time:
			v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * time.Millisecond)))
		case alpr.Plate:
			v.Set(reflect.ValueOf(alpr.NewPlate(fmt.Sprint("P", *n))))
		case alpr.Posterior:
			v.Set(reflect.ValueOf(posterior(*n)))
		default:
			for i := range v.NumField() {
				full(v.Field(i), n)
			}
		}
	}
}

func posterior(seed int) alpr.Posterior {
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	p := alpr.Posterior{Weight: 0.5}
	for range 12 {
		row := make([]float64, alpr.Classes)
		var sum float64
		for i := range row {
			row[i] = rng.ExpFloat64()
			sum += row[i]
		}
		for _, v := range row {
			p.Log = append(p.Log, float32(math.Log(v/sum)))
		}
		p.Small = append(p.Small, float32(rng.IntN(256))/255)
	}
	return p
}

// A read comes back as it was, field by field; posteriors to a thousandth of their probability.
func TestReadComesBack(t *testing.T) {
	u := openUnit(t, t.TempDir(), newDial(), Options{})
	var want alpr.Read
	n := 0
	full(reflect.ValueOf(&want).Elem(), &n)
	want.Best = nil
	for i := range want.Lattice { // the wire format of the lattice keeps four digits
		for j := range want.Lattice[i] {
			want.Lattice[i][j].P = 0.25
		}
	}
	want.FirstAt = noon
	commit(t, u.Store, Item{Read: want})
	got := reads(t, u.Store)
	if len(got) != 1 {
		t.Fatalf("%d reads", len(got))
	}
	plates := cmp.Comparer(func(a, b alpr.Plate) bool { return a.Text() == b.Text() })
	near := cmp.Comparer(func(a, b float32) bool { return math.Abs(math.Exp(float64(a))-math.Exp(float64(b))) < 2e-3 })
	if d := cmp.Diff(want, got[0], plates, near); d != "" {
		t.Error(d)
	}
}

func TestCommitAndOutbox(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	var want []uint64
	for i := range 5 {
		r := commit(t, u.Store, hit(noon.Add(time.Duration(i)*time.Second), 1000))
		if len(r.Seqs) != 2 || r.Seqs[1] != r.Seqs[0]+1 || i > 0 && r.Seqs[0] != want[i-1]+2 || r.Shed != 0 {
			t.Errorf("receipt %+v", r)
		}
		want = append(want, r.Seqs[0])
	}
	select {
	case <-u.Wake(alpr.Prompt):
	default:
		t.Error("nobody was woken")
	}
	if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.Equal(got, want) {
		t.Errorf("pending %v, want %v", got, want)
	}
	if o, err := u.Pending(alpr.Prompt, want[1], 2); err != nil || len(o) != 2 || o[0].Seq != want[2] || o[0].Topic != "alert" {
		t.Errorf("a page: %+v, %v", o, err)
	}
	if d := u.Depth(alpr.Bulk); d.Count != 5 || d.Bytes == 0 || d.OldestAt.IsZero() {
		t.Errorf("depth %+v", d)
	}
	if err := u.Delivered([]uint64{want[0], want[2], 999}); err != nil {
		t.Fatal(err)
	}
	left := []uint64{want[1], want[3], want[4]}
	if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.Equal(got, left) {
		t.Errorf("pending %v, want %v", got, left)
	}
	if _, err := u.Payload(alpr.Outgoing{Seq: want[0]}); !errors.Is(err, alpr.ErrForgotten) {
		t.Errorf("a delivered message: %v", err)
	}
	// What was delivered stays so, whatever crashes, and seqs go on.
	u.die()
	u = openUnit(t, dir, clk, Options{})
	if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.Equal(got, left) {
		t.Errorf("after a crash: pending %v, want %v", got, left)
	}
	if r := commit(t, u.Store, hit(noon.Add(time.Minute), 10)); r.Seqs[0] != want[4]+2 {
		t.Errorf("seq %d after %d", r.Seqs[0], want[4]+1)
	}
	if len(reads(t, u.Store)) != 6 {
		t.Errorf("%d reads", len(reads(t, u.Store)))
	}
	day := u.Days()
	if len(day) != 1 || day[0].Name != "2026-11-22" || day[0].Reads != 6 || day[0].Pictures != 12 || day[0].Messages != 12 ||
		!day[0].OldestAt.Equal(noon) || !day[0].ForgetAt.Equal(noon.Add(MaxRetention)) || day[0].Bytes < 6000 {
		t.Errorf("%+v", day)
	}
}

// Nothing that was kept, plate, picture, message or list, stands in any file in the clear (R41).
func TestNothingInTheClear(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	canary := "CANARY7"
	jpeg := append([]byte{0xff, 0xd8, 0xff, 0xe0, 0, 0x10}, []byte("JFIFcanarypicture")...)
	lists, err := OpenHotLists(dir, u.ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lists.Close()
	for v := range 3 {
		if err := activate(lists, "wanted", uint64(v+1), "manifest "+canary, []byte(canary+",us-nc"), jpeg); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 50 {
		it := hit(noon.Add(time.Duration(i)*time.Minute), 10)
		it.Read.Plate = alpr.NewPlate(canary)
		it.Read.Candidates = []alpr.Candidate{{Text: canary, Confidence: 1}}
		it.Pictures = []Picture{{"scene", jpeg}}
		it.Messages = []Message{{alpr.Prompt, "alert", func(uint64) ([]byte, error) { return []byte(`{"text":"` + canary + `"}`), nil }}}
		r := commit(t, u.Store, it)
		if i%3 == 0 {
			u.Delivered(r.Seqs)
		}
	}
	got, err := u.Pictures(reads(t, u.Store)[7].ID)
	if err != nil || len(got) != 1 || !bytes.Equal(got[0].JPEG, jpeg) || got[0].Name != "scene" {
		t.Fatalf("the picture itself is gone, the test proves nothing: %v", err)
	}
	u.stop()
	files, needles := 0, [][]byte{[]byte(canary), jpeg[:4], []byte("JFIF"), []byte("canarypicture"), []byte(`"text"`), []byte("us-nc")}
	err = filepath.WalkDir(dir, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		raw, err := os.ReadFile(p)
		for _, n := range needles {
			// Four random bytes come by chance once in 2^32: the magic of a JPEG is looked for with its successor.
			if bytes.Contains(raw, n) {
				t.Errorf("%s holds %q", p, n)
			}
		}
		return err
	})
	if err != nil || files < 5 {
		t.Errorf("%d files looked at, %v", files, err)
	}
}

// Several cameras commit at once, synced and not: everything is there, seqs are unique and in order, and syncs are shared.
func TestCamerasCommitTogether(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{SegmentSize: 100 << 10})
	const cameras, each = 8, 40
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[uint64]bool{}
	for c := range cameras {
		wg.Go(func() {
			for i := range each {
				it := hit(noon.Add(time.Duration(i)*time.Minute), 2000)
				if i%4 != 0 {
					it = miss(noon.Add(time.Duration(i)*time.Minute), 2000)
				}
				if c == 0 && i%10 == 0 { // beside all this, the uplink delivers
					out, _ := u.Pending(alpr.Bulk, 0, 3)
					for _, o := range out {
						u.Delivered([]uint64{o.Seq})
					}
				}
				r, err := u.Commit(it)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				for _, s := range r.Seqs {
					if seen[s] {
						t.Errorf("seq %d twice", s)
					}
					seen[s] = true
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	st := u.Stats()
	if len(seen) != cameras*each/4*2 || st.Commits != cameras*each {
		t.Errorf("%d seqs, %+v", len(seen), st)
	}
	if got := pendingSeqs(t, u.Store, alpr.Prompt); len(got) != cameras*each/4 || !slices.IsSorted(got) {
		t.Errorf("%d pending", len(got))
	}
	if n := len(reads(t, u.Store)); n != cameras*each {
		t.Errorf("%d reads", n)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "days/*/*.seg")); len(files) < 5 {
		t.Errorf("%d segments: the test meant to fill some", len(files))
	}
	u.stop()
	u = openUnit(t, dir, clk, Options{})
	if n := len(reads(t, u.Store)); n != cameras*each {
		t.Errorf("%d reads after a restart", n)
	}
}

// A commit without Sync is durable within its second, or its megabyte.
func TestUnsyncedCommitsAreSynced(t *testing.T) {
	u := openUnit(t, t.TempDir(), newDial(), Options{SyncEvery: 20 * time.Millisecond})
	commit(t, u.Store, miss(noon, 100))
	until := time.Now().Add(10 * time.Second)
	for u.Stats().Syncs == 0 {
		if time.Now().After(until) {
			t.Fatal("never synced")
		}
		time.Sleep(5 * time.Millisecond)
	}
	u = openUnit(t, t.TempDir(), newDial(), Options{SyncEvery: time.Hour, SyncBytes: 50 << 10})
	for range 4 {
		commit(t, u.Store, miss(noon, 10<<10))
	}
	if n := u.Stats().Syncs; n != 1 {
		t.Errorf("%d syncs after 50 KB of limit and about 52 KB", n)
	}
}

// Whoever builds a message can refuse: then nothing of its item is kept, and its seq is free.
func TestBuildFails(t *testing.T) {
	u := openUnit(t, t.TempDir(), newDial(), Options{})
	bad := hit(noon, 100)
	bad.Messages[1].Build = func(uint64) ([]byte, error) { return nil, errors.New("no") }
	if _, err := u.Commit(bad); err == nil {
		t.Error("committed")
	}
	if r := commit(t, u.Store, hit(noon, 100)); r.Seqs[0] != 1 {
		t.Errorf("seqs %v", r.Seqs)
	}
	if len(reads(t, u.Store)) != 1 || u.Stats().Lost != 0 {
		t.Error("something of it is there")
	}
}

func TestRetentionBounds(t *testing.T) {
	for _, d := range []time.Duration{0, 90, 23 * time.Hour, MaxRetention + 1, 91 * 24 * time.Hour, -time.Hour} { // (R2)
		_, err := Open(t.TempDir(), nil, newDial(), Options{Retention: d})
		var h interface{ Hint() string }
		if !errors.As(err, &h) || !strings.Contains(h.Hint(), "90 days") {
			t.Errorf("%v: %v", d, err)
		}
	}
}

func TestSecondProcess(t *testing.T) {
	dir := t.TempDir()
	openUnit(t, dir, newDial(), Options{})
	_, err := tryUnit(dir, newDial(), Options{})
	var h interface{ Hint() string }
	if !errors.As(err, &h) || !errors.Is(err, seal.ErrInUse) {
		t.Errorf("%v", err)
	}
}

// A pass that begins before midnight belongs to its day, and its later revision too.
func TestMidnight(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	late := time.Date(2026, 11, 22, 23, 59, 59, 0, time.UTC)
	for i := range 6 {
		it := hit(late, 100)
		if i%2 == 1 {
			it = hit(late.Add(2*time.Second), 100)
		}
		commit(t, u.Store, it)
	}
	days := u.Days()
	if len(days) != 2 || days[0].Reads != 3 || days[1].Reads != 3 {
		t.Errorf("%+v", days)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "days/*/*.seg")); len(files) != 2 {
		t.Errorf("segments %v", files)
	}
	if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.IsSorted(got) || len(got) != 6 {
		t.Errorf("pending %v", got)
	}
}

// Where a read lies is remembered for some; the others are looked for.
func TestPictures(t *testing.T) {
	u := openUnit(t, t.TempDir(), newDial(), Options{})
	it := hit(noon, 500)
	commit(t, u.Store, it)
	later := it
	later.Read.Revision, later.Pictures = 2, nil
	commit(t, u.Store, later)
	commit(t, u.Store, hit(noon, 500))
	for range 2 {
		p, err := u.Pictures(it.Read.ID)
		if err != nil || len(p) != 2 || p[1].Name != "scene" || !bytes.Equal(p[1].JPEG, it.Pictures[1].JPEG) {
			t.Fatalf("%v, %v", p, err)
		}
		clear(u.found)
	}
	if _, err := u.Pictures(alpr.NewID(noon)); !errors.Is(err, alpr.ErrForgotten) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := u.Pictures("../../etc/passwd"); !errors.Is(err, alpr.ErrForgotten) {
		t.Errorf("no id: %v", err)
	}
}

// The parts fit together as they are used.
var (
	_ Clock       = (*clock.Clock)(nil)
	_ clock.Marks = (*seal.Ring)(nil)
)
