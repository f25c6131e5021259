package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("ALPRD_STORE_VICTIM"); dir != "" {
		victim(dir, os.Getenv("ALPRD_STORE_HOUR"))
		return
	}
	if dir := os.Getenv("ALPRD_STORE_ACTIVATOR"); dir != "" {
		activator(dir)
		return
	}
	os.Exit(m.Run())
}

// telling is a hit whose messages name their read.
func telling(at time.Time, size int) Item {
	it := hit(at, size)
	for i, kind := range []string{"alert", "scene"} {
		it.Messages[i].Build = func(seq uint64) ([]byte, error) { return fmt.Appendf(nil, "%s %s %d", kind, it.Read.ID, seq), nil }
	}
	return it
}

// victimOptions make segments and days short, so that much happens at their ends.
var victimOptions = Options{Retention: 48 * time.Hour, SegmentSize: 200 << 10, SyncEvery: 30 * time.Millisecond}

// victim commits, delivers and purges until it is killed, and says what was acknowledged as soon as it was. Its clock starts
// at the given hour and goes on by hours.
func victim(dir, hour string) {
	clk := newDial()
	h, _ := strconv.Atoi(hour)
	clk.pass(time.Duration(h) * time.Hour)
	u, err := tryUnit(dir, clk, victimOptions)
	check := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	check(err)
	fmt.Println("open")
	rng := rand.New(rand.NewPCG(rand.Uint64(), 0))
	for {
		at := clk.Span().Earliest.Add(time.Duration(rng.IntN(3600)) * time.Second)
		switch rng.IntN(5) {
		case 0:
			it := miss(at, rng.IntN(3000))
			_, err := u.Commit(it)
			check(err)
			fmt.Println("kept", it.Read.ID, dayName(at))
		case 1, 2:
			it := telling(at, rng.IntN(3000))
			r, err := u.Commit(it)
			check(err)
			fmt.Println("told", it.Read.ID, dayName(at), r.Seqs[0], r.Seqs[1])
		case 3:
			var seqs []uint64
			for _, c := range []alpr.Class{alpr.Prompt, alpr.Bulk} {
				out, err := u.Pending(c, 0, 1+rng.IntN(4))
				check(err)
				for _, o := range out {
					p, err := u.Payload(o)
					if errors.Is(err, ErrLocked) {
						continue // the next purge drops it
					}
					check(err)
					fmt.Println("sending", string(p))
					seqs = append(seqs, o.Seq)
				}
			}
			check(u.Delivered(seqs))
			for _, s := range seqs {
				fmt.Println("sent", s)
			}
		case 4:
			h += rng.IntN(6)
			fmt.Println("hour", h) // told before it counts
			now := noon.Add(time.Duration(h) * time.Hour)
			clk.pass(now.Sub(clk.Span().Earliest))
			gone, err := u.Purge()
			check(err)
			for _, d := range gone {
				fmt.Println("purged", d.Day)
			}
		}
	}
}

// A process that commits, delivers and purges is killed with -9 at random moments, again and again. Whatever it
// acknowledged is there, synced or not, unless its day was due; each message of it waits, or was sent; none waits that was
// acknowledged as sent, and none whose read isn't there; and no purged day ever comes back (R11, R52).
func TestKill(t *testing.T) {
	dir := t.TempDir()
	type told struct {
		day  string
		seqs []string
	}
	acked := map[string]told{}
	sending, sent, purged := map[string]string{}, map[string]bool{}, map[string]bool{}
	hour := "0"
	const kills = 15
	for round := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "ALPRD_STORE_VICTIM="+dir, "ALPRD_STORE_HOUR="+hour)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		opened, life := false, rand.IntN(250) // in lines, so that a slow machine proves as much
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if life--; life < 0 {
				cmd.Process.Kill() // it has gone on meanwhile: what it says until it is dead counts as well
			}
			f := strings.Fields(lines.Text())
			switch f[0] {
			case "open":
				opened = true
			case "kept", "told":
				acked[f[1]] = told{f[2], f[3:]}
			case "sending":
				sending[f[len(f)-1]] = f[2]
			case "sent":
				sent[f[1]] = true
			case "hour":
				hour = f[1]
			case "purged":
				purged[f[1]] = true
			default:
				t.Fatalf("round %d: %s", round, lines.Text())
			}
		}
		cmd.Wait()
		if !opened && life >= 0 {
			t.Fatalf("round %d: never opened", round)
		}
		clk := newDial()
		h, _ := strconv.Atoi(hour)
		clk.pass(time.Duration(h) * time.Hour)
		u := openUnit(t, dir, clk, victimOptions)
		clk.span.Latest = noon // nothing is locked for the one who checks
		kept, there := map[string]bool{}, map[string]bool{}
		for _, d := range u.Days() {
			kept[d.Name] = true
			if purged[d.Name] {
				t.Errorf("round %d: %s was purged, and is there", round, d.Name)
			}
		}
		for _, r := range reads(t, u.Store) {
			there[r.ID] = true
		}
		waits := map[string]string{} // read, by seq
		for _, c := range []alpr.Class{alpr.Prompt, alpr.Bulk} {
			all, err := u.Pending(c, 0, math.MaxInt)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range all {
				p, err := u.Payload(o)
				f := strings.Fields(string(p))
				if err != nil || len(f) != 3 || f[2] != fmt.Sprint(o.Seq) {
					t.Fatalf("round %d: message %d: %q, %v", round, o.Seq, p, err)
				}
				waits[f[2]] = f[1]
				if !there[f[1]] {
					t.Errorf("round %d: message %d waits, its read is lost", round, o.Seq)
				}
				if sent[f[2]] {
					t.Errorf("round %d: message %d was delivered, and waits again", round, o.Seq)
				}
			}
		}
		for id, a := range acked {
			if !kept[a.day] {
				begin, _ := time.Parse(time.DateOnly, a.day)
				if clk.span.Earliest.Before(begin.Add(victimOptions.Retention)) {
					t.Errorf("round %d: %s is gone at %v", round, a.day, clk.span.Earliest)
				}
				purged[a.day] = true
				if there[id] {
					t.Errorf("round %d: a read of a purged day is there", round)
				}
				continue
			}
			if !there[id] {
				t.Errorf("round %d: a read is lost", round)
			}
			for _, seq := range a.seqs {
				if waits[seq] != id && sending[seq] != id {
					t.Errorf("round %d: message %s is lost", round, seq)
				}
			}
		}
		if st := u.Stats(); st.Lost > 0 || st.Orphans > 0 {
			t.Errorf("round %d: %+v", round, st)
		}
		u.stop()
	}
	if len(acked) < 40 || len(sent) < 10 || len(purged) < 1 {
		t.Errorf("%d acknowledged, %d sent, %d days purged: too few to prove anything", len(acked), len(sent), len(purged))
	}
	t.Logf("%d kills: %d reads kept, %d messages sent, %d days purged", kills, len(acked), len(sent), len(purged))
}

// copyDir copies a state directory.
func copyDir(t testing.TB, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
}

// A segment that ends at any byte of its last group, cut, or filled up with zeros or noise as file systems do, shows the groups before and nothing of it.
func TestTornTail(t *testing.T) {
	dir, clk := disktest.Dir(t), newDial()
	u := openUnit(t, dir, clk, Options{})
	commit(t, u.Store, telling(noon, 50))
	commit(t, u.Store, telling(noon, 50))
	whole := u.open["2026-11-22"].sum.End
	last := commit(t, u.Store, telling(noon, 50))
	key, ref := u.days["2026-11-22"].key, u.segPath(segID{"2026-11-22", 1})
	u.die()
	raw, err := os.ReadFile(ref)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for cut := whole; cut <= int64(len(raw)); cut++ {
		for _, tail := range []string{"cut", "zeros", "noise"} {
			b := bytes.Clone(raw)
			switch tail {
			case "cut":
				b = b[:cut]
			case "zeros":
				clear(b[cut:])
			case "noise":
				for i := cut; i < int64(len(b)); i++ {
					b[i] = byte(rng.Uint32())
				}
			}
			want, end := 2, whole
			if bytes.Equal(b, raw) {
				want, end = 3, int64(len(raw))
			}
			r, err := newReader(bytes.NewReader(b), int64(len(b)), segID{"2026-11-22", 1}, key)
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			got, lost, err := r.groups(segHeader, 0, func(*reader, group) error { n++; return nil })
			if err != nil || n != want || lost != 0 || got != end {
				t.Fatalf("%s at %d: %d groups up to %d, %d lost, %v", tail, cut, n, got, lost, err)
			}
		}
	}
	// The same through the whole store, at fewer places.
	for range 25 {
		cut := whole + rng.Int64N(int64(len(raw))-whole)
		d := disktest.Dir(t)
		copyDir(t, dir, d)
		os.Chmod(filepath.Join(d, "ring.key"), 0o400)
		if err := os.Truncate(filepath.Join(d, "days/2026-11-22/0001.seg"), cut); err != nil {
			t.Fatal(err)
		}
		u := openUnit(t, d, clk, Options{})
		if n := len(reads(t, u.Store)); n != 2 {
			t.Errorf("cut at %d: %d reads", cut, n)
		}
		if st := u.Stats(); st.Torn != 1 && cut > whole || st.Lost != 0 {
			t.Errorf("cut at %d: %+v", cut, st)
		}
		r := commit(t, u.Store, telling(noon, 50))
		if r.Seqs[0] != last.Seqs[0] {
			t.Errorf("cut at %d: seq %d instead of the lost %d", cut, r.Seqs[0], last.Seqs[0])
		}
		if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.Equal(got, []uint64{1, 3, 5}) {
			t.Errorf("cut at %d: pending %v", cut, got)
		}
		u.stop()
	}
}

// Damage inside a segment costs the groups it touches, and no other; it is counted, and no seq is used again.
func TestDamageInside(t *testing.T) {
	dir, clk := disktest.Dir(t), newDial()
	u := openUnit(t, dir, clk, Options{})
	var ends []int64
	for range 5 {
		commit(t, u.Store, telling(noon, 50))
		ends = append(ends, u.open["2026-11-22"].sum.End)
	}
	path := u.segPath(segID{"2026-11-22", 1})
	u.stop()
	os.Remove(filepath.Join(dir, "state.db")) // or nobody looks at the segment again
	raw, _ := os.ReadFile(path)
	raw[ends[1]+20] ^= 1 // the first record of the third
	raw[ends[2]+5] ^= 1  // the length of the fourth
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	u = openUnit(t, dir, clk, Options{})
	if n, st := len(reads(t, u.Store)), u.Stats(); n != 3 || st.Lost != 1 {
		t.Errorf("%d reads, %+v", n, st)
	}
	if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.Equal(got, []uint64{1, 3, 9}) {
		t.Errorf("pending %v", got)
	}
	if r := commit(t, u.Store, telling(noon, 50)); r.Seqs[0] <= 10 {
		t.Errorf("seq %d may have been used", r.Seqs[0])
	}
}

// A sync that fails leaves the disk's state unknown: the commit isn't acknowledged, nothing more is taken, what was
// acknowledged before is there after opening anew, and of the failed commit nothing, though the page cache had it.
func TestFailedSync(t *testing.T) {
	for _, mode := range []disktest.Mode{disktest.Failed, disktest.FailedButDone} {
		dir, clk := disktest.Dir(t), newDial()
		f := &disktest.Faults{Mode: mode, Match: func(c disk.Call) bool { return c.Label == "segment" && c.Op == disk.OpSync }}
		u := openUnit(t, dir, clk, Options{FS: &disk.FS{Hook: f.Hook}})
		first := commit(t, u.Store, hit(noon, 100))
		f.N = len(f.Calls()) + 1
		for i := range 3 {
			if _, err := u.Commit(hit(noon, 100)); !errors.Is(err, ErrDiskState) {
				t.Errorf("commit %d: %v", i, err)
			}
		}
		if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.Equal(got, first.Seqs[:1]) {
			t.Errorf("pending %v", got)
		}
		if err := u.Delivered(first.Seqs); !errors.Is(err, ErrDiskState) {
			t.Errorf("delivered: %v", err)
		}
		u.stop()
		u = openUnit(t, dir, clk, Options{})
		if n := len(reads(t, u.Store)); n != 1 {
			t.Errorf("%d reads", n)
		}
		if r := commit(t, u.Store, hit(noon, 100)); r.Seqs[0] != 3 {
			t.Errorf("seqs %v", r.Seqs)
		}
	}
}

// A segment under another's name, or of another day, gives nothing: it can't be passed off as what it isn't.
func TestMovedSegment(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	commit(t, u.Store, telling(noon, 50))
	commit(t, u.Store, telling(noon.Add(24*time.Hour), 50))
	u.stop()
	for _, to := range []string{"2026-11-22/0002.seg", "2026-11-23/0001.seg", "2026-11-23/0002.seg"} {
		d := disktest.Dir(t)
		copyDir(t, dir, d)
		os.Chmod(filepath.Join(d, "ring.key"), 0o400)
		raw, err := os.ReadFile(filepath.Join(d, "days/2026-11-22/0001.seg"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(d, "days", to), append(raw, 0), 0o600); err != nil {
			t.Fatal(err)
		}
		u := openUnit(t, d, clk, Options{})
		n := 0
		for range reads(t, u.Store) {
			n++
		}
		if want := 2 - strings.Count(to, "23/0001"); n != want {
			t.Errorf("%s: %d reads, want %d", to, n, want)
		}
		u.stop()
	}
}
