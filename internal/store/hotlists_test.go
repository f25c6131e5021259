package store

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
	"alprd/internal/seal"
)

func chunksOf(chunks ...[]byte) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		for _, c := range chunks {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func openLists(t *testing.T, dir string, fs *disk.FS) (*HotLists, *seal.Ring) {
	t.Helper()
	ring, err := seal.OpenRing(filepath.Join(dir, "ring"), seal.NewFileKey(filepath.Join(dir, "ring.key"), nil), fs)
	if err != nil {
		t.Fatal(err)
	}
	h, err := OpenHotLists(dir, ring, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(); ring.Close() })
	return h, ring
}

func current(t *testing.T, h *HotLists) string {
	t.Helper()
	lists, err := h.Current()
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, l := range lists {
		out += fmt.Sprintf("%s %d %s:", l.Name, l.Version, l.Manifest)
		for c, err := range h.Chunks(l) {
			if err != nil {
				t.Fatal(err)
			}
			out += fmt.Sprintf(" %.8s", c)
		}
		out += "\n"
	}
	return out
}

func TestHotLists(t *testing.T) {
	dir := t.TempDir()
	h, ring := openLists(t, dir, nil)
	big := bytes.Repeat([]byte("x"), 3<<20)
	for _, a := range []struct {
		name    string
		version uint64
	}{{"b", 1}, {"a", 5}, {"b", 3}} {
		if err := h.Activate(a.name, a.version, fmt.Appendf(nil, "m%d", a.version), noon, chunksOf(fmt.Appendf(nil, "c%d", a.version), big, big)); err != nil {
			t.Fatal(err)
		}
	}
	want := "a 5 m5: c5 xxxxxxxx xxxxxxxx\nb 3 m3: c3 xxxxxxxx xxxxxxxx\n"
	if got := current(t, h); got != want {
		t.Errorf("got %s", got)
	}
	for _, v := range []uint64{0, 1, 2, 3} { // (R22)
		if err := h.Activate("b", v, nil, noon, chunksOf([]byte("old"))); !errors.Is(err, ErrOldVersion) {
			t.Errorf("version %d after 3: %v", v, err)
		}
	}
	broken := errors.New("half a package")
	err := h.Activate("b", 4, nil, noon, func(yield func([]byte, error) bool) {
		_ = yield([]byte("new"), nil) && yield(big, nil) && yield(big, nil) && yield(nil, broken)
	})
	if !errors.Is(err, broken) || current(t, h) != want {
		t.Errorf("a package that breaks off: %v", err)
	}
	if err := h.Activate("b", 4, []byte("m4"), noon, chunksOf([]byte("c4"))); err != nil { // its version is not used up
		t.Error(err)
	}
	h.Close()
	ring.Close()
	h, ring = openLists(t, dir, nil)
	want = "a 5 m5: c5 xxxxxxxx xxxxxxxx\nb 4 m4: c4\n"
	if got := current(t, h); got != want || h.Lost() {
		t.Errorf("after a restart %s", got)
	}
	// The mark outlives the file (R22).
	h.Close()
	ring.Close()
	if err := os.Remove(filepath.Join(dir, "lists.db")); err != nil {
		t.Fatal(err)
	}
	h, _ = openLists(t, dir, nil)
	if current(t, h) != "" || h.Highest("b") != 4 {
		t.Errorf("%s, highest %d", current(t, h), h.Highest("b"))
	}
	for _, v := range []uint64{3, 4} {
		if err := h.Activate("b", v, nil, noon, chunksOf()); !errors.Is(err, ErrOldVersion) {
			t.Errorf("version %d after 4 and a lost file: %v", v, err)
		}
	}
	if err := h.Activate("b", 5, nil, noon, chunksOf()); err != nil {
		t.Error(err)
	}
}

// A lists.db that is damaged anywhere never panics: it reads as before, or as missing, and takes a newer list.
func TestHotListsDamaged(t *testing.T) {
	dir := disktest.Dir(t)
	h, ring := openLists(t, dir, nil)
	content := bytes.Repeat([]byte("chunk "), 2000)
	if err := h.Activate("w", 1, []byte("m"), noon, chunksOf(content, content, content)); err != nil {
		t.Fatal(err)
	}
	h.Close()
	ring.Close()
	path := filepath.Join(dir, "lists.db")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := os.Getpagesize()
	same, missing := 0, 0
	for off := 0; off < len(good); off += page {
		for _, how := range []string{"zeroed", "flipped", "other", "cut"} {
			bad := bytes.Clone(good)
			switch how {
			case "zeroed":
				clear(bad[off : off+page])
			case "flipped":
				for i := off; i < off+page; i += 97 {
					bad[i] ^= 0x40
				}
			case "other":
				copy(bad[off:off+page], good[(off+3*page)%len(good):])
			case "cut":
				bad = bad[:off]
			}
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			h, ring := openLists(t, dir, nil)
			lists, err := h.Current()
			got := []byte(nil)
			for _, l := range lists {
				for c, e := range h.Chunks(l) {
					if e != nil {
						err = e
					}
					got = append(got, c...)
				}
			}
			switch {
			case err == nil && bytes.Equal(got, bytes.Repeat(content, 3)):
				same++
			case h.Lost() || how == "cut" && off == 0 && len(lists) == 0:
				missing++
			default:
				t.Errorf("page %d %s: %d bytes, %v", off/page, how, len(got), err)
			}
			if err := h.Activate("w", h.Highest("w")+1, nil, noon, chunksOf(content)); err != nil {
				t.Errorf("page %d %s: %v", off/page, how, err)
			}
			h.Close()
			ring.Close()
		}
	}
	if same == 0 || missing == 0 {
		t.Errorf("%d as before, %d missing", same, missing)
	}
	t.Logf("%d kinds of damage: %d harmless, %d made the list missing", same+missing, same, missing)
}

// The mark can't be lifted: the list is active, is said so, and the next opening lifts the mark (R22).
func TestMarkLags(t *testing.T) {
	dir := t.TempDir()
	faults := &disktest.Faults{Match: func(c disk.Call) bool { return c.Op == disk.OpWrite && c.Label == "ring" }}
	h, ring := openLists(t, dir, &disk.FS{Hook: faults.Hook})
	if err := h.Activate("w", 1, nil, noon, chunksOf([]byte("one"))); err != nil {
		t.Fatal(err)
	}
	faults.N = len(faults.Calls()) + 1
	err := h.Activate("w", 2, nil, noon, chunksOf([]byte("two")))
	if err == nil || current(t, h) != "w 2 : two\n" || h.Highest("w") != 1 {
		t.Errorf("%v; %s; highest %d", err, current(t, h), h.Highest("w"))
	}
	h.Close()
	ring.Close()
	h, _ = openLists(t, dir, nil)
	if h.Highest("w") != 2 {
		t.Errorf("highest %d", h.Highest("w"))
	}
}

// One list's chunk goes bad: that list is missing, the other is as before.
func TestOneListDamaged(t *testing.T) {
	dir := t.TempDir()
	h, ring := openLists(t, dir, nil)
	for _, name := range []string{"a", "b"} {
		if err := h.Activate(name, 1, nil, noon, chunksOf(bytes.Repeat([]byte(name), 9000))); err != nil {
			t.Fatal(err)
		}
	}
	key := []byte{0, 0, 0, 0}
	if err := h.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(chunkBucket("a", 1))
		v := bytes.Clone(b.Get(key))
		v[100] ^= 1
		return b.Put(key, v)
	}); err != nil {
		t.Fatal(err)
	}
	lists, err := h.Current()
	if err != nil || len(lists) != 2 {
		t.Fatalf("%v, %v", lists, err)
	}
	for _, err := range h.Chunks(lists[0]) {
		if err == nil {
			t.Error("a damaged chunk was read")
		}
	}
	if got := current(t, h); got != "b 1 : bbbbbbbb\n" || !h.Lost() {
		t.Errorf("left: %s", got)
	}
	h.Close()
	ring.Close()
	h, _ = openLists(t, dir, nil)
	if got := current(t, h); got != "b 1 : bbbbbbbb\n" || h.Lost() {
		t.Errorf("after a restart: %s", got)
	}
	if err := h.Activate("a", 2, nil, noon, chunksOf([]byte("new"))); err != nil {
		t.Error(err)
	}
}

// activator activates ever newer versions of two lists until it is killed.
func activator(dir string) {
	ring, err := seal.OpenRing(filepath.Join(dir, "ring"), seal.NewFileKey(filepath.Join(dir, "ring.key"), nil), nil)
	if err == nil {
		var h *HotLists
		if h, err = OpenHotLists(dir, ring, nil); err == nil {
			fmt.Println("open")
			for v := max(h.Highest("a"), h.Highest("b")) + 1; err == nil; v++ {
				for _, name := range []string{"a", "b"} {
					if err = h.Activate(name, v, nil, noon, chunksOf(listChunks(name, v)...)); err == nil {
						fmt.Println("active", name, v)
					}
				}
			}
		}
	}
	fmt.Println("error", err)
}

// listChunks is what version v of a list holds: several transactions' worth.
func listChunks(name string, v uint64) (out [][]byte) {
	for i := range 3 + v%3 {
		out = append(out, bytes.Repeat(fmt.Appendf(nil, "%s %d %d;", name, v, i), 150_000))
	}
	return out
}

// Activation is killed with -9 at random moments: exactly the version that was acknowledged last, or the one that was under
// way, is current, and whole (R21); and none that was ever current is taken again (R22).
func TestKillActivation(t *testing.T) {
	dir := t.TempDir()
	acked := map[string]uint64{}
	between := 0
	for round := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "ALPRD_STORE_ACTIVATOR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		life := rand.IntN(8)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var name string
			var v uint64
			if n, _ := fmt.Sscanf(lines.Text(), "active %s %d", &name, &v); n == 2 {
				acked[name] = v
			} else if lines.Text() != "open" {
				t.Fatalf("round %d: %s", round, lines.Text())
			}
			if life--; life < 0 {
				time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond) // to some place inside an activation
				cmd.Process.Kill()
			}
		}
		cmd.Wait()
		h, ring := openLists(t, dir, nil)
		lists, err := h.Current()
		if err != nil || h.Lost() {
			t.Fatalf("round %d: %v, lost %v", round, err, h.Lost())
		}
		got := map[string]uint64{}
		for _, l := range lists {
			got[l.Name] = l.Version
			i, want := 0, listChunks(l.Name, l.Version)
			for c, err := range h.Chunks(l) {
				if err != nil || i >= len(want) || !bytes.Equal(c, want[i]) {
					t.Fatalf("round %d: %s %d: chunk %d: %v", round, l.Name, l.Version, i, err)
				}
				i++
			}
			if i != len(want) {
				t.Errorf("round %d: %s %d has %d of %d chunks", round, l.Name, l.Version, i, len(want))
			}
			if err := h.Activate(l.Name, l.Version, nil, noon, chunksOf()); !errors.Is(err, ErrOldVersion) {
				t.Errorf("round %d: %s %d again: %v", round, l.Name, l.Version, err)
			}
		}
		for name, v := range acked {
			if got[name] < v || got[name] > v+1 {
				t.Errorf("round %d: %s is at version %d, %d was acknowledged", round, name, got[name], v)
			}
			if got[name] == v+1 {
				between++
			}
			acked[name] = got[name] // the next life goes on from here
		}
		h.Close()
		ring.Close()
	}
	if acked["b"] == 0 {
		t.Error("nothing was ever activated")
	}
	t.Logf("up to version %d, %d of them current before they were acknowledged", acked["a"], between)
}
