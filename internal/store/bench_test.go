package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"alprd/internal/alpr"
	"alprd/internal/seal"
)

// sectors is how many bytes the device below dir has written since it started, for everyone on the machine; zero when it
// can't be told.
func sectors(dir string) int64 {
	var st syscall.Stat_t
	if syscall.Stat(dir, &st) != nil {
		return 0
	}
	b, err := os.ReadFile(fmt.Sprintf("/sys/dev/block/%d:%d/stat", unix.Major(st.Dev), unix.Minor(st.Dev)))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	n, _ := strconv.ParseInt(f[6], 10, 64)
	return n * 512
}

// amplification reports the bytes the device wrote for each byte of content.
func amplification(b *testing.B, dir string, content int, work func()) {
	unix.Sync()
	before := sectors(dir)
	work()
	unix.Sync()
	if n := sectors(dir) - before; n > 0 {
		b.ReportMetric(float64(n)/float64(content*b.N), "device-B/B")
	}
}

// noise is incompressible, as pictures are.
func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.NewChaCha8([32]byte{1})
	rng.Read(b)
	return b
}

// small is a read of about 300 bytes; large has 60 KB of pictures.
func sized(at time.Time, picture []byte) Item {
	it := Item{Read: alpr.Read{ID: alpr.NewID(at), FirstAt: at, At: at, LastAt: at, Plate: alpr.NewPlate("TST1234")}}
	if len(picture) > 0 {
		it.Pictures = []Picture{{"scene", picture}}
	}
	return it
}

func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{0, 60_000} {
		picture := noise(size)
		content := max(size, 300)
		label := fmt.Sprintf("%dB", content)
		for _, c := range []struct {
			name    string
			sync    bool
			cameras int
		}{{"sync", true, 1}, {"sync-8cameras", true, 8}, {"grouped", false, 1}} {
			b.Run(label+"/"+c.name, func(b *testing.B) {
				dir := b.TempDir()
				u := openUnit(b, dir, newDial(), Options{})
				b.SetBytes(int64(content))
				b.ResetTimer()
				amplification(b, dir, content, func() {
					var wg sync.WaitGroup
					for i := range c.cameras {
						wg.Go(func() {
							for range b.N/c.cameras + min(1, max(0, b.N%c.cameras-i)) {
								it := sized(noon, picture)
								it.Sync = c.sync
								if _, err := u.Commit(it); err != nil {
									b.Error(err)
									return
								}
							}
						})
					}
					wg.Wait()
					if err := u.Store.Close(); err != nil {
						b.Error(err)
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
			})
		}
		// The rivals, in the same run: pictures inside bbolt, one read a commit and ten a commit.
		for _, group := range []int{1, 10} {
			b.Run(fmt.Sprintf("%s/rival-bbolt-%d", label, group), func(b *testing.B) {
				dir := b.TempDir()
				db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, nil)
				if err != nil {
					b.Fatal(err)
				}
				defer db.Close()
				value := append(bytes.Clone(picture), noise(300)...)
				b.SetBytes(int64(content))
				b.ResetTimer()
				amplification(b, dir, content, func() {
					for i := 0; i < b.N; i += group {
						if err := db.Update(func(tx *bbolt.Tx) error {
							bk, err := tx.CreateBucketIfNotExists([]byte("reads"))
							if err != nil {
								return err
							}
							for j := range min(group, b.N-i) {
								if err := bk.Put(binary.BigEndian.AppendUint64(nil, uint64(i+j)), value); err != nil {
									return err
								}
							}
							return nil
						}); err != nil {
							b.Fatal(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reads/s")
			})
		}
	}
}

// BenchmarkOpen is how long the store takes to start with 4,000 reads of 30 KB (120 MB): as it was closed, after a crash, and
// with state.db lost.
func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	u := openUnit(b, dir, newDial(), Options{})
	picture := noise(30_000)
	for i := range 4000 {
		it := sized(noon.Add(time.Duration(i)*time.Second), picture)
		if i%10 == 0 {
			it.Messages = []Message{{alpr.Prompt, "alert", func(uint64) ([]byte, error) { return picture[:12_000], nil }}}
		}
		if _, err := u.Commit(it); err != nil {
			b.Fatal(err)
		}
		if i == 3900 {
			if err := u.sync(u.written); err != nil {
				b.Fatal(err)
			}
			if err := u.checkpoint(); err != nil {
				b.Fatal(err)
			}
		}
	}
	u.die()
	state := filepath.Join(dir, "state.db")
	crashed, err := os.ReadFile(state)
	if err != nil {
		b.Fatal(err)
	}
	u = openUnit(b, dir, newDial(), Options{})
	u.stop()
	closed, err := os.ReadFile(state)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		state []byte
	}{{"closed", closed}, {"crashed", crashed}, {"state-lost", nil}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				os.Remove(state)
				if c.state != nil {
					if err := os.WriteFile(state, c.state, 0o600); err != nil {
						b.Fatal(err)
					}
				}
				b.StartTimer()
				u, err := tryUnit(dir, newDial(), Options{})
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if d := u.Depth(alpr.Prompt); d.Count != 400 {
					b.Fatal(d)
				}
				u.stop()
				b.StartTimer()
			}
		})
	}
}

// BenchmarkReads walks a day of 20,000 reads.
func BenchmarkReads(b *testing.B) {
	u := openUnit(b, b.TempDir(), newDial(), Options{})
	for i := range 20_000 {
		if _, err := u.Commit(sized(noon.Add(time.Duration(i)*time.Second), nil)); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	for b.Loop() {
		n := 0
		if err := u.Reads(context.Background(), noon, noon.AddDate(0, 0, 1), func(alpr.Read) error { n++; return nil }); err != nil || n == 0 {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(float64(b.N)*20_000/b.Elapsed().Seconds(), "reads/s")
}

// BenchmarkDrain is a link that comes back: 2,000 alerts of 12 KB leave, acknowledged 32 at a time.
func BenchmarkDrain(b *testing.B) {
	payload := noise(12_000)
	for b.Loop() {
		b.StopTimer()
		u := openUnit(b, b.TempDir(), newDial(), Options{})
		for range 2000 {
			it := sized(noon, nil)
			it.Messages = []Message{{alpr.Prompt, "alert", func(uint64) ([]byte, error) { return payload, nil }}}
			if _, err := u.Commit(it); err != nil {
				b.Fatal(err)
			}
		}
		if err := u.sync(u.written); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		for after := uint64(0); ; {
			out, err := u.Pending(alpr.Prompt, after, 32)
			if err != nil {
				b.Fatal(err)
			}
			if len(out) == 0 {
				break
			}
			var seqs []uint64
			for _, o := range out {
				if _, err := u.Payload(o); err != nil {
					b.Fatal(err)
				}
				seqs, after = append(seqs, o.Seq), o.Seq
			}
			if err := u.Delivered(seqs); err != nil {
				b.Fatal(err)
			}
		}
		b.StopTimer()
		u.stop()
		b.StartTimer()
	}
	b.ReportMetric(float64(b.N)*2000/b.Elapsed().Seconds(), "messages/s")
}

// BenchmarkLists is a list of 100 MB in chunks of 1 MiB and an image of 90 MB, as ten million plates take: kept, activated, opened at the next start, and its image
// read then.
func BenchmarkLists(b *testing.B) {
	chunk := noise(1 << 20)
	dir := b.TempDir()
	ring, err := seal.OpenRing(filepath.Join(dir, "ring"), seal.NewFileKey(filepath.Join(dir, "ring.key"), nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer ring.Close()
	h, err := OpenHotLists(dir, ring, nil)
	if err != nil {
		b.Fatal(err)
	}
	v := uint64(0)
	b.Run("keep", func(b *testing.B) {
		b.SetBytes(100 << 20)
		for b.Loop() {
			err := h.Keep("ncic", func(yield func(string, []byte) bool) {
				for i := range 100 {
					if !yield(strconv.Itoa(i), chunk) {
						return
					}
				}
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("activate", func(b *testing.B) {
		b.SetBytes(90 << 20)
		for b.Loop() {
			v++
			if err := activate(h, "ncic", v, "", slices.Repeat([][]byte{chunk}, 90)...); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			h.Close()
			if h, err = OpenHotLists(dir, ring, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("image", func(b *testing.B) {
		b.SetBytes(90 << 20)
		for b.Loop() {
			lists, err := h.Current()
			if err != nil || len(lists) != 1 {
				b.Fatal(err)
			}
			if n, err := io.Copy(io.Discard, h.Image(lists[0])); err != nil || n != 90<<20 {
				b.Fatal(n, err)
			}
		}
	})
	h.Close()
}
