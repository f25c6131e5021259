package store

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"alprd/internal/alpr"
)

// Losing or damaging state.db loses no message and no read: those that wait are found in the segments, and delivered ones
// are sent again.
func TestStateLost(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"removed":   os.Remove,
		"garbage":   func(p string) error { return os.WriteFile(p, bytes.Repeat([]byte("x"), 9000), 0o600) },
		"empty":     func(p string) error { return os.Truncate(p, 0) },
		"truncated": func(p string) error { return os.Truncate(p, 9000) },
		"zeroed": func(p string) error {
			b, err := os.ReadFile(p)
			if err != nil {
				return err
			}
			clear(b[8192:])
			return os.WriteFile(p, b, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, clk := t.TempDir(), newDial()
			u := openUnit(t, dir, clk, Options{})
			var want []uint64
			for range 20 {
				want = append(want, commit(t, u.Store, hit(noon, 100)).Seqs[0])
			}
			u.Delivered(want[:10])
			u.stop()
			if err := damage(filepath.Join(dir, "state.db")); err != nil {
				t.Fatal(err)
			}
			u = openUnit(t, dir, clk, Options{})
			if got := pendingSeqs(t, u.Store, alpr.Prompt); !slices.Equal(got, want) {
				t.Errorf("pending %v, want %v", got, want)
			}
			if st := u.Stats(); !st.Rebuilt || len(reads(t, u.Store)) != 20 {
				t.Errorf("%+v", st)
			}
			if r := commit(t, u.Store, hit(noon, 100)); r.Seqs[0] != want[19]+2 {
				t.Errorf("seq %d after %d", r.Seqs[0], want[19]+1)
			}
		})
	}
}

// state.db goes bad while the store runs: it is made anew from memory, and nothing is missed.
func TestStateDamagedWhileRunning(t *testing.T) {
	dir, clk := t.TempDir(), newDial()
	u := openUnit(t, dir, clk, Options{})
	want := commit(t, u.Store, hit(noon, 100)).Seqs
	u.state.db.Close()
	if err := u.Delivered(want[:1]); err != nil {
		t.Fatal(err)
	}
	u.die()
	u = openUnit(t, dir, clk, Options{})
	if got := pendingSeqs(t, u.Store, alpr.Bulk); !slices.Equal(got, want[1:]) || len(pendingSeqs(t, u.Store, alpr.Prompt)) != 0 {
		t.Errorf("pending %v, want %v", got, want[1:])
	}
}
