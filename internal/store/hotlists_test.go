package store

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
	"alprd/internal/seal"
)

// named yields chunks by what they say.
func named(chunks ...[]byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, c := range chunks {
			if !yield(hashOf(c), c) {
				return
			}
		}
	}
}

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// activate makes a version of a list current whose image is these blocks.
func activate(h *HotLists, name string, version uint64, head string, blocks ...[]byte) error {
	return h.Activate(List{Name: name, Version: version, Head: []byte(head), ActivatedAt: noon}, func(w io.Writer) error {
		for _, b := range blocks {
			if _, err := w.Write(b); err != nil {
				return err
			}
		}
		return nil
	})
}

func image(t testing.TB, h *HotLists, l List) []byte {
	t.Helper()
	b, err := io.ReadAll(h.Image(l))
	if err != nil {
		t.Fatal(err)
	}
	return b
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
		b := image(t, h, l)
		out += fmt.Sprintf("%s %d %s: %.8s %d\n", l.Name, l.Version, l.Head, b, len(b))
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
		if err := activate(h, a.name, a.version, fmt.Sprintf("m%d", a.version), fmt.Appendf(nil, "c%d", a.version), big, big); err != nil {
			t.Fatal(err)
		}
	}
	want := "a 5 m5: c5xxxxxx 6291458\nb 3 m3: c3xxxxxx 6291458\n"
	if got := current(t, h); got != want {
		t.Errorf("got %s", got)
	}
	for _, v := range []uint64{0, 1, 2, 3} { // (R22)
		if err := activate(h, "b", v, "", []byte("old")); !errors.Is(err, ErrOldVersion) {
			t.Errorf("version %d after 3: %v", v, err)
		}
	}
	broken := errors.New("half a package")
	err := h.Activate(List{Name: "b", Version: 4}, func(w io.Writer) error {
		w.Write(big)
		w.Write(big)
		return broken
	})
	if !errors.Is(err, broken) || current(t, h) != want {
		t.Errorf("a package that breaks off: %v", err)
	}
	if err := activate(h, "b", 4, "m4", []byte("c4")); err != nil { // its version is not used up
		t.Error(err)
	}
	// Of every version that isn't current, the key is gone (R25).
	if got := strings.Join(ring.Names(), " "); got != "list.key/a/00000000000000000005 list.key/b/00000000000000000004" {
		t.Errorf("keys: %s", got)
	}
	h.Close()
	ring.Close()
	h, ring = openLists(t, dir, nil)
	want = "a 5 m5: c5xxxxxx 6291458\nb 4 m4: c4 2\n"
	if got := current(t, h); got != want || h.Lost() {
		t.Errorf("after a restart %s", got)
	}
	// A reader of a version that is superseded meanwhile is told so.
	lists, err := h.Current()
	if err != nil {
		t.Fatal(err)
	}
	r := h.Image(lists[0])
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		t.Fatal(err)
	}
	if err := activate(h, "a", 6, "", []byte("c6")); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(r); !errors.Is(err, ErrOldVersion) {
		t.Errorf("an image that is gone: %v", err)
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
		if err := activate(h, "b", v, ""); !errors.Is(err, ErrOldVersion) {
			t.Errorf("version %d after 4 and a lost file: %v", v, err)
		}
	}
	if err := activate(h, "b", 5, ""); err != nil {
		t.Error(err)
	}
}

// Chunks that came outlive a restart, and are there until they are pruned.
func TestKeptChunks(t *testing.T) {
	dir := t.TempDir()
	h, ring := openLists(t, dir, nil)
	one, two, big := []byte("one"), []byte("two"), bytes.Repeat([]byte("big"), 2<<20)
	if err := h.Keep("w", named(one, two, big)); err != nil {
		t.Fatal(err)
	}
	h.Close()
	ring.Close()
	h, _ = openLists(t, dir, nil)
	if err := activate(h, "w", 1, ""); err != nil {
		t.Fatal(err)
	}
	has := func(c []byte) bool {
		b, err := h.Chunk("w", hashOf(c))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		return bytes.Equal(b, c)
	}
	if !has(one) || !has(two) || !has(big) || has([]byte("three")) {
		t.Error("chunks are lost")
	}
	if _, err := h.Chunk("v", hashOf(one)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("another list's chunk: %v", err)
	}
	if err := h.Prune("w", []string{hashOf(two), "nonsense"}); err != nil {
		t.Fatal(err)
	}
	if has(one) || !has(two) || has(big) {
		t.Error("pruned another chunk than those that aren't named")
	}
	if err := h.Prune("w", nil); err != nil || has(two) {
		t.Errorf("pruned nothing: %v", err)
	}
	if err := h.Keep("", named(one)); err == nil {
		t.Error("a list without a name")
	}
}

// Once a list is replaced, no copy of lists.db that was taken before tells what stood in it: its key is gone.
func TestOldListIsShredded(t *testing.T) {
	dir := t.TempDir()
	h, ring := openLists(t, dir, nil)
	if err := activate(h, "w", 1, "secret", []byte("plates")); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(dir, "lists.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := activate(h, "w", 2, "", []byte("others")); err != nil {
		t.Fatal(err)
	}
	h.Close()
	ring.Close()
	if err := os.WriteFile(filepath.Join(dir, "lists.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	h, _ = openLists(t, dir, nil)
	if got := current(t, h); got != "" || !h.Lost() {
		t.Errorf("the old list came back: %s", got)
	}
}

// A lists.db that is damaged anywhere never panics: it reads as before, or as missing, and takes a newer list.
func TestHotListsDamaged(t *testing.T) {
	dir := disktest.Dir(t)
	h, ring := openLists(t, dir, nil)
	content := bytes.Repeat([]byte("chunk "), 2000)
	if err := errors.Join(h.Keep("w", named(content)), activate(h, "w", 1, "m", content, content, content)); err != nil {
		t.Fatal(err)
	}
	h.Close()
	ring.Close()
	path := filepath.Join(dir, "lists.db")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ringFiles := map[string][]byte{} // each trial goes on from the same ring: a later version's activation destroys this one's key
	for _, name := range []string{"ring", "ring.key"} {
		if ringFiles[name], err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	page := listPages
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
			for name, b := range ringFiles {
				os.Remove(filepath.Join(dir, name))
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			h, ring := openLists(t, dir, nil)
			lists, err := h.Current()
			got := []byte(nil)
			for _, l := range lists {
				if got, err = io.ReadAll(h.Image(l)); err == nil {
					chunk, e := h.Chunk("w", hashOf(content))
					if err = e; e == nil && hashOf(chunk) != hashOf(content) {
						err = errors.New("another chunk") // as its reader sees
					}
				}
				if err != nil {
					if err := h.Forget(l.Name); err != nil {
						t.Error(err)
					}
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
			if err := activate(h, "w", h.Highest("w")+1, "", content); err != nil {
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
	if err := activate(h, "w", 1, "", []byte("one")); err != nil {
		t.Fatal(err)
	}
	faults.N = len(faults.Calls()) + 2 // the first makes the key
	err := activate(h, "w", 2, "", []byte("two"))
	if err == nil || current(t, h) != "w 2 : two 3\n" || h.Highest("w") != 1 {
		t.Errorf("%v; %s; highest %d", err, current(t, h), h.Highest("w"))
	}
	h.Close()
	ring.Close()
	h, ring = openLists(t, dir, nil)
	if h.Highest("w") != 2 || len(ring.Names()) != 1 {
		t.Errorf("highest %d, keys %v", h.Highest("w"), ring.Names())
	}
}

// One list's image goes bad: it is told, and that list can be given up; the other is as before.
func TestOneListDamaged(t *testing.T) {
	dir := t.TempDir()
	h, ring := openLists(t, dir, nil)
	for _, name := range []string{"a", "b"} {
		if err := activate(h, name, 1, "", bytes.Repeat([]byte(name), 9000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(imageBucket("a", 1))
		v := bytes.Clone(b.Get(blockKey(0)))
		v[100] ^= 1
		return b.Put(blockKey(0), v)
	}); err != nil {
		t.Fatal(err)
	}
	lists, err := h.Current()
	if err != nil || len(lists) != 2 {
		t.Fatalf("%v, %v", lists, err)
	}
	if _, err := io.ReadAll(h.Image(lists[0])); err == nil {
		t.Error("a damaged image was read")
	}
	if err := h.Forget("a"); err != nil {
		t.Fatal(err)
	}
	if got := current(t, h); got != "b 1 : bbbbbbbb 9000\n" || !h.Lost() {
		t.Errorf("left: %s", got)
	}
	h.Close()
	ring.Close()
	h, _ = openLists(t, dir, nil)
	if got := current(t, h); got != "b 1 : bbbbbbbb 9000\n" || h.Lost() {
		t.Errorf("after a restart: %s", got)
	}
	if err := activate(h, "a", 2, "", []byte("new")); err != nil {
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
					chunks := listChunks(name, v)
					if err = errors.Join(h.Keep(name, named(chunks...)), activate(h, name, v, hashOf(chunks[0]), chunks...)); err == nil {
						err = h.Prune(name, []string{hashOf(chunks[0])})
					}
					if err == nil {
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
			want := listChunks(l.Name, l.Version)
			if !bytes.Equal(image(t, h, l), bytes.Join(want, nil)) || string(l.Head) != hashOf(want[0]) {
				t.Fatalf("round %d: %s %d: another image", round, l.Name, l.Version)
			}
			if c, err := h.Chunk(l.Name, string(l.Head)); err != nil || !bytes.Equal(c, want[0]) {
				t.Fatalf("round %d: %s %d: its chunk: %v", round, l.Name, l.Version, err)
			}
			if err := activate(h, l.Name, l.Version, ""); !errors.Is(err, ErrOldVersion) {
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
		if n := len(ring.Names()); n != len(lists) {
			t.Errorf("round %d: %d keys of %d lists", round, n, len(lists))
		}
		h.Close()
		ring.Close()
	}
	if acked["b"] == 0 {
		t.Error("nothing was ever activated")
	}
	t.Logf("up to version %d, %d of them current before they were acknowledged", acked["a"], between)
}
