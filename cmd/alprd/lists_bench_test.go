package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"alprd/internal/hotlist"
	"alprd/internal/match"
	"alprd/internal/seal"
	"alprd/internal/store"
	"alprd/internal/trust"
)

// benchPlates is how many entries a list has, ALPR_BENCH_PLATES or a million.
func benchPlates(b *testing.B) int {
	n := 1_000_000
	if s := os.Getenv("ALPR_BENCH_PLATES"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			b.Fatal(err)
		}
	}
	return n
}

// BenchmarkListStart is a start with a list in the sealed cache, everything warm: open opens and checks lists.db, index has the list in force as
// openHotlists does, from the sealed image; detail is one hit's entry, nearly always from a chunk that is not open; rebuild is the rival of index: the same from
// the sealed chunks, without an image.
func BenchmarkListStart(b *testing.B) {
	n := benchPlates(b)
	dir := b.TempDir()
	ring, err := seal.OpenRing(filepath.Join(dir, "ring"), seal.NewFileKey(filepath.Join(dir, "ring.key"), nil), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer ring.Close()
	cache, err := store.OpenHotLists(dir, ring, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { cache.Close() }()
	key, err := trust.Generate("bench")
	if err != nil {
		b.Fatal(err)
	}
	pub := filepath.Join(dir, "bench.pub")
	if err := os.WriteFile(pub, []byte(key.Public().Text()), 0o600); err != nil {
		b.Fatal(err)
	}
	me, err := openingKey(ring, "unit-1")
	if err != nil {
		b.Fatal(err)
	}
	threshold := match.DefaultThreshold
	cfg := config{Unit: unitConfig{ID: "unit-1", Fleet: "kpd"}, Hotlists: []hotlistConfig{{Name: "ncic", PublicKey: pub, Threshold: &threshold}}}
	cfg.Profile.Hotlists.StaleAfter, cfg.Profile.Hotlists.MaxRejects = 24*time.Hour, .01
	h, err := openHotlists(cfg, me, cache, zap.NewNop())
	if err != nil {
		b.Fatal(err)
	}
	list, err := hotlist.NewBuilder(hotlist.Options{Now: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	if err := list.Read("list.csv", &manyPlates{left: n, rng: rand.New(rand.NewPCG(1, 2))}); err != nil {
		b.Fatal(err)
	}
	o, err := list.Publish(hotlist.Identity{Fleet: "kpd", List: "ncic", BuiltAt: time.Now(), Units: []trust.Recipient{me.Recipient()}}, key)
	if err != nil {
		b.Fatal(err)
	}
	list = nil
	usb := filepath.Join(dir, "usb")
	if err := o.Write(usb); err != nil {
		b.Fatal(err)
	}
	o = nil
	began := time.Now()
	if _, err := h.load(b.Context(), os.DirFS(usb), false); err != nil {
		b.Fatal(err)
	}
	b.Logf("%d entries; taking them over took %v", n, time.Since(began).Round(time.Millisecond)) // once: a version is taken once
	b.Run("open", func(b *testing.B) {
		for b.Loop() {
			cache.Close()
			if cache, err = store.OpenHotLists(dir, ring, nil); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms")
	})
	b.Run("index", func(b *testing.B) {
		cpu := cpuTime()
		for b.Loop() {
			h, err := openHotlists(cfg, me, cache, zap.NewNop())
			if err != nil || len(h.force) != 1 {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms")
		b.ReportMetric(float64((cpuTime()-cpu).Milliseconds())/float64(b.N), "cpu-ms") // on a busy machine the one that says something
	})
	lists, err := cache.Current()
	if err != nil {
		b.Fatal(err)
	}
	h.cache = cache
	pkg, _, err := h.reload(lists[0])
	if err != nil {
		b.Fatal(err)
	}
	b.Run("detail", func(b *testing.B) {
		rng := rand.New(rand.NewPCG(3, 4))
		for b.Loop() {
			if _, err := pkg.Entry(rng.IntN(pkg.Manifest().Count)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("rebuild", func(b *testing.B) {
		for b.Loop() {
			if _, err := match.Pack(platesOf(pkg)); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms")
	})
}

// cpuTime is what this process has used so far.
func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u) // can't fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// manyPlates is a list file that is made while it is read.
type manyPlates struct {
	left int
	rng  *rand.Rand
	rest []byte
	head bool
}

func (m *manyPlates) Read(p []byte) (int, error) {
	if !m.head {
		m.head = true
		m.rest = append(m.rest, "plate,state,category,make,colour,reason,id\n"...)
	}
	for len(m.rest) < len(p) && m.left > 0 {
		m.left--
		r := m.rng
		m.rest = fmt.Appendf(m.rest, "%c%c%c%04d,NC,stolen vehicle,%s,BLU,NCIC record of NC%07d,N%d\n", 'A'+r.IntN(26), 'A'+r.IntN(26), 'A'+r.IntN(26), r.IntN(10000),
			[]string{"TOYT", "FORD", "HOND", "CHEV"}[r.IntN(4)], r.IntN(900), m.left)
	}
	n := copy(p, m.rest)
	m.rest = m.rest[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
