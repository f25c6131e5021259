package store

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
)

// play does what the fault and power-loss tests watch, and returns the hits and misses that were acknowledged. It stops at
// the first error.
func play(u *unit, mark func(acked []string, sent []uint64, forgotten bool)) (err error) {
	var acked []string
	var sent []uint64
	step := func(it Item) bool {
		var r Receipt
		if r, err = u.Commit(it); err != nil {
			return false
		}
		if it.Sync {
			acked = append(acked, it.Read.ID)
			if len(acked) == 2 {
				if err = u.Delivered(r.Seqs[:1]); err != nil {
					return false
				}
				sent = r.Seqs[:1]
			}
		}
		mark(slices.Clone(acked), sent, false)
		return true
	}
	_ = step(telling(noon, 300)) && step(miss(noon, 300)) && step(telling(noon.Add(time.Minute), 300)) && step(miss(noon, 3000))
	u.clock.pass(24 * time.Hour)
	_ = err == nil && step(telling(noon.Add(24*time.Hour), 300)) && step(telling(noon.Add(time.Hour), 300))
	if err != nil {
		return err
	}
	u.clock.pass(MaxRetention - 24*time.Hour)
	if _, err = u.Purge(); err != nil {
		return err
	}
	mark(acked, sent, true)
	step(telling(noon.Add(25*time.Hour), 300))
	if err == nil {
		err = u.Store.Close()
	}
	return err
}

// proof opens what a fault or power loss left and compares it with what was acknowledged before.
func proof(t *testing.T, what, dir string, acked []string, sent []uint64, forgotten bool) {
	t.Helper()
	clk := newDial()
	clk.pass(25 * time.Hour)
	u, err := tryUnit(dir, clk, Options{SegmentSize: 4 << 10})
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	defer u.stop()
	there := map[string]bool{}
	for _, r := range reads(t, u.Store) {
		there[r.ID] = true
	}
	waits := map[string]int{}
	for _, c := range []alpr.Class{alpr.Prompt, alpr.Bulk} {
		all, _ := u.Pending(c, 0, math.MaxInt)
		for _, o := range all {
			p, err := u.Payload(o)
			f := strings.Fields(string(p))
			if err != nil || len(f) != 3 || f[2] != fmt.Sprint(o.Seq) {
				t.Errorf("%s: message %d: %q, %v", what, o.Seq, p, err)
				continue
			}
			waits[f[1]]++
			if !there[f[1]] {
				t.Errorf("%s: message %d waits, its read is lost", what, o.Seq)
			}
		}
	}
	// The first day is there wholly, or not at all once its purge began; then the third hit is the first of the second day.
	gone := u.days["2026-11-22"] == nil && len(acked) > 0
	if gone && !forgotten && len(acked) < 4 || !gone && forgotten {
		t.Errorf("%s: purged %v, first day gone %v", what, forgotten, gone)
	}
	for i, id := range acked {
		firstDay := i != 2 && i < 4
		if firstDay && gone {
			if there[id] || waits[id] > 0 {
				t.Errorf("%s: hit %d was forgotten, and is there", what, i)
			}
			continue
		}
		want := 2
		if i == 1 && len(sent) > 0 {
			want = 1
		}
		if !there[id] || waits[id] < want {
			t.Errorf("%s: hit %d: read there %v, %d messages wait", what, i, there[id], waits[id])
		}
	}
	if _, err := u.Commit(telling(noon.Add(26*time.Hour), 100)); err != nil {
		t.Errorf("%s: commit afterwards: %v", what, err)
	}
}

// Each call to the operating system fails, fails though it was done, or is the last: what was acknowledged is there, with
// its messages, and a purge is whole or didn't happen (R5, R11, R52). An error is of a class that says what to do.
func TestFaults(t *testing.T) {
	count := &disktest.Faults{}
	u := openUnit(t, disktest.Dir(t), newDial(), Options{FS: &disk.FS{Hook: count.Hook}, SegmentSize: 4 << 10, SyncEvery: time.Hour})
	if err := play(u, func([]string, []uint64, bool) {}); err != nil {
		t.Fatal(err)
	}
	calls := count.Calls()
	if len(calls) < 50 {
		t.Fatalf("%d calls", len(calls))
	}
	for n := range calls {
		for _, mode := range []disktest.Mode{disktest.Failed, disktest.FailedButDone, disktest.Crash} {
			what := fmt.Sprintf("%d %s %v", n+1, calls[n], mode)
			dir := disktest.Dir(t)
			f := &disktest.Faults{N: n + 1, Mode: mode}
			var acked []string
			var sent []uint64
			var forgotten bool
			u, err := tryUnit(dir, newDial(), Options{FS: &disk.FS{Hook: f.Hook}, SegmentSize: 4 << 10, SyncEvery: time.Hour})
			if err == nil {
				err = play(u, func(a []string, s []uint64, g bool) { acked, sent, forgotten = a, s, g })
				if err != nil && mode != disktest.Crash && !errors.Is(err, ErrDiskState) {
					// Not fatal: the store goes on.
					if _, e := u.Commit(telling(noon.Add(25*time.Hour), 100)); e != nil && !errors.Is(e, ErrDiskState) {
						t.Errorf("%s: %v, and then %v", what, err, e)
					}
				}
				u.die()
			}
			if !f.Hit() {
				t.Errorf("%s: never came", what)
			}
			proof(t, what, dir, acked, sent, forgotten)
		}
	}
	t.Logf("%d calls, each failing in 3 ways", len(calls))
}

// The power goes after any call, with what wasn't synced there, absent or torn, and with state.db as of then, older, or
// lost: what was acknowledged is there, with its messages (R52).
func TestPowerLoss(t *testing.T) {
	dir := disktest.Dir(t)
	rec := &disktest.Recorder{Root: dir}
	u := openUnit(t, dir, newDial(), Options{FS: &disk.FS{Hook: rec.Hook}, SegmentSize: 4 << 10, SyncEvery: time.Hour})
	type moment struct {
		at        int
		acked     []string
		sent      []uint64
		forgotten bool
		state     []byte
	}
	snapshot := func() []byte { b, _ := os.ReadFile(filepath.Join(dir, "state.db")); return b }
	moments := []moment{{at: rec.Len(), state: snapshot()}}
	if err := play(u, func(a []string, s []uint64, g bool) {
		moments = append(moments, moment{rec.Len(), a, s, g, snapshot()})
	}); err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	images := 0
	for n := moments[0].at; n <= rec.Len(); n++ {
		i := 0
		for i+1 < len(moments) && moments[i+1].at <= n {
			i++
		}
		m := moments[i]
		for kind := range 9 {
			image := disktest.Dir(t)
			if err := rec.Image(image, n, rng); err != nil {
				t.Fatal(err)
			}
			state, sent := []byte(nil), []uint64(nil)
			switch kind % 3 {
			case 0:
				state, sent = m.state, m.sent
			case 1:
				older := moments[rng.IntN(i+1)]
				state, sent = older.state, older.sent
			}
			if state != nil {
				if err := os.WriteFile(filepath.Join(image, "state.db"), state, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			images++
			proof(t, fmt.Sprintf("seed %d, power lost before step %d (%s), state.db %d", seed, n, rec.Step(n), kind), image, m.acked, sent, m.forgotten)
		}
	}
	t.Logf("%d images of %d moments", images, rec.Len()-moments[0].at+1)
}
