package store

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
	"alprd/internal/seal"
)

// book is a ledger and a record of accesses in one directory, as a unit has them.
type book struct {
	*Ledger
	log  *Accesses
	ring *seal.Ring
}

func tryBook(dir string, fs *disk.FS) (*book, error) {
	ring, err := seal.OpenRing(filepath.Join(dir, "ring"), seal.NewFileKey(filepath.Join(dir, "ring.key"), fs), fs)
	if err != nil {
		return nil, err
	}
	l, err := OpenLedger(dir, ring, fs)
	if err != nil {
		ring.Close()
		return nil, err
	}
	a, err := OpenAccesses(dir, ring, fs)
	if err != nil {
		ring.Close()
		return nil, err
	}
	return &book{l, a, ring}, nil
}

func openBook(t testing.TB, dir string, fs *disk.FS) *book {
	t.Helper()
	b, err := tryBook(dir, fs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.stop)
	return b
}

func (b *book) stop() {
	b.log.Close()
	b.ring.Close()
}

// view is all that a book says.
func (b *book) view() (values string, lines []string) {
	m := map[string]string{}
	for name, v := range b.All("") {
		m[name] = string(v)
	}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		values += k + "=" + m[k] + " "
	}
	b.log.All(func(_ uint64, body []byte) error { lines = append(lines, string(body)); return nil })
	return values, lines
}

// deeds are what a unit does in turn: a line in the record, then the change.
var deeds = []func(*LedgerEdit){
	func(e *LedgerEdit) { e.Put("roster", []byte("v1")) },
	func(e *LedgerEdit) { e.Put("entry/1", []byte("4VAH764")); e.Put("counter/a", []byte("1")) },
	func(e *LedgerEdit) { e.Put("entry/2", []byte("7TRR812")); e.Put("counter/a", []byte("2")) },
	func(e *LedgerEdit) { e.Delete("entry/1"); e.Put("counter/a", []byte("3")) },
	func(e *LedgerEdit) { e.Put("counter/b", []byte("1")) },
	func(e *LedgerEdit) { e.Delete("entry/2"); e.Put("counter/b", []byte("2")) },
}

func (b *book) do(i int) error {
	if err := b.log.Append([]byte(line(i))); err != nil {
		return err
	}
	return b.Update(deeds[i])
}

func line(i int) string { return fmt.Sprintf("deed %d", i) }

// said is what a book says after n deeds.
func said(n int) string {
	e := &LedgerEdit{values: map[string][]byte{}}
	for i := range n {
		deeds[i](e)
	}
	out := ""
	for _, k := range slices.Sorted(maps.Keys(e.values)) {
		out += k + "=" + string(e.values[k]) + " "
	}
	return out
}

// check holds a reopened book against what was acknowledged: n deeds, and perhaps the one under way.
func (b *book) check(t *testing.T, name string, n int) {
	t.Helper()
	values, lines := b.view()
	next := min(n+1, len(deeds))
	if values != said(n) && values != said(next) {
		t.Errorf("%s: after %d deeds it says %q", name, n, values)
	}
	if len(lines) < n || len(lines) > next || b.Lost() || b.log.Broken() {
		t.Errorf("%s: after %d deeds the record has %d lines, lost %v, broken %v", name, n, len(lines), b.Lost(), b.log.Broken())
	}
	for i, l := range lines {
		if l != line(i) {
			t.Errorf("%s: line %d says %q", name, i, l)
		}
	}
	if values == said(next) && n < next && len(lines) < next {
		t.Errorf("%s: a deed is done that the record doesn't know", name)
	}
}

// Each call that changes the disk fails, fails although it was done, or is the last one ever: what was acknowledged is there
// at the next opening, what was refused is there wholly or not at all, and nothing is done that isn't recorded (R15, R52).
func TestLedgerFaults(t *testing.T) {
	count := &disktest.Faults{}
	b := openBook(t, disktest.Dir(t), &disk.FS{Hook: count.Hook})
	for i := range deeds {
		if err := b.do(i); err != nil {
			t.Fatal(err)
		}
	}
	calls := count.Calls()
	if len(calls) < 60 {
		t.Fatalf("only %d calls: %v", len(calls), calls)
	}
	for n := range calls {
		for _, mode := range []disktest.Mode{disktest.Failed, disktest.FailedButDone, disktest.Crash} {
			name := fmt.Sprintf("%d %s %s", n+1, calls[n], mode)
			dir := disktest.Dir(t)
			faults := &disktest.Faults{N: n + 1, Mode: mode}
			done := 0
			b, err := tryBook(dir, &disk.FS{Hook: faults.Hook})
			if err == nil {
				for done < len(deeds) && b.do(done) == nil {
					done++
				}
				b.stop()
			}
			if !faults.Hit() {
				t.Errorf("%s: never came", name)
			}
			again := openBook(t, dir, nil)
			again.check(t, name, done)
			if done < len(deeds) {
				// It goes on from there.
				if err := again.Update(deeds[done]); err != nil {
					t.Errorf("%s: afterwards: %v", name, err)
				}
				if values, _ := again.view(); values != said(done+1) {
					t.Errorf("%s: afterwards it says %q", name, values)
				}
			}
			again.stop()
		}
	}
}

// The power goes after any call, with what wasn't synced there, absent or torn.
func TestLedgerPowerLoss(t *testing.T) {
	dir := disktest.Dir(t)
	rec := &disktest.Recorder{Root: dir}
	b := openBook(t, dir, &disk.FS{Hook: rec.Hook})
	acked := []int{rec.Len()}
	for i := range deeds {
		if err := b.do(i); err != nil {
			t.Fatal(err)
		}
		acked = append(acked, rec.Len())
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for n := range rec.Len() + 1 {
		done := 0
		for done < len(deeds) && acked[done+1] <= n {
			done++
		}
		for range 4 {
			image := disktest.Dir(t)
			if err := rec.Image(image, n, rng); err != nil {
				t.Fatal(err)
			}
			again, err := tryBook(image, nil)
			if err != nil {
				t.Fatalf("seed %d, power lost before step %d (%s): %v", seed, n, rec.Step(n), err)
			}
			again.check(t, fmt.Sprintf("seed %d, power lost before step %d (%s)", seed, n, rec.Step(n)), done)
			again.stop()
		}
	}
}

// A copy of the ledger that was taken before and is put back isn't the present: used counters don't become unused, and the
// loss is told.
func TestLedgerPutBack(t *testing.T) {
	for _, n := range []int{3, 4, 5} { // with and without a deletion since
		dir := t.TempDir()
		b := openBook(t, dir, nil)
		for i := range n - 1 {
			if err := b.do(i); err != nil {
				t.Fatal(err)
			}
		}
		old := mustRead(t, filepath.Join(dir, "commands"))
		if err := b.do(n - 1); err != nil {
			t.Fatal(err)
		}
		b.stop()
		if err := os.WriteFile(filepath.Join(dir, "commands"), old, 0o600); err != nil {
			t.Fatal(err)
		}
		again := openBook(t, dir, nil)
		if values, _ := again.view(); values != "" || !again.Lost() {
			t.Errorf("after %d deeds, with the ledger before the last put back, it says %q, lost %v", n, values, again.Lost())
		}
		if err := again.Update(deeds[0]); err != nil {
			t.Fatal(err)
		}
		again.stop()
		once := openBook(t, dir, nil)
		if values, _ := once.view(); values != said(1) || once.Lost() {
			t.Errorf("begun anew, it says %q, lost %v", values, once.Lost())
		}
		once.stop()
	}
}

// What was deleted can't be read from any copy of the file, though somebody has the ring's file and key of today.
func TestLedgerForgets(t *testing.T) {
	dir := t.TempDir()
	b := openBook(t, dir, nil)
	for i := range 3 {
		if err := b.do(i); err != nil {
			t.Fatal(err)
		}
	}
	old := mustRead(t, filepath.Join(dir, "commands"))
	if bytes.Contains(old, []byte("4VAH764")) {
		t.Fatal("the ledger holds a plate in the clear")
	}
	if !b.opens(old) {
		t.Fatal("the control doesn't open")
	}
	if err := b.do(3); err != nil {
		t.Fatal(err)
	}
	if b.opens(old) {
		t.Error("what was deleted still opens")
	}
}

// opens tries every key there is.
func (b *book) opens(raw []byte) bool {
	for _, name := range b.ring.Names() {
		k, _, _ := b.ring.Key(name)
		if _, err := k.Box().Open(nil, raw[ledgerHeader:], raw[:ledgerHeader]); err == nil {
			return true
		}
	}
	return false
}

// Any change of the record shows: a byte, a line out, two exchanged, the end cut off, the file gone (R30, as far as the unit
// itself can tell); what is left can be read, and the next access is recorded all the same.
func TestAccessesTampered(t *testing.T) {
	lines := func(raw []byte) [][]byte {
		var out [][]byte
		for at := len(accessMagic); at < len(raw); {
			n := 12 + int(raw[at+8]) + int(raw[at+9])<<8
			out = append(out, raw[at:at+n])
			at += n
		}
		return out
	}
	join := func(l ...[]byte) []byte { return append([]byte(accessMagic), bytes.Join(l, nil)...) }
	for name, change := range map[string]func([]byte) []byte{
		"a byte of a line":   func(b []byte) []byte { b[len(accessMagic)+60] ^= 1; return b },
		"a byte of the last": func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"a length":           func(b []byte) []byte { b[len(accessMagic)+8] ^= 1; return b },
		"a line out":         func(b []byte) []byte { l := lines(b); return join(l[0], l[2], l[3]) },
		"two exchanged":      func(b []byte) []byte { l := lines(b); return join(l[0], l[2], l[1], l[3]) },
		"the end cut off":    func(b []byte) []byte { l := lines(b); return join(l[0], l[1]) },
		"all cut off":        func(b []byte) []byte { return join() },
		"the magic":          func(b []byte) []byte { b[0] ^= 1; return b },
		"gone":               func(b []byte) []byte { return nil },
	} {
		dir := t.TempDir()
		b := openBook(t, dir, nil)
		for i := range 4 {
			if err := b.log.Append([]byte(line(i))); err != nil {
				t.Fatal(err)
			}
		}
		b.stop()
		path := filepath.Join(dir, "accesses")
		changed := change(mustRead(t, path))
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if changed == nil {
			os.Remove(path)
		}
		for range 2 { // it isn't forgotten by looking, nor by going on
			again := openBook(t, dir, nil)
			if !again.log.Broken() {
				t.Errorf("%s: not seen", name)
			}
			if err := again.log.Append([]byte("later")); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			_, l := again.view()
			if len(l) == 0 || !strings.Contains(l[len(l)-1], "later") {
				t.Errorf("%s: what came later can't be read: %q", name, l)
			}
			again.stop()
		}
	}
}

// A full disk refuses, loses nothing, and is over when there is room.
func TestLedgerFull(t *testing.T) {
	dir, full := disktest.Dir(t), false
	b := openBook(t, dir, &disk.FS{Hook: func(c disk.Call, do func() error) error {
		if full && (c.Op == disk.OpWrite || c.Op == disk.OpCreate) && (c.Label == "ledger" || c.Label == "accesses") {
			return os.NewSyscallError("write", unix.ENOSPC)
		}
		return do()
	}})
	for i := range 2 {
		if err := b.do(i); err != nil {
			t.Fatal(err)
		}
	}
	full = true
	if err := b.Update(deeds[2]); !errors.Is(err, ErrFull) {
		t.Errorf("the ledger on a full disk: %v", err)
	}
	if err := b.log.Append([]byte("x")); !errors.Is(err, ErrFull) {
		t.Errorf("the record on a full disk: %v", err)
	}
	if values, _ := b.view(); values != said(2) {
		t.Errorf("it says %q", values)
	}
	full = false
	if err := b.do(2); err != nil {
		t.Fatal(err)
	}
	b.stop()
	openBook(t, dir, nil).check(t, "afterwards", 3)
}
