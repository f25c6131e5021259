package store

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
	"alprd/internal/seal"
)

// Every file of the state directory but the ring key's is copied away before a purge and put back after it: nothing of
// the purged day can be read by anyone (R1, R11), and the other day is as it was.
func TestPurgeOutlivesCopies(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{Retention: 30 * 24 * time.Hour})
	old := telling(noon, 1000)
	commit(t, u.Store, old)
	commit(t, u.Store, miss(noon.Add(time.Hour), 1000))
	clk.pass(24 * time.Hour)
	commit(t, u.Store, telling(noon.Add(24*time.Hour), 1000))
	key := u.days["2026-11-22"].key
	u.stop()

	copied := t.TempDir()
	copyDir(t, dir, copied)
	os.Remove(filepath.Join(copied, "ring.key"))

	u = openUnit(t, dir, clk, Options{Retention: 30 * 24 * time.Hour})
	clk.pass(29 * 24 * time.Hour)
	gone, err := u.Purge()
	if err != nil || len(gone) != 1 || gone[0].Day != "2026-11-22" || gone[0].Reads != 2 || gone[0].Undelivered != 2 || !gone[0].OldestAt.Equal(noon) {
		t.Fatalf("%+v, %v", gone, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "days", "2026-11-22")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its files: %v", err)
	}
	if got := pendingSeqs(t, u.Store, alpr.Prompt); len(got) != 1 {
		t.Errorf("pending %v", got)
	}
	u.stop()

	// The present ring with the copied day: its files are taken for what a crash left, and removed.
	mixed := t.TempDir()
	copyDir(t, dir, mixed)
	copyDir(t, filepath.Join(copied, "days", "2026-11-22"), filepath.Join(mixed, "days", "2026-11-22"))
	os.Chmod(filepath.Join(mixed, "ring.key"), 0o400)
	u = openUnit(t, mixed, clk, Options{Retention: 30 * 24 * time.Hour})
	if n := len(reads(t, u.Store)); n != 1 {
		t.Errorf("%d reads", n)
	}
	if _, err := u.Pictures(old.Read.ID); !errors.Is(err, alpr.ErrForgotten) {
		t.Errorf("its pictures: %v", err)
	}
	if _, err := os.Stat(filepath.Join(mixed, "days", "2026-11-22")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its files: %v", err)
	}
	u.stop()

	// All copies put back: the ring of then doesn't open under the ring key of now.
	back := t.TempDir()
	copyDir(t, copied, back)
	raw, err := os.ReadFile(filepath.Join(dir, "ring.key"))
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(back, "ring.key"), raw, 0o400)
	if _, err := tryUnit(back, clk, Options{}); err == nil {
		t.Error("the copies open")
	}

	// With the key itself the copy does open: the test looked at the right thing.
	f, err := os.Open(filepath.Join(copied, "days/2026-11-22/0001.seg"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, _ := f.Stat()
	r, err := newReader(f, st.Size(), segID{"2026-11-22", 1}, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.body(record{off: segHeader, n: firstRecord(t, r).n}); err != nil {
		t.Errorf("with its key: %v", err)
	}
	r, _ = newReader(f, st.Size(), segID{"2026-11-22", 1}, seal.NewKey())
	if _, _, err := r.body(firstRecord(t, r)); err == nil {
		t.Error("with another key it opens too")
	}
}

func firstRecord(t *testing.T, r *reader) record {
	t.Helper()
	rec, ok, err := r.header(segHeader)
	if !ok || err != nil {
		t.Fatal("no record", err)
	}
	return rec
}

// A day goes when its oldest record is at the limit, not a second earlier, and takes the youngest with it.
func TestPurgeIsNeverEarly(t *testing.T) {
	u := openUnit(t, t.TempDir(), newDial(), Options{Retention: 24 * time.Hour})
	commit(t, u.Store, miss(noon.Add(time.Hour), 10))
	commit(t, u.Store, miss(noon, 10)) // a slower camera's
	u.clock.pass(24*time.Hour - time.Second)
	if gone, err := u.Purge(); err != nil || len(gone) != 0 || len(reads(t, u.Store)) != 2 {
		t.Fatalf("a second early: %+v, %v", gone, err)
	}
	u.clock.pass(time.Second)
	if n := len(reads(t, u.Store)); n != 1 { // locked at its moment, before anyone calls Purge (R1)
		t.Errorf("%d reads at the limit of the first", n)
	}
	if gone, err := u.Purge(); err != nil || len(gone) != 1 || gone[0].Reads != 2 || len(u.Days()) != 0 {
		t.Fatalf("at the limit: %+v, %v", gone, err)
	}
}

// The wall clock jumps ahead: everything is locked, nothing destroyed; when it is corrected, everything is there (R49).
func TestJumpLocksAndDestroysNothing(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	it := telling(noon, 100)
	commit(t, u.Store, it)
	clk.span.Latest = noon.AddDate(100, 0, 0)
	for range 2 {
		if gone, err := u.Purge(); err != nil || len(gone) != 0 {
			t.Fatalf("%+v, %v", gone, err)
		}
		if n := len(reads(t, u.Store)); n != 0 {
			t.Errorf("%d reads while locked", n)
		}
		if _, err := u.Pictures(it.Read.ID); !errors.Is(err, ErrLocked) {
			t.Errorf("pictures while locked: %v", err)
		}
		out, err := u.Pending(alpr.Prompt, 0, 9)
		if err != nil || len(out) != 1 {
			t.Fatalf("%v, %v", out, err)
		}
		if _, err := u.Payload(out[0]); !errors.Is(err, ErrLocked) {
			t.Errorf("payload while locked: %v", err)
		}
		u.stop() // the same over a restart
		u = openUnit(t, dir, clk, Options{})
	}
	clk.span.Latest = noon
	if n := len(reads(t, u.Store)); n != 1 || len(pendingSeqs(t, u.Store, alpr.Prompt)) != 1 {
		t.Errorf("%d reads when corrected", n)
	}
}

// Days that began under an unreliable clock go by powered time alone, whatever the wall clock says (R49, R50).
func TestPoweredTimeDestroys(t *testing.T) {
	u := openUnit(t, t.TempDir(), newDial(), Options{Retention: 24 * time.Hour})
	u.clock.span.Settled = false
	commit(t, u.Store, miss(noon, 10))
	u.clock.span.Settled = true
	u.clock.span.Steps++
	u.clock.span.Earliest = noon.AddDate(1, 0, 0) // a clock that settles a year later says nothing of when that was
	if gone, err := u.Purge(); err != nil || len(gone) != 0 {
		t.Fatalf("%+v, %v", gone, err)
	}
	u.clock.span.Latest, u.clock.span.Earliest = noon.AddDate(-1, 0, 0), noon.AddDate(-1, 0, 0)
	u.clock.span.Powered = 24*time.Hour + 2*time.Second
	if gone, err := u.Purge(); err != nil || len(gone) != 1 {
		t.Fatalf("%+v, %v", gone, err)
	}
}

// A day that began before the clock had settled goes by the clock once it has settled without a step since, also over a
// restart.
func TestLateSettling(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	clk.span.Settled = false
	u := openUnit(t, dir, clk, Options{Retention: 24 * time.Hour})
	commit(t, u.Store, miss(noon, 10))
	clk.span.Settled = true
	if gone, err := u.Purge(); err != nil || len(gone) != 0 {
		t.Fatalf("%+v, %v", gone, err)
	}
	powered := u.days["2026-11-22"].note.powered
	u.stop()
	clk.pass(time.Hour)
	u = openUnit(t, dir, clk, Options{Retention: 24 * time.Hour})
	if n := u.days["2026-11-22"].note; !n.settled || n.powered != powered {
		t.Errorf("%+v", n)
	}
	clk.span.Earliest, clk.span.Latest = noon.Add(24*time.Hour), noon.Add(24*time.Hour) // 23 hours without power
	if gone, err := u.Purge(); err != nil || len(gone) != 1 {
		t.Fatalf("%+v, %v", gone, err)
	}
}

// When all is purged, seqs still go on (a server that keeps what it has seen would drop a repeated one).
func TestSeqOutlivesPurge(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	for range 3 {
		commit(t, u.Store, hit(noon, 10))
	}
	clk.pass(MaxRetention)
	if gone, err := u.Purge(); err != nil || len(gone) != 1 {
		t.Fatalf("%+v, %v", gone, err)
	}
	u.stop()
	os.Remove(filepath.Join(dir, "state.db"))
	u = openUnit(t, dir, clk, Options{})
	if r := commit(t, u.Store, hit(noon.Add(MaxRetention), 10)); r.Seqs[0] != 7 {
		t.Errorf("seqs %v", r.Seqs)
	}
}

// A day's key without records, as a crash right after its making leaves it, goes with the others.
func TestEmptyDayGoes(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	n := note{settled: true}
	if _, err := u.ring.Make(dayKey("2026-11-20"), n.bytes()); err != nil {
		t.Fatal(err)
	}
	u.stop()
	u = openUnit(t, dir, clk, Options{})
	if len(u.days) != 1 || len(u.Days()) != 0 {
		t.Errorf("%v", u.days)
	}
	clk.pass(MaxRetention)
	if _, err := u.Purge(); err != nil || slices.ContainsFunc(u.ring.Names(), func(s string) bool { return strings.HasPrefix(s, "day/") }) {
		t.Errorf("%v, %v", u.ring.Names(), err)
	}
}

// The ring is lost: its days can't be read. They are counted and left for a person to look at.
func TestOrphans(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	commit(t, u.Store, hit(noon, 10))
	u.stop()
	os.Remove(filepath.Join(dir, "ring"))
	u = openUnit(t, dir, clk, Options{})
	if st := u.Stats(); st.Orphans != 1 || len(reads(t, u.Store)) != 0 {
		t.Errorf("%+v", st)
	}
	if _, err := os.Stat(filepath.Join(dir, "days/2026-11-22/0001.seg")); err != nil {
		t.Error(err)
	}
	if got := pendingSeqs(t, u.Store, alpr.Prompt); len(got) != 0 {
		t.Errorf("pending %v", got)
	}
}

// A day's files can't be removed: the day is gone all the same, the next purge removes them, and nothing keeps the store from opening.
func TestUnlinkFails(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	f := &disktest.Faults{Match: func(c disk.Call) bool { return c.Label == "forgotten segment" }, N: 1}
	u := openUnit(t, dir, clk, Options{FS: &disk.FS{Hook: f.Hook}})
	commit(t, u.Store, hit(noon, 10))
	clk.pass(MaxRetention)
	if gone, err := u.Purge(); err != nil || len(gone) != 1 || len(reads(t, u.Store)) != 0 || u.Stats().Leftover != 1 {
		t.Errorf("%+v, %v", gone, err)
	}
	if _, err := u.Purge(); err != nil || u.Stats().Leftover != 0 {
		t.Errorf("%+v, %v", u.Stats(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "days/2026-11-22")); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// What doesn't belong in a day's directory stops neither a purge nor an opening.
func TestStrangersInTheDay(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	commit(t, u.Store, hit(noon, 10))
	if err := os.MkdirAll(filepath.Join(dir, "days/2026-11-22/lost+found/x"), 0o700); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "days/2026-11-22/notes.seg"), nil, 0o600)
	os.MkdirAll(filepath.Join(dir, "days/old"), 0o700)
	u.stop()
	u = openUnit(t, dir, clk, Options{})
	clk.pass(MaxRetention)
	for range 2 {
		if _, err := u.Purge(); err != nil || u.Stats().Leftover != 1 || len(u.Days()) != 0 {
			t.Errorf("%+v, %v", u.Stats(), err)
		}
	}
	u.stop()
	u = openUnit(t, dir, clk, Options{})
	if st := u.Stats(); st.Leftover != 1 {
		t.Errorf("%+v", st)
	}
}
