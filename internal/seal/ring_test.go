package seal

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
)

func openRing(t *testing.T, dir string, fs *disk.FS) *Ring {
	t.Helper()
	r, err := OpenRing(filepath.Join(dir, "ring"), NewFileKey(filepath.Join(dir, "ring.key"), fs), fs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func TestRing(t *testing.T) {
	dir := t.TempDir()
	r := openRing(t, dir, nil)
	if !r.Fresh() {
		t.Error("a new ring says it isn't")
	}
	k1, err := r.Make("day/1", []byte("note"))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := r.Make("day/1", nil); err != nil || again != k1 {
		t.Errorf("made twice: %v", err)
	}
	if err := r.Raise("seq", 7); err != nil {
		t.Fatal(err)
	}
	if err := r.Raise("seq", 5); err != nil || r.Mark("seq") != 7 {
		t.Errorf("a mark fell to %d (%v)", r.Mark("seq"), err)
	}
	if _, err := OpenRing(filepath.Join(dir, "ring"), NewFileKey(filepath.Join(dir, "ring.key"), nil), nil); !errors.Is(err, ErrInUse) {
		t.Errorf("a second opening: %v", err)
	} else if h := (interface{ Hint() string })(nil); !errors.As(err, &h) || h.Hint() == "" {
		t.Errorf("no hint: %v", err)
	}
	r.Close()
	r = openRing(t, dir, nil)
	if k, note, ok := r.Key("day/1"); !ok || k != k1 || string(note) != "note" || r.Mark("seq") != 7 || r.Fresh() {
		t.Error("the ring came back different")
	}
	if err := r.Update(func(e *Edit) { e.Note("day/1", []byte("more")); e.Note("none", nil) }); err != nil {
		t.Fatal(err)
	}
	if k, note, ok := r.Key("day/1"); !ok || k != k1 || string(note) != "more" || len(r.Names()) != 1 {
		t.Errorf("a note was replaced: %q, %v", note, r.Names())
	}
	if err := r.Update(func(e *Edit) { e.Destroy("day/1"); e.Raise("seq", 9) }); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := r.Key("day/1"); ok {
		t.Error("a destroyed key is still there")
	}
	r.Close()
	r = openRing(t, dir, nil)
	if _, _, ok := r.Key("day/1"); ok || r.Mark("seq") != 9 {
		t.Error("destruction didn't last")
	}
}

// Destroying a key makes every copy of every file but the ring key's worthless (R11).
func TestDestroyedKeyStaysDestroyed(t *testing.T) {
	dir := t.TempDir()
	r := openRing(t, dir, nil)
	if _, err := r.Make("day/1", nil); err != nil {
		t.Fatal(err)
	}
	if err := r.Raise("seq", 1); err != nil { // both slots now hold the key
		t.Fatal(err)
	}
	copied := read(t, dir, "ring")
	former := read(t, dir, "ring.key")
	if err := r.Update(func(e *Edit) { e.Destroy("day/1") }); err != nil {
		t.Fatal(err)
	}
	r.Close()
	now := Key(read(t, dir, "ring.key"))
	for slot := range 2 {
		if _, err := unseal(copied[slot*SlotSize:(slot+1)*SlotSize], now); err == nil {
			t.Errorf("slot %d of the copy opens under the key in force", slot)
		}
		if _, err := unseal(copied[slot*SlotSize:(slot+1)*SlotSize], Key(former)); err != nil {
			t.Errorf("slot %d of the copy didn't open under the former key: the test proves nothing", slot)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if bytes.Contains(read(t, dir, e.Name()), former) {
			t.Errorf("%s still holds the former ring key", e.Name())
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "ring"), copied, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenRing(filepath.Join(dir, "ring"), NewFileKey(filepath.Join(dir, "ring.key"), nil), nil); err == nil {
		t.Error("the copied ring opens")
	}
}

// change is one Update of a script, with what it leaves.
type change struct {
	make, destroy string
	mark          uint64
}

var script = []change{
	{make: "a"}, {mark: 1}, {make: "b"}, {destroy: "a", mark: 2}, {mark: 3}, {destroy: "b", make: "c"}, {destroy: "c"}, {make: "d"},
}

func (c change) do(r *Ring) error {
	return r.Update(func(e *Edit) {
		if c.make != "" {
			e.Make(c.make, nil)
		}
		if c.destroy != "" {
			e.Destroy(c.destroy)
		}
		e.Raise("m", c.mark)
	})
}

// view is a ring's content without the random parts.
func view(r *Ring) string { return fmt.Sprint(r.Names(), r.Mark("m")) }

// after is the view after the first n changes.
func after(n int) string {
	names, mark := map[string]bool{}, uint64(0)
	for _, c := range script[:n] {
		if c.make != "" {
			names[c.make] = true
		}
		delete(names, c.destroy)
		mark = max(mark, c.mark)
	}
	return fmt.Sprint(slices.Sorted(maps.Keys(names)), mark)
}

// Each call that Update and the first start make fails, fails but takes effect, or is the last one ever: what was
// acknowledged is there at the next opening, and what was refused is there wholly or not at all (R11, R52).
func TestRingFaults(t *testing.T) {
	count := &disktest.Faults{}
	fs := &disk.FS{Hook: count.Hook}
	r := openRing(t, disktest.Dir(t), fs)
	for _, c := range script {
		if err := c.do(r); err != nil {
			t.Fatal(err)
		}
	}
	calls := count.Calls()
	if len(calls) < 60 {
		t.Fatalf("only %d calls: %v", len(calls), calls)
	}
	for n := range len(calls) {
		for _, mode := range []disktest.Mode{disktest.Failed, disktest.FailedButDone, disktest.Crash} {
			name := fmt.Sprintf("%d %s %s", n+1, calls[n], mode)
			dir := disktest.Dir(t)
			faults := &disktest.Faults{N: n + 1, Mode: mode}
			fs := &disk.FS{Hook: faults.Hook}
			acked, failedAt, now := 0, -1, ""
			r, err := OpenRing(filepath.Join(dir, "ring"), NewFileKey(filepath.Join(dir, "ring.key"), fs), fs)
			if err == nil {
				for i, c := range script {
					if err := c.do(r); err != nil {
						failedAt = i
						now = view(r)
						if now != after(i) && now != after(i+1) {
							t.Errorf("%s: the failed update left %s", name, now)
						}
						// With the fault gone, the ring works or says that it doesn't.
						if mode != disktest.Crash {
							if err := c.do(r); err == nil {
								now = view(r)
								acked = i + 1
							} else if !errors.Is(err, ErrDiskState) {
								t.Errorf("%s: retried: %v", name, err)
							}
						}
						break
					}
					acked = i + 1
					now = view(r)
				}
				r.Close()
			}
			if !faults.Hit() {
				t.Errorf("%s: never came", name)
			}
			r, err = OpenRing(filepath.Join(dir, "ring"), NewFileKey(filepath.Join(dir, "ring.key"), nil), nil)
			if err != nil {
				t.Errorf("%s: open after %d changes: %v", name, acked, err)
				continue
			}
			got := view(r)
			ok := got == after(acked) || failedAt >= 0 && got == after(min(failedAt+1, len(script)))
			if !ok {
				t.Errorf("%s: %d acknowledged (%s), found %s", name, acked, after(acked), got)
			}
			opening(t, name, dir)
			r.Close()
		}
	}
	t.Logf("%d calls, each failing in 3 ways", len(calls))
}

// opening counts the slots that open: one under the key in force, or two of different generations, and never a slot of
// other content than zeros that doesn't open.
func opening(t *testing.T, name, dir string) {
	t.Helper()
	raw, k := read(t, dir, "ring"), Key(read(t, dir, "ring.key"))
	var generations []uint64
	for slot := range 2 {
		b := raw[slot*SlotSize : (slot+1)*SlotSize]
		s, err := unseal(b, k)
		if err == nil {
			generations = append(generations, s.generation)
		} else if !bytes.Equal(b, make([]byte, SlotSize)) {
			t.Errorf("%s: slot %d holds what doesn't open", name, slot)
		}
	}
	if len(generations) == 0 || len(generations) == 2 && generations[0] == generations[1] {
		t.Errorf("%s: generations that open: %v", name, generations)
	}
	for _, p := range []string{"ring.key.old", "ring.key.new", "ring.new"} {
		if _, err := os.Stat(filepath.Join(dir, p)); err == nil && p != "ring.new" {
			t.Errorf("%s: %s is left", name, p)
		}
	}
}

// The power goes after any call, with what wasn't synced there, absent or torn: the ring opens and holds what was
// acknowledged (R52).
func TestRingPowerLoss(t *testing.T) {
	dir := disktest.Dir(t)
	rec := &disktest.Recorder{Root: dir}
	fs := &disk.FS{Hook: rec.Hook}
	r := openRing(t, dir, fs)
	ackedAt := []int{rec.Len()} // ackedAt[i]: step count at which i changes were acknowledged
	for _, c := range script {
		if err := c.do(r); err != nil {
			t.Fatal(err)
		}
		ackedAt = append(ackedAt, rec.Len())
	}
	const images = 6
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for n := range rec.Len() + 1 {
		acked := 0
		for acked < len(script) && ackedAt[acked+1] <= n {
			acked++
		}
		for range images {
			image := disktest.Dir(t)
			if err := rec.Image(image, n, rng); err != nil {
				t.Fatal(err)
			}
			r, err := OpenRing(filepath.Join(image, "ring"), NewFileKey(filepath.Join(image, "ring.key"), nil), nil)
			if err != nil {
				t.Fatalf("seed %d, power lost before step %d (%s): %v", seed, n, rec.Step(n), err)
			}
			got := view(r)
			if got != after(acked) && got != after(min(acked+1, len(script))) {
				t.Errorf("seed %d, power lost before step %d (%s): %d acknowledged (%s), found %s", seed, n, rec.Step(n), acked, after(acked), got)
			}
			opening(t, rec.Step(n), image)
			r.Close()
		}
	}
	t.Logf("%d moments, %d images each", rec.Len()+1, images)
}

func TestRingRefuses(t *testing.T) {
	for name, damage := range map[string]func(dir string) error{
		"key gone":        func(d string) error { return os.Remove(filepath.Join(d, "ring.key")) },
		"key short":       func(d string) error { return os.Truncate(filepath.Join(d, "ring.key"), 31) },
		"key open to all": func(d string) error { return os.Chmod(filepath.Join(d, "ring.key"), 0o444) },
		"key of another":  func(d string) error { k := NewKey(); return os.WriteFile(filepath.Join(d, "ring.key"), k[:], 0o400) },
		"both slots dirty": func(d string) error {
			return os.WriteFile(filepath.Join(d, "ring"), bytes.Repeat([]byte{7}, 2*SlotSize), 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			openRing(t, dir, nil).Close()
			if name == "key of another" {
				os.Remove(filepath.Join(dir, "ring.key"))
			}
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			before := read(t, dir, "ring")
			_, err := OpenRing(filepath.Join(dir, "ring"), NewFileKey(filepath.Join(dir, "ring.key"), nil), nil)
			var h interface{ Hint() string }
			if !errors.As(err, &h) {
				t.Fatalf("no error with a hint: %v", err)
			}
			if !bytes.Equal(before, read(t, dir, "ring")) {
				t.Error("the refused ring was changed")
			}
		})
	}
}

// A hundred days, a few lists and their marks fit many times over; one too many is refused and changes nothing.
func TestRingFull(t *testing.T) {
	r := openRing(t, t.TempDir(), nil)
	n := 0
	err := r.Update(func(e *Edit) {
		for ; n < 400; n++ {
			e.Make(fmt.Sprintf("day/%d", n), make([]byte, 20))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	err = r.Update(func(e *Edit) {
		for ; n < 4000; n++ {
			e.Make(fmt.Sprintf("day/%d", n), make([]byte, 20))
		}
	})
	if err == nil || len(r.Names()) != 400 {
		t.Errorf("%d keys, %v", len(r.Names()), err)
	}
	if err := r.Raise("m", 1); err != nil {
		t.Errorf("after the refusal: %v", err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func BenchmarkRotate(b *testing.B) {
	dir := b.TempDir()
	r, err := OpenRing(filepath.Join(dir, "ring"), NewFileKey(filepath.Join(dir, "ring.key"), nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for i := range 92 {
		if _, err := r.Make(fmt.Sprintf("day/%d", i), nil); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if err := r.Update(func(e *Edit) { e.Destroy("x"); e.Make("x", nil) }); err != nil {
			b.Fatal(err)
		}
		if err := r.Update(func(e *Edit) { e.Destroy("x") }); err != nil {
			b.Fatal(err)
		}
	}
}
