package store

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
	"alprd/internal/seal"
)

// history is what a random run of the store acknowledged, with the disk's step at which it did.
type history struct {
	rec    *disktest.Recorder
	reads  []pastRead
	purges []pastPurge
	sends  map[uint64]int // the step at which a message was handed out for good, by seq
	rings  []pastRing
}

type pastRead struct {
	id, day string
	seqs    []uint64
	durable int // the step from which on it must be there; 0 while nothing was acknowledged
}

type pastPurge struct {
	day        string
	begun, end int
}

type pastRing struct {
	at   int
	ring []byte
}

// live runs a store at random. With lying set, its disk says that it made data durable and doesn't: the control.
func live(t *testing.T, rng *rand.Rand, steps int, lying bool) *history {
	t.Helper()
	dir := disktest.Dir(t)
	h := &history{rec: &disktest.Recorder{Root: dir}, sends: map[uint64]int{}}
	hook := h.rec.Hook
	if lying {
		hook = func(c disk.Call, do func() error) error {
			if c.Op == disk.OpSync && c.Label == "segment" {
				return nil
			}
			return h.rec.Hook(c, do)
		}
	}
	o := Options{FS: &disk.FS{Hook: hook}, SegmentSize: 6 << 10, SyncEvery: time.Hour, SyncBytes: 64 << 10, Retention: 48 * time.Hour}
	clk := newDial()
	u := openUnit(t, dir, clk, o)
	var loose []int // reads not known to be durable
	for range steps {
		at := clk.Span().Earliest.Add(time.Duration(rng.IntN(3600)) * time.Second)
		switch rng.IntN(8) {
		case 0, 1:
			it := miss(at, rng.IntN(4000))
			commit(t, u.Store, it)
			loose = append(loose, len(h.reads))
			h.reads = append(h.reads, pastRead{id: it.Read.ID, day: dayName(at)})
		case 2, 3, 4:
			it := telling(at, rng.IntN(2000))
			r := commit(t, u.Store, it)
			h.reads = append(h.reads, pastRead{it.Read.ID, dayName(at), r.Seqs, h.rec.Len()})
			for _, i := range loose { // one sync makes all before it durable
				h.reads[i].durable = h.rec.Len()
			}
			loose = nil
		case 5:
			out, err := u.Pending(alpr.Class(rng.IntN(2)), 0, 1+rng.IntN(3))
			if err != nil {
				t.Fatal(err)
			}
			var seqs []uint64
			for _, m := range out {
				seqs = append(seqs, m.Seq)
				h.sends[m.Seq] = h.rec.Len()
			}
			if err := u.Delivered(seqs); err != nil {
				t.Fatal(err)
			}
		case 6:
			h.rings = append(h.rings, pastRing{h.rec.Len(), mustRead(t, filepath.Join(dir, "ring"))})
			clk.pass(time.Duration(rng.IntN(30)) * time.Hour)
			begun := h.rec.Len()
			gone, err := u.Purge()
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range gone {
				h.purges = append(h.purges, pastPurge{d.Day, begun, h.rec.Len()})
			}
		case 7:
			if rng.IntN(3) == 0 { // a restart, of a process that was killed
				u.die()
				u = openUnit(t, dir, clk, o)
			}
		}
	}
	u.die()
	return h
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// check opens one state that the disk may have been in before step n, and counts what is lost of what was acknowledged
// by then, and what can be read of what was forgotten by then.
func (h *history) check(t *testing.T, n int, rng *rand.Rand) (lost, readable int, what string) {
	t.Helper()
	dir := disktest.Dir(t)
	if err := h.rec.Image(dir, n, rng); err != nil {
		t.Fatal(err)
	}
	what = fmt.Sprintf("power lost before step %d (%s)", n, h.rec.Step(n))
	u, err := tryUnit(dir, newDial(), Options{Retention: 48 * time.Hour}) // at noon of the first day: nothing is due or locked
	if err != nil {
		return 1, 0, what + ": " + err.Error()
	}
	there, waits := map[string]bool{}, map[uint64]string{}
	for _, r := range reads(t, u.Store) {
		there[r.ID] = true
	}
	for _, c := range []alpr.Class{alpr.Prompt, alpr.Bulk} {
		out, _ := u.Pending(c, 0, 1<<30)
		for _, o := range out {
			if p, err := u.Payload(o); err == nil && strings.HasSuffix(string(p), fmt.Sprint(" ", o.Seq)) {
				waits[o.Seq] = strings.Fields(string(p))[1]
			}
			if !there[waits[o.Seq]] {
				lost++ // the message's read, or the message
			}
		}
	}
	begun, gone := map[string]bool{}, map[string]bool{}
	for _, p := range h.purges {
		begun[p.day] = begun[p.day] || p.begun < n
		gone[p.day] = gone[p.day] || p.end <= n
	}
	for _, r := range h.reads {
		switch {
		case gone[r.day]:
			if there[r.id] {
				readable++
			}
		case begun[r.day] && u.days[r.day] == nil:
		case r.durable > 0 && r.durable <= n:
			if !there[r.id] {
				lost++
			}
			for _, seq := range r.seqs {
				if at, ok := h.sends[seq]; waits[seq] != r.id && !(ok && at <= n) {
					lost++
				}
			}
		}
	}
	u.stop()
	// A ring that somebody copied before, under the ring key of now.
	if len(h.rings) == 0 {
		return lost, readable, what
	}
	for _, old := range []pastRing{h.rings[0], h.rings[rng.IntN(len(h.rings))]} {
		if old.at > n {
			continue
		}
		d := disktest.Dir(t)
		if err := os.WriteFile(filepath.Join(d, "ring"), old.ring, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "ring.key"), mustRead(t, filepath.Join(dir, "ring.key")), 0o400); err != nil {
			t.Fatal(err)
		}
		if r, err := seal.OpenRing(filepath.Join(d, "ring"), seal.NewFileKey(filepath.Join(d, "ring.key"), nil), nil); err == nil {
			for day := range gone {
				if _, _, ok := r.Key(dayKey(day)); ok && gone[day] {
					readable++
				}
			}
			r.Close()
		}
	}
	return lost, readable, what
}

// Random lives of a store, cut off at random: of ALPRD_STATES states (300 if unset) that the disk may be left in, none
// lacks what was acknowledged, and none shows what was forgotten (R11, R52). The control is a store whose disk lies about
// its syncs: the same check must catch it, or it proves nothing.
func TestCrashStates(t *testing.T) {
	states := 300
	if s := os.Getenv("ALPRD_STATES"); s != "" {
		var err error
		if states, err = strconv.Atoi(s); err != nil || states < 1 {
			t.Fatalf("ALPRD_STATES=%s: give a number of states", s)
		}
	}
	seed := rand.Uint64()
	if s := os.Getenv("ALPRD_SEED"); s != "" {
		seed, _ = strconv.ParseUint(s, 10, 64)
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	purges := 0
	count := func(states int, lying bool) (lost, readable int) {
		const each = 50 // states of one life
		for done := 0; done < states; {
			h := live(t, rng, 60, lying)
			purges += len(h.purges)
			for range min(each, states-done) {
				l, r, what := h.check(t, 1+rng.IntN(h.rec.Len()), rng)
				lost, readable = lost+l, readable+r
				if l+r > 0 && !lying {
					t.Errorf("ALPRD_SEED=%d: %s: %d lost, %d readable", seed, what, l, r)
				}
				done++
			}
		}
		return lost, readable
	}
	lost, readable := count(states, false)
	control, _ := count(50, true)
	caught := "caught"
	if control == 0 {
		caught = "NOT caught"
		t.Errorf("ALPRD_SEED=%d: a disk that lies about its syncs went unnoticed", seed)
	}
	if purges == 0 {
		t.Errorf("ALPRD_SEED=%d: nothing was ever purged", seed)
	}
	t.Logf("%d days purged", purges)
	t.Logf("crash: %d states, %d lost, %d readable, control %s", states, lost, readable, caught)
}
