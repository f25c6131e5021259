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
	"sync"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"alprd/internal/alpr"
)

// The benchmarks of searching and matching, all against one list of a million plates, or of ALPR_BENCH_PLATES:
//
//	ALPR_BENCH_PLATES=10000000 go test -run xxx -bench . ./internal/match
//
// p50-us and p99-us are of the thread's processor time, which other programs on the machine stretch least.

// benchCodes is the list, in order.
var benchCodes = sync.OnceValue(func() []uint64 {
	n, _ := strconv.Atoi(os.Getenv("ALPR_BENCH_PLATES"))
	if n <= 0 {
		n = 1_000_000
	}
	r := newSynth(1)
	codes := make([]uint64, n)
	for i := range codes {
		codes[i], _ = encode(fold(r.common()))
	}
	slices.Sort(codes)
	return codes
})

// benchPlates is the same, packed.
var benchPlates = sync.OnceValue(func() *Plates { return packSorted(slices.Clone(benchCodes())) })

// benchTruths are the plates that pass: half of them listed.
var benchTruths = sync.OnceValue(func() []string {
	r := newSynth(99)
	codes := benchCodes()
	out := make([]string, 2000)
	for i := range out {
		out[i] = r.common()
		if i%2 == 0 {
			out[i] = decode(codes[r.IntN(len(codes))])
		}
	}
	return out
})

// benchLattices are what the lattice searches and their rival are asked: the same for all.
var benchLattices = sync.OnceValue(func() []alpr.Lattice {
	r := newSynth(98)
	var out []alpr.Lattice
	for _, t := range benchTruths() {
		out = append(out, r.lattice(t, 0.02))
	}
	return out
})

// likely is what a search asks of a lattice's texts: very little.
const likely = 1e-4

// cpu is the processor time of this thread.
func cpu() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// run measures f on each of n queries in turn, batch at a time, and reports the median and the 99th percentile.
func run(b *testing.B, n, batch int, f func(i int)) {
	b.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := range min(100, n) {
		f(i)
	}
	var took []time.Duration
	i := 0
	for b.Loop() {
		start := cpu()
		for range batch {
			f(i % n)
			i++
		}
		took = append(took, (cpu()-start)/time.Duration(batch))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "p50-us")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "p99-us")
	b.ReportMetric(float64(i)/float64(max(b.N, 1)), "queries/op")
}

func reportBytes(b *testing.B) {
	p := benchPlates()
	b.ReportMetric(float64(p.Bytes())/float64(p.Len()), "bytes/entry")
}

// BenchmarkExact looks one text up, the rival of every search that forgives something.
func BenchmarkExact(b *testing.B) {
	p, truths := benchPlates(), benchTruths()
	hits := 0
	run(b, len(truths), 20, func(i int) {
		code, _ := encode(truths[i])
		from, to := p.forward.find(code)
		hits += to - from
	})
	reportBytes(b)
}

// BenchmarkLattice finds every listed plate that a lattice allows.
func BenchmarkLattice(b *testing.B) { benchSearch(b, benchLattices(), false) }

// BenchmarkLatticeOneEdit finds those too that have a character less or more than the lattice allows.
func BenchmarkLatticeOneEdit(b *testing.B) { benchSearch(b, benchLattices(), true) }

// BenchmarkWildcard2 finds every listed plate that fits one of which two characters aren't known.
func BenchmarkWildcard2(b *testing.B) {
	r := newSynth(97)
	var lattices []alpr.Lattice
	for _, t := range benchTruths() {
		var l alpr.Lattice
		open := r.Perm(len(t))[:min(2, len(t)-1)]
		for i := range t {
			c := alpr.Char{Text: t[i : i+1], P: 1}
			if slices.Contains(open, i) {
				c = alpr.Char{Text: "?", P: 1}
			}
			l = append(l, []alpr.Char{c})
		}
		lattices = append(lattices, l)
	}
	benchSearch(b, lattices, false)
}

func benchSearch(b *testing.B, lattices []alpr.Lattice, edit bool) {
	p := benchPlates()
	var s searcher
	found, asked := 0, 0
	run(b, len(lattices), 1, func(i int) {
		found += len(s.search(p, lattices[i], likely, edit))
		asked++
	})
	reportBytes(b)
	b.ReportMetric(float64(found)/float64(asked), "found")
}

// BenchmarkBboltProbe is the rival: the same list in a bbolt file, the same lattices, and a probe for every text that one
// allows, in one transaction a query and in the order of the keys.
func BenchmarkBboltProbe(b *testing.B) {
	db := boltOf(b, benchCodes())
	defer db.Close()
	lattices := benchLattices()
	for _, edit := range []bool{false, true} {
		name := "lattice"
		if edit {
			name = "one_edit"
		}
		b.Run(name, func(b *testing.B) {
			probes, found, asked := 0, 0, 0
			run(b, len(lattices), 1, func(i int) {
				texts := enumerate(lattices[i], likely, edit)
				slices.Sort(texts)
				texts = slices.Compact(texts)
				probes += len(texts)
				found += probe(b, db, texts)
				asked++
			})
			b.ReportMetric(float64(probes)/float64(asked), "probes")
			b.ReportMetric(float64(found)/float64(asked), "found")
		})
	}
}

func probe(b *testing.B, db *bbolt.DB, codes []uint64) (found int) {
	err := db.View(func(tx *bbolt.Tx) error {
		bucket := tx.Bucket([]byte("l"))
		var key [8]byte
		for _, c := range codes {
			binary.BigEndian.PutUint64(key[:], c)
			if bucket.Get(key[:]) != nil {
				found++
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return found
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

// benchReads are reads as the reader makes them: two margins a look, forty columns, doubts in three of seven characters.
func benchReads(looks int) []alpr.Read {
	r := newSynth(96)
	var out []alpr.Read
	for _, truth := range benchTruths()[:500] {
		s := r.see(truth, 1)
		var e alpr.Evidence
		for range 2 * looks {
			e = append(e, r.look(s, 40, 0.625))
		}
		out = append(out, readOf(e, s))
	}
	return out
}

// BenchmarkMatch is a whole match of a read with its matrices, and its parts: preparing the read, searching the list in it, and,
// in BenchmarkRescore, scoring what was found.
func BenchmarkMatch(b *testing.B) {
	p := benchPlates()
	nothing := detailsFunc(func(i int) (alpr.Entry, error) { return alpr.Entry{Plate: alpr.NewPlate(p.at(i))}, nil })
	for _, looks := range []int{1, 4} {
		reads := benchReads(looks)
		for _, threshold := range []float64{0.05, 0.005} {
			x, err := Build([]List{{Rules: Rules{Threshold: threshold}, Plates: p, Details: nothing}})
			if err != nil {
				b.Fatal(err)
			}
			name := fmt.Sprintf("looks=%d/threshold=%v/", looks, threshold)
			b.Run(name+"whole", func(b *testing.B) {
				hits, asked := 0, 0
				run(b, len(reads), 1, func(i int) { hits += len(x.Match(reads[i], now)); asked++ })
				b.ReportMetric(float64(hits)/float64(asked), "hits/read")
			})
			b.Run(name+"prepare", func(b *testing.B) {
				var q query
				run(b, len(reads), 1, func(i int) { q.prepare(reads[i]) })
			})
			b.Run(name+"search", func(b *testing.B) {
				prepared := make([]query, len(reads))
				for i := range reads {
					prepared[i].prepare(reads[i])
				}
				nodes, asked := 0, 0
				run(b, len(reads), 1, func(i int) {
					_, n := prepared[i].search(p, listedWeight(p.Len()), threshold)
					nodes += n
					asked++
				})
				b.ReportMetric(float64(nodes)/float64(asked), "nodes")
			})
		}
	}
}

// BenchmarkRescore scores one plate that a search found by the read's matrices, the read's own candidates included.
func BenchmarkRescore(b *testing.B) {
	for _, looks := range []int{1, 4} {
		b.Run(fmt.Sprintf("looks=%d", looks), func(b *testing.B) {
			reads, truths := benchReads(looks), benchTruths()
			prepared := make([]query, len(reads))
			for i := range reads {
				prepared[i].prepare(reads[i])
			}
			run(b, len(reads), 1, func(i int) {
				prepared[i].own, prepared[i].scorer = nil, nil
				prepared[i].posterior(fold(truths[i]), 1)
			})
		})
	}
}

// BenchmarkPack is a list's way from plates in their order to an index, and BenchmarkReadPlates that from packed bytes.
func BenchmarkPack(b *testing.B) {
	codes := benchCodes()
	for b.Loop() {
		packSorted(slices.Clone(codes))
	}
	reportBytes(b)
}

func BenchmarkReadPlates(b *testing.B) {
	p := benchPlates()
	path := filepath.Join(b.TempDir(), "plates")
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := p.WriteTo(f); err != nil {
		b.Fatal(err)
	}
	f.Close()
	b.SetBytes(p.Size())
	for b.Loop() {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := ReadPlates(f, p.Len()); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

// BenchmarkBuild is a list's way from entries in no order to a live index with its details in memory. The time that making up
// the entries takes is measured by itself and subtracted.
func BenchmarkBuild(b *testing.B) {
	seq := mixed(len(benchCodes()), 1)
	var made time.Duration
	for b.Loop() {
		b.StopTimer()
		start := time.Now()
		for range seq {
		}
		made += time.Since(start)
		b.StartTimer()
		x, err := Build([]List{{Entries: seq}})
		if err != nil {
			b.Fatal(err)
		}
		runtime.KeepAlive(x)
	}
	b.ReportMetric((b.Elapsed()-made).Seconds()/float64(b.N), "s-alone")
}

// mixed yields n entries of the mix, without holding them.
func mixed(n int, seed uint64) iter.Seq2[alpr.Entry, error] {
	return func(yield func(alpr.Entry, error) bool) {
		r := newSynth(seed)
		e := alpr.Entry{Region: "us-nc", Class: "stolen_vehicle", Priority: 30, Make: "FORD", Model: "FUS", Colour: "RED", Year: "2019", EnteredAt: now}
		for i := range n {
			e.ID, e.Plate = fmt.Sprintf("V%09d", i), alpr.NewPlate(r.common())
			if !yield(e, nil) {
				return
			}
		}
	}
}
