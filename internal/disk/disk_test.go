package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"alprd/internal/disk"
	"alprd/internal/disk/disktest"
)

// Any call of WriteFile fails, or the power goes after it: the file holds the old content or the new, whole, and the new
// once it was acknowledged.
func TestWriteFile(t *testing.T) {
	contents := [][]byte{bytes.Repeat([]byte("a"), 2000), bytes.Repeat([]byte("b"), 3000), bytes.Repeat([]byte("c"), 1000)}
	version := func(b []byte) int {
		for i, c := range contents {
			if bytes.Equal(b, c) {
				return i
			}
		}
		return -1
	}
	dir := disktest.Dir(t)
	rec := &disktest.Recorder{Root: dir}
	fs := &disk.FS{Hook: rec.Hook}
	var acked []int
	for _, c := range contents {
		if err := fs.WriteFile("file", filepath.Join(dir, "f"), c, 0o600); err != nil {
			t.Fatal(err)
		}
		acked = append(acked, rec.Len())
	}
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 0))
	for n := range rec.Len() + 1 {
		least := -1
		for least+1 < len(acked) && acked[least+1] <= n {
			least++
		}
		for range 8 {
			image := disktest.Dir(t)
			if err := rec.Image(image, n, rng); err != nil {
				t.Fatal(err)
			}
			b, err := os.ReadFile(filepath.Join(image, "f"))
			if errors.Is(err, os.ErrNotExist) && least < 0 {
				continue
			}
			if v := version(b); err != nil || v != least && v != least+1 || v < 0 {
				t.Errorf("seed %d, power lost before step %d (%s): version %d of %d bytes, %d was acknowledged, %v", seed, n, rec.Step(n), v, len(b), least, err)
			}
		}
	}
	for n := 1; ; n++ {
		for _, mode := range []disktest.Mode{disktest.Failed, disktest.FailedButDone, disktest.Crash} {
			dir := disktest.Dir(t)
			path := filepath.Join(dir, "f")
			if err := (*disk.FS)(nil).WriteFile("file", path, contents[0], 0o600); err != nil {
				t.Fatal(err)
			}
			f := &disktest.Faults{N: n, Mode: mode}
			err := (&disk.FS{Hook: f.Hook}).WriteFile("file", path, contents[1], 0o600)
			b, _ := os.ReadFile(path)
			switch v := version(b); {
			case !f.Hit():
				if err != nil || n < 5 {
					t.Errorf("%d calls, %v", n-1, err)
				}
				return
			case err == nil && v != 1, v != 0 && v != 1:
				t.Errorf("call %d %v: version %d, %v", n, mode, v, err)
			}
		}
	}
}

func TestLockDir(t *testing.T) {
	dir := t.TempDir()
	var fs *disk.FS
	l, err := fs.LockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.LockDir(dir); !errors.Is(err, disk.ErrLocked) {
		t.Errorf("locked twice: %v", err)
	}
	l.Close()
	if l, err = fs.LockDir(dir); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if _, err := fs.LockDir(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
}

// The recorder itself: what was synced is in every image, and what wasn't is in some, whole or torn, and absent from others.
func TestRecorder(t *testing.T) {
	dir := disktest.Dir(t)
	rec := &disktest.Recorder{Root: dir}
	fs := &disk.FS{Hook: rec.Hook}
	f, err := fs.Create("f", filepath.Join(dir, "f"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	synced, loose := bytes.Repeat([]byte("s"), 1024), bytes.Repeat([]byte("l"), 2048)
	for _, err := range []error{f.WriteAt(synced, 0), f.Sync(), fs.SyncDir("d", dir), f.WriteAt(loose, 1024)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	kinds := map[string]int{}
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		image := disktest.Dir(t)
		if err := rec.Image(image, rec.Len(), rng); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(image, "f"))
		if err != nil || !bytes.HasPrefix(b, synced) {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		kinds[fmt.Sprint(len(b), bytes.Count(b, []byte("l")))]++
	}
	if kinds["1024 0"] == 0 || kinds["3072 2048"] == 0 || len(kinds) < 5 {
		t.Errorf("%v", kinds)
	}
}
