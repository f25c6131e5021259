package match

import (
	"encoding/binary"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"alprd/internal/alpr"
)

// benchSizes are a million entries, and ten million with ALPRD_BENCH=10000000.
func benchSizes() []int {
	sizes := []int{1_000_000}
	if n, _ := strconv.Atoi(os.Getenv("ALPRD_BENCH")); n > 0 {
		sizes = append(sizes, n)
	}
	return sizes
}

// mixed yields n entries of the mix, without holding them.
func mixed(n int, seed uint64) iter.Seq2[alpr.Entry, error] {
	return func(yield func(alpr.Entry, error) bool) {
		r := newSynth(seed)
		e := alpr.Entry{Region: "us-nc", Class: "stolen_vehicle", Priority: 30, Make: "FORD", Model: "FUS", Colour: "RED", Year: "2019", EnteredAt: now}
		for i := range n {
			e.ID, e.Plate = fmt.Sprintf("V%09d", i), alpr.NewPlate(r.plate())
			if !yield(e, nil) {
				return
			}
		}
	}
}

// passes are reads as the reader makes them: two margins a look, forty columns, doubts as in measured.md, half listed.
func passes(x *Index, n, looks int) []alpr.Read {
	r := newSynth(99)
	c := x.lists[0].codes
	out := make([]alpr.Read, n)
	for i := range out {
		truth := r.plate()
		if i%2 == 0 {
			truth = decode(c.sorted[r.IntN(len(c.sorted))])
		}
		s := r.see(truth, 1)
		var e alpr.Evidence
		for range 2 * looks {
			e = append(e, r.look(s, 40, 0.625))
		}
		out[i] = readOf(e, s)
	}
	return out
}

// run measures f on each read in turn and reports the median and the 99th percentile in microseconds.
func run(b *testing.B, reads []alpr.Read, f func(alpr.Read)) {
	b.Helper()
	for _, r := range reads[:min(20, len(reads))] {
		f(r)
	}
	var took []time.Duration
	i := 0
	for b.Loop() {
		t := time.Now()
		f(reads[i%len(reads)])
		took = append(took, time.Since(t))
		i++
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-µs")
}

// BenchmarkMatch compares the index with its rivals in one run: probing a bbolt file for every text that the same read
// allows, with and without one edit, and an exact map of the best text alone, which finds no more than that.
func BenchmarkMatch(b *testing.B) {
	for _, size := range benchSizes() {
		x, err := Build([]List{{Info: alpr.ListInfo{Name: "bench"}, Entries: mixed(size, 1)}})
		if err != nil {
			b.Fatal(err)
		}
		n, search, details := x.Size()
		name := fmt.Sprintf("%d", size)
		reads := map[int][]alpr.Read{1: passes(x, 500, 1), 4: passes(x, 500, 4)}
		for _, looks := range []int{1, 4} {
			for _, threshold := range []float64{0.1, 0.01, 0.001} {
				x.lists[0].threshold = threshold
				b.Run(fmt.Sprintf("%s/index/looks=%d/threshold=%v", name, looks, threshold), func(b *testing.B) {
					hits := 0
					run(b, reads[looks], func(r alpr.Read) { hits += len(x.Match(r, now)) })
					b.ReportMetric(float64(search)/float64(n), "B/entry")
					b.ReportMetric(float64(details)/float64(n), "details-B/entry")
					b.ReportMetric(float64(hits)/float64(b.N+20), "hits/read")
				})
				b.Run(fmt.Sprintf("%s/walk/looks=%d/threshold=%v", name, looks, threshold), func(b *testing.B) {
					nodes, i := 0, 0
					prepared := make([]*query, len(reads[looks]))
					for i, r := range reads[looks] {
						prepared[i], _ = newQuery(r)
					}
					run(b, reads[looks], func(alpr.Read) {
						nodes += prepared[i%len(prepared)].search(x.lists[0].codes, threshold).nodes
						i++
					})
					b.ReportMetric(float64(nodes)/float64(i), "nodes")
				})
			}
		}
		x.lists[0].threshold = DefaultThreshold
		b.Run(name+"/exact map of the best text", func(b *testing.B) {
			exact := map[uint64]struct{}{}
			for _, c := range x.lists[0].codes.sorted {
				exact[c] = struct{}{}
			}
			run(b, reads[1], func(r alpr.Read) {
				c, _ := encode(r.Plate.Fold())
				_, _ = exact[c]
			})
		})
		b.Run(name+"/bbolt probes", func(b *testing.B) {
			db := boltOf(b, x.lists[0].codes.sorted)
			defer db.Close()
			for _, edit := range []bool{false, true} {
				for _, likely := range []float64{1e-2, 1e-4} {
					b.Run(fmt.Sprintf("edit=%v/likelihood=%v", edit, likely), func(b *testing.B) {
						probes, rounds := 0, 0
						run(b, reads[1], func(r alpr.Read) {
							probes += probe(b, db, r.Lattice, likely, edit)
							rounds++
						})
						b.ReportMetric(float64(probes)/float64(rounds), "probes")
					})
				}
			}
		})
	}
}

// boltOf writes the codes to a bbolt file.
func boltOf(b *testing.B, sorted []uint64) *bbolt.DB {
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "list.db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		b.Fatal(err)
	}
	for part := range slices.Chunk(sorted, 200_000) {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("l"))
			if err != nil {
				return err
			}
			bucket.FillPercent = 1
			for _, c := range part {
				if err := bucket.Put(binary.BigEndian.AppendUint64(nil, c), []byte{1}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return db
}

// probe asks the file for each text that the lattice allows with at least the likelihood, and for each with one character missing or put in.
func probe(b *testing.B, db *bbolt.DB, l alpr.Lattice, likely float64, edit bool) int {
	seen := map[uint64]bool{}
	var spell func(i int, text []byte, p float64)
	add := func(text string) {
		if c, ok := encode(fold(text)); ok {
			seen[c] = true
		}
	}
	spell = func(i int, text []byte, p float64) {
		if p < likely {
			return
		}
		if i < len(l) {
			for _, c := range l[i] {
				spell(i+1, append(text[:len(text):len(text)], c.Text...), p*c.P)
			}
			return
		}
		s := string(text)
		add(s)
		if edit {
			for i := range len(s) {
				add(s[:i] + s[i+1:])
			}
			for i := range len(s) + 1 {
				for _, c := range alpr.Alphabet {
					add(s[:i] + string(c) + s[i:])
				}
			}
		}
	}
	spell(0, nil, 1)
	err := db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte("l"))
		for c := range seen {
			bucket.Get(binary.BigEndian.AppendUint64(nil, c))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return len(seen)
}

// BenchmarkBuild is a list's way from a sequence to a live index: in no order, and in the order of a package. The time that
// making up the entries takes is measured by itself and subtracted.
func BenchmarkBuild(b *testing.B) {
	for _, size := range benchSizes() {
		sorted := slices.Collect(func(yield func(uint64) bool) {
			for e := range mixed(size, 1) {
				if c, ok := encode(e.Plate.Fold()); ok && !yield(c) {
					return
				}
			}
		})
		slices.Sort(sorted)
		inOrder := func(yield func(alpr.Entry, error) bool) {
			e := alpr.Entry{Region: "us-nc", Class: "stolen_vehicle", Priority: 30, Make: "FORD", Model: "FUS", Colour: "RED", Year: "2019", EnteredAt: now}
			for i, c := range sorted {
				e.ID, e.Plate = fmt.Sprintf("V%09d", i), alpr.NewPlate(decode(c))
				if !yield(e, nil) {
					return
				}
			}
		}
		for _, c := range []struct {
			name string
			seq  iter.Seq2[alpr.Entry, error]
		}{{"unsorted", mixed(size, 1)}, {"sorted", inOrder}} {
			b.Run(fmt.Sprintf("%d/%s", size, c.name), func(b *testing.B) {
				var x *Index
				var made time.Duration
				for b.Loop() {
					b.StopTimer()
					start := time.Now()
					for range c.seq {
					}
					made += time.Since(start)
					b.StartTimer()
					var err error
					if x, err = Build([]List{{Entries: c.seq}}); err != nil {
						b.Fatal(err)
					}
				}
				n, search, details := x.Size()
				b.ReportMetric((b.Elapsed()-made).Seconds()/float64(b.N), "s-alone")
				b.ReportMetric(float64(search)/float64(n), "B/entry")
				b.ReportMetric(float64(details)/float64(n), "details-B/entry")
				start := time.Now()
				runtime.GC()
				b.ReportMetric(float64(time.Since(start).Microseconds())/1e3, "gc-ms")
				runtime.KeepAlive(x)
			})
		}
	}
}
