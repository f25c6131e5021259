package match

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// BenchmarkSwapUnderLoad matches a thousand reads a second while the list, read from packed bytes on the disk as at a start, is
// replaced ten times. Every read is of a plate that all versions list; missed counts those without a hit. p99-ms is of the match
// as the camera sees it, waiting for a processor included; lists is the most memory in use, in lists.
func BenchmarkSwapUnderLoad(b *testing.B) {
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
	one, count := p.Bytes(), p.Len()
	open := func(version uint64) List {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		p, err := ReadPlates(f, count)
		if err != nil {
			b.Fatal(err)
		}
		return List{Info: alpr.ListInfo{Name: "l", Version: version}, Plates: p,
			Details: detailsFunc(func(i int) (alpr.Entry, error) { return alpr.Entry{Plate: alpr.NewPlate(p.at(i))}, nil })}
	}
	first, err := Build([]List{open(0)})
	if err != nil {
		b.Fatal(err)
	}
	var reads []alpr.Read
	for i, r := range benchReads(1) {
		if i%2 == 0 && len(first.Match(r, now)) > 0 {
			reads = append(reads, r)
		}
	}
	// What the benchmark itself holds doesn't count.
	var current Current
	current.Swap(first)
	first, p = nil, nil
	runtime.GC()
	before := inUse() - uint64(one)*2 // of benchPlates, which stays, and of the list in force
	for b.Loop() {
		var stop atomic.Bool
		var wg sync.WaitGroup
		var took []time.Duration
		missed := 0
		wg.Go(func() {
			begin := time.Now()
			for i := 0; !stop.Load(); i++ {
				time.Sleep(time.Until(begin.Add(time.Duration(i) * time.Millisecond))) // what was late is made up for
				start := time.Now()
				hits := current.Match(reads[i%len(reads)], now)
				took = append(took, time.Since(start))
				if len(hits) == 0 {
					missed++
				}
			}
		})
		var most uint64
		wg.Go(func() {
			for !stop.Load() {
				most = max(most, inUse())
				time.Sleep(time.Millisecond)
			}
		})
		start := time.Now()
		for v := range uint64(10) {
			x, err := current.Index().With(open(v + 1))
			if err != nil {
				b.Fatal(err)
			}
			current.Swap(x)
			runtime.GC() // else the next list would be the third in memory
		}
		swaps := time.Since(start)
		stop.Store(true)
		wg.Wait()
		slices.Sort(took)
		b.ReportMetric(float64(missed), "missed")
		b.ReportMetric(float64(len(took))/swaps.Seconds(), "reads/s")
		b.ReportMetric(took[len(took)*99/100].Seconds()*1e3, "p99-ms")
		b.ReportMetric(took[len(took)-1].Seconds()*1e3, "max-ms")
		b.ReportMetric(swaps.Seconds()*1e3/10, "ms/swap")
		b.ReportMetric((float64(most)-float64(before)-float64(one))/float64(one), "lists")
	}
	runtime.KeepAlive(benchPlates())
}

// inUse is the memory that objects take, dead ones not yet collected included.
func inUse() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
