package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"alprd/internal/alpr"
)

// A small file system fills up. What is shed goes in the declared order, what was acknowledged is there, the purge still
// works, and then room is used again.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("mounting a small file system needs root: %v", err)
	}
	mounted := true
	defer func() {
		if mounted {
			unix.Unmount(dir, unix.MNT_DETACH)
		}
	}()
	u := openUnit(t, dir, newDial(), Options{Reserve: 6 << 20})
	kept, hits := map[string]bool{}, 0
	var order []string
	note := func(s string) {
		if len(order) == 0 || order[len(order)-1] != s {
			order = append(order, s)
		}
	}
	big := func() Item {
		it := telling(noon, 100<<10)
		build := it.Messages[1].Build
		it.Messages[1].Build = func(seq uint64) ([]byte, error) { // the scene is as large as its picture
			b, err := build(seq)
			return append([]byte(strings.Repeat("x", 100<<10)+" "), b...), err
		}
		return it
	}
	for i := 0; ; i++ {
		if i > 10000 {
			t.Fatal("never full")
		}
		it := miss(noon, 100<<10)
		if i%2 == 1 || hits > 50 {
			it = big()
		}
		s := "miss"
		if it.Sync {
			s = "hit"
			hits++
		}
		u.room.at = time.Time{} // ask the file system each time
		r, err := u.Commit(it)
		switch {
		case errors.Is(err, ErrFull):
			note(s + " refused")
			if it.Sync {
				goto full
			}
			continue
		case err != nil:
			t.Fatal(err)
		case r.Shed == ShedPictures:
			note(s + " without pictures")
			if it.Sync && len(r.Seqs) != 1 {
				t.Errorf("seqs %v: the alert alone was to be kept", r.Seqs)
			}
		}
		kept[it.Read.ID] = true
	}
full:
	var firsts []string
	for _, s := range order {
		if !contains(firsts, s) {
			firsts = append(firsts, s)
		}
	}
	if got := strings.Join(firsts, ", "); got != "miss without pictures, miss refused, hit without pictures, hit refused" {
		t.Errorf("shed in the order: %s", got)
	}
	st := u.Stats()
	if st.ShedPictures == 0 || st.ShedReads == 0 || st.ShedHits != 1 || st.Shedding != ShedItem {
		t.Errorf("%+v", st)
	}
	check := func() {
		t.Helper()
		n := 0
		for _, r := range reads(t, u.Store) {
			if !kept[r.ID] {
				t.Error("a read that was refused is there")
			}
			n++
		}
		if n != len(kept) {
			t.Errorf("%d of %d reads", n, len(kept))
		}
	}
	check()
	if out, err := u.Pending(alpr.Prompt, 0, 3); err != nil || len(out) != 3 || u.Delivered([]uint64{out[0].Seq}) != nil {
		t.Errorf("delivering on a full disk: %v, %v", out, err)
	}
	// Fill it to the last byte, so that not even the ring key's new file fits.
	f, err := u.fs.Create("ballast", dir+"/ballast", 0o600)
	if err != nil {
		t.Log(err)
	} else {
		for off := int64(0); f.WriteAt(make([]byte, 4096), off) == nil; off += 4096 {
		}
		f.Close()
	}
	u.stop()
	u = openUnit(t, dir, u.clock, Options{Reserve: 6 << 20})
	check()
	u.clock.pass(MaxRetention)
	if gone, err := u.Purge(); err != nil || len(gone) != 1 {
		t.Fatalf("purge on a full disk: %+v, %v", gone, err)
	}
	u.room.at = time.Time{}
	if r, err := u.Commit(miss(noon.Add(MaxRetention), 100)); err != nil || r.Shed != 0 {
		t.Errorf("after the purge: %+v, %v", r, err)
	}
	u.stop()
	if err := unix.Unmount(dir, 0); err != nil {
		t.Errorf("something is still open: %v", err)
	} else {
		mounted = false
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}
