package match

import (
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"alprd/internal/alpr"
)

func ids(hits []alpr.Hit) []string {
	var out []string
	for _, h := range hits {
		out = append(out, h.Entry.ID)
	}
	return out
}

// What each kind of hit looks like, and what raises none.
func TestMatch(t *testing.T) {
	yes, no := true, false
	for _, c := range []struct {
		name   string
		listed alpr.Entry
		read   alpr.Read
		how    alpr.How // empty: no hit
		agrees *bool
		differ []alpr.Difference
	}{
		{"the same plate and state", entry("1", "TZY6473", "us-nc"), certain("TZY6473", "us-nc"), alpr.Exact, &yes, nil},
		// Another state's plate with the same characters: never exact (R19).
		{"another state", entry("1", "TZY6473", "us-va"), certain("TZY6473", "us-nc"), alpr.OtherRegion, &no, nil},
		{"the read's state is unknown", entry("1", "TZY6473", "us-va"), certain("TZY6473", ""), alpr.Exact, nil, nil},
		{"the list's state is unknown", entry("1", "TZY6473", ""), certain("TZY6473", "us-nc"), alpr.Exact, nil, nil},
		// Most dies don't tell O from 0, and lists hold both (R23): a match, and the officer is told.
		{"O listed, 0 read", entry("1", "OTT104O", "us-nc"), certain("0TT1040", "us-nc"), alpr.Exact, &yes,
			[]alpr.Difference{{Position: 0, Read: "0", Listed: "O"}, {Position: 6, Read: "0", Listed: "O"}}},
		{"0 listed, O read", entry("1", "ABC1034", "us-nc"), certain("ABC1O34", "us-nc"), alpr.Exact, &yes,
			[]alpr.Difference{{Position: 4, Read: "O", Listed: "0"}}},
		{"O listed, 0 read, another state", entry("1", "ABC1O34", "us-sc"), certain("ABC1034", "us-nc"), alpr.OtherRegion, &no,
			[]alpr.Difference{{Position: 4, Read: "0", Listed: "O"}}},
		// Kansas 2014: a 7 taken for a 2, guns drawn. The reader is certain, so nothing is said at all.
		{"a certain 2 where 7 is listed", entry("1", "AB7123", "us-ks"), certain("AB2123", "us-ks"), "", nil, nil},
		// The same, but the picture truly allows both: said, as what it is.
		{"a doubtful 2 where 7 is listed", entry("1", "AB7123", "us-nc"), torn("AB2123", 2, '7', 0.7), alpr.Confusable, &yes,
			[]alpr.Difference{{Position: 2, Read: "2", Listed: "7"}}},
		{"the same, and another state", entry("1", "AB7123", "us-ks"), torn("AB2123", 2, '7', 0.7), "", nil, nil},
		{"a slight doubt is no hit", entry("1", "AB7123", "us-nc"), torn("AB2123", 2, '7', 0.985), "", nil, nil},
		{"one certain character differs", entry("1", "TZY6478", "us-nc"), certain("TZY6473", "us-nc"), "", nil, nil},
		{"a prefix of the read", entry("1", "TZY647", "us-nc"), certain("TZY6473", "us-nc"), "", nil, nil},
		{"longer than the read", entry("1", "TZY64733", "us-nc"), certain("TZY6473", "us-nc"), "", nil, nil},
		{"somebody saw a part of it", entry("1", "TZ?64?3", "us-nc"), certain("TZY6473", "us-nc"), alpr.Wildcard, &yes,
			[]alpr.Difference{{Position: 2, Read: "Y", Listed: "?"}, {Position: 5, Read: "7", Listed: "?"}}},
		{"a witness who saw its beginning", entry("1", "TZ?6*", "us-nc"), certain("TZY6473", "us-nc"), alpr.Wildcard, &yes,
			[]alpr.Difference{{Position: 2, Read: "Y", Listed: "?"}, {Position: 4, Read: "4", Listed: "*"}, {Position: 5, Read: "7", Listed: "*"}, {Position: 6, Read: "3", Listed: "*"}}},
		{"its end", entry("1", "*6473", "us-nc"), certain("TZY6473", "us-nc"), alpr.Wildcard, &yes,
			[]alpr.Difference{{Position: 0, Read: "T", Listed: "*"}, {Position: 1, Read: "Z", Listed: "*"}, {Position: 2, Read: "Y", Listed: "*"}}},
		{"its middle", entry("1", "*Y647*", ""), certain("TZY6473", "us-nc"), alpr.Wildcard, nil,
			[]alpr.Difference{{Position: 0, Read: "T", Listed: "*"}, {Position: 1, Read: "Z", Listed: "*"}, {Position: 6, Read: "3", Listed: "*"}}},
		{"all of it, and perhaps more", entry("1", "TZY6473*", ""), certain("TZY6473", "us-nc"), alpr.Wildcard, nil, nil},
		{"another beginning", entry("1", "TX?6*", "us-nc"), certain("TZY6473", "us-nc"), "", nil, nil},
		{"the part doesn't fit", entry("1", "TZ?64?4", "us-nc"), certain("TZY6473", "us-nc"), "", nil, nil},
		{"ten characters", entry("1", "ABCDE12345", "us-nc"), certain("ABCDE12345", "us-nc"), alpr.Exact, &yes, nil},
		{"one character", entry("1", "7", "us-nc"), certain("7", "us-nc"), alpr.Exact, &yes, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			hits := index(t, DefaultThreshold, c.listed).Match(c.read, now)
			if c.how == "" {
				if len(hits) != 0 {
					t.Fatalf("a hit with posterior %.3f", hits[0].Posterior)
				}
				return
			}
			if len(hits) != 1 {
				t.Fatalf("%d hits", len(hits))
			}
			h := hits[0]
			if h.How != c.how {
				t.Errorf("how = %s, want %s", h.How, c.how)
			}
			if d := cmp.Diff(c.agrees, h.RegionAgrees); d != "" {
				t.Errorf("region agrees: %s", d)
			}
			if d := cmp.Diff(c.differ, h.Differs); d != "" {
				t.Errorf("differs: %s", d)
			}
			if h.Posterior < DefaultThreshold || h.Posterior > 1 {
				t.Errorf("posterior %v", h.Posterior)
			}
		})
	}
}

// A character that half vanished, or was seen twice, is found from the matrix, without trying every edit.
func TestMissingAndExtra(t *testing.T) {
	r := newSynth(5)
	s := r.see("ABC1234", 0)
	for k := range s[4] {
		s[4][k] *= 0.4
	}
	s[4][alpr.Blank] += 0.6
	var e alpr.Evidence
	for range 2 {
		e = append(e, r.look(s, 36, 0.5))
	}
	read := readOf(e, s)
	if read.Plate.Text() != "ABC134" {
		t.Fatal("the test means the read to lack a character")
	}
	hits := index(t, 0, entry("1", "ABC1234", "us-nc")).Match(read, now)
	if len(hits) != 1 || hits[0].How != alpr.MissingChar {
		t.Fatalf("hits: %v", hits)
	}
	if d := cmp.Diff([]alpr.Difference{{Position: 4, Listed: "2"}}, hits[0].Differs); d != "" {
		t.Error(d)
	}

	s = r.see("ABC1234", 0)
	stray := [alpr.Classes]float64{}
	stray[1], stray[alpr.Blank] = 0.7, 0.3
	s = slices.Insert(s, 0, stray)
	e = alpr.Evidence{r.look(s, 36, 0.5), r.look(s, 36, 0.5)}
	read = readOf(e, s)
	if read.Plate.Text() != "1ABC1234" {
		t.Fatal("the test means the read to have a character too many")
	}
	hits = index(t, 0, entry("1", "ABC1234", "us-nc")).Match(read, now)
	if len(hits) != 1 || hits[0].How != alpr.ExtraChar {
		t.Fatalf("hits: %v", hits)
	}
	if d := cmp.Diff([]alpr.Difference{{Position: 0, Read: "1"}}, hits[0].Differs); d != "" {
		t.Error(d)
	}
}

// Same plate under two states and two classes stays as many entries; the one that may be it comes first by priority (R24).
func TestEveryEntryOfAPlate(t *testing.T) {
	a, b, c := entry("a", "XYZ9876", "us-nc"), entry("b", "XYZ9876", "us-va"), entry("c", "XYZ9876", "us-nc")
	c.Class, c.Priority = "felony", 10
	hits := index(t, 0, a, b, c).Match(certain("XYZ9876", "us-nc"), now)
	if d := cmp.Diff([]string{"c", "a", "b"}, ids(hits)); d != "" {
		t.Fatal(d)
	}
	if hits[0].How != alpr.Exact || hits[1].How != alpr.Exact || hits[2].How != alpr.OtherRegion {
		t.Errorf("how: %s %s %s", hits[0].How, hits[1].How, hits[2].How)
	}
}

// Several lists, each with its own threshold: the same doubtful read is a hit for one and none for the other.
func TestThresholds(t *testing.T) {
	read := torn("AB2123", 2, '7', 0.8)
	e := entry("1", "AB7123", "us-nc")
	x, err := Build([]List{
		{Info: alpr.ListInfo{Name: "amber", Version: 3}, Rules: Rules{Threshold: 0.02}, Entries: entries([]alpr.Entry{e})},
		{Info: alpr.ListInfo{Name: "local"}, Rules: Rules{Threshold: 0.5}, Entries: entries([]alpr.Entry{e})},
	})
	if err != nil {
		t.Fatal(err)
	}
	hits := x.Match(read, now)
	if len(hits) != 1 || hits[0].List.Name != "amber" || hits[0].List.Version != 3 {
		t.Fatalf("hits: %v", hits)
	}
	if p := hits[0].Posterior; p < 0.1 || p > 0.3 {
		t.Errorf("posterior %v where the looks say 0.2", p)
	}
}

// Entries hit from their effective time and up to, not at, their end (R26).
func TestLive(t *testing.T) {
	e := entry("1", "ABC1234", "us-nc")
	e.EffectiveAt, e.ExpiresAt = now.Add(-time.Hour), now.Add(time.Hour)
	x := index(t, 0, e)
	read := certain("ABC1234", "us-nc")
	for at, want := range map[time.Time]int{
		e.EffectiveAt.Add(-time.Second): 0, e.EffectiveAt: 1, now: 1, e.ExpiresAt.Add(-time.Second): 1, e.ExpiresAt: 0,
	} {
		if got := len(x.Match(read, at)); got != want {
			t.Errorf("at %v: %d hits, want %d", at.Sub(now), got, want)
		}
	}
}

// All an entry says comes back with the hit.
func TestEntryIsWhole(t *testing.T) {
	e := alpr.Entry{
		ID: "V123456789", Plate: alpr.NewPlate("OO0O10O"), Region: "us-nc", Class: "stolen_vehicle", Priority: 30, Make: "FORD",
		Model: "FUS", Colour: "RED/BLK", Year: "2019", Reason: strings.Repeat("long reason ", 20), Instructions: "do not stop",
		EnteredAt: now.Add(-1e6 * time.Second), EffectiveAt: now.Add(-time.Second), ExpiresAt: now.Add(24 * time.Hour), Operator: "Sgt. Müller",
	}
	before := entry("x", "ABC123", "")
	hits := index(t, 0, before, e).Match(certain("0000100", "us-nc"), now)
	if len(hits) != 1 {
		t.Fatalf("%d hits", len(hits))
	}
	got := hits[0].Entry
	if got.Plate.Text() != e.Plate.Text() {
		t.Error("the plate's own letters didn't come back")
	}
	if d := cmp.Diff(e, got, cmp.Comparer(func(a, b alpr.Plate) bool { return a.Text() == b.Text() })); d != "" {
		t.Error(d)
	}
}

// A read that was stored without its matrices, or came from elsewhere, is matched by its lattice.
func TestWithoutEvidence(t *testing.T) {
	x := index(t, 0, entry("1", "ABC1234", "us-nc"), entry("2", "ABC1284", "us-nc"), entry("3", "ABC1734", "us-nc"))
	read := alpr.Read{Plate: alpr.NewPlate("ABC1234"), Candidates: []alpr.Candidate{{Text: "ABC1234", Confidence: 0.6}, {Text: "ABC1284", Confidence: 0.38}}}
	if d := cmp.Diff([]string{"1", "2"}, ids(x.Match(read, now))); d != "" {
		t.Error(d)
	}
	// What it has no trace of may have slipped it, rarely.
	slipped := index(t, 1e-4, entry("lost", "ABC12344", ""), entry("made up", "ABC124", ""), entry("another", "ABC1274", "")).Match(read, now)
	if d := cmp.Diff([]string{"made up", "lost"}, ids(slipped)); d != "" {
		t.Error(d)
	} else if slipped[0].How != alpr.ExtraChar || slipped[1].How != alpr.MissingChar || slipped[0].Posterior > slip || slipped[1].Posterior > slip/36 {
		t.Errorf("%s with %v, %s with %v", slipped[0].How, slipped[0].Posterior, slipped[1].How, slipped[1].Posterior)
	}
	read.Candidates = nil
	if d := cmp.Diff([]string{"1"}, ids(x.Match(read, now))); d != "" {
		t.Error(d)
	}
	if hits := x.Match(alpr.Read{}, now); hits != nil {
		t.Errorf("an empty read hits: %v", hits)
	}
	var none Current
	if hits := none.Match(read, now); hits != nil {
		t.Errorf("without lists: %v", hits)
	}
}

// A candidate longer than any plate competes like every other (regression: it was left out, and the hit seemed surer).
func TestLongCandidate(t *testing.T) {
	r := newSynth(61)
	s := r.see("ABCDE123456", 0)
	s[10] = [alpr.Classes]float64{}
	s[10][column('6')], s[10][alpr.Blank] = 0.75, 0.25
	read := readOf(alpr.Evidence{r.look(s, 40, 1)}, s)
	read.Candidates = append(read.Candidates, alpr.Candidate{Text: "AB-1"}, alpr.Candidate{Text: ""})
	if read.Plate.Text() != "ABCDE123456" {
		t.Fatal("the test means the read to be longer than any plate")
	}
	hits := index(t, 0, entry("1", "ABCDE12345", "us-nc")).Match(read, now)
	if len(hits) != 1 || hits[0].How != alpr.ExtraChar || hits[0].Posterior > 0.6 {
		t.Fatalf("hits: %v", hits)
	}
}

// A matrix that says nothing matches nothing, however long the list is: not the floor of a frame speaks for a plate.
func TestNoiseMatchesNothing(t *testing.T) {
	r := newSynth(11)
	x := index(t, 0.001, r.list(20_000)...)
	for _, weight := range []float32{1, 0.3, 0.02} {
		for _, columns := range []int{1, 8, 40} {
			p := alpr.Posterior{Log: make([]float32, columns*alpr.Classes), Weight: weight}
			for i := range p.Log {
				p.Log[i] = float32(math.Log(1.0 / float64(alpr.Classes)))
			}
			for _, text := range []string{"A", "ABC1234"} {
				read := alpr.Read{Plate: alpr.NewPlate(text), Evidence: alpr.Evidence{p}}
				hits := x.Match(read, now)
				if columns > 1 && len(hits) > 0 {
					t.Errorf("weight %v, %d columns: %d hits", weight, columns, len(hits))
				}
				var q query
				q.prepare(read)
				if _, nodes := q.search(x.lists[0].plates, x.lists[0].weight, 0.001); nodes > 200_000 {
					t.Errorf("weight %v, %d columns: %d nodes visited", weight, columns, nodes)
				}
			}
		}
	}
	nan := alpr.Posterior{Log: make([]float32, 10*alpr.Classes)}
	for i := range nan.Log {
		nan.Log[i] = float32(math.NaN())
	}
	if hits := x.Match(alpr.Read{Plate: alpr.NewPlate("ABC1234"), Evidence: alpr.Evidence{nan}}, now); len(hits) > 0 {
		t.Errorf("%d hits from a matrix of NaN", len(hits))
	}
}

// What differs, applied to the read, gives the listed plate: for any two plates.
func TestDiffersLeadsToTheListedPlate(t *testing.T) {
	r := newSynth(21)
	for range 20_000 {
		read := r.plate()
		listed := read
		for range r.IntN(4) {
			if n := r.near(listed); n != "" {
				listed = n
			}
		}
		how, differs := explain(read, listed)
		var b strings.Builder
		at := 0
		for _, d := range differs {
			b.WriteString(read[at:d.Position])
			at = d.Position + len(d.Read)
			if read[d.Position:at] != d.Read {
				t.Fatalf("position %d isn't the read's %q", d.Position, d.Read)
			}
			b.WriteString(d.Listed)
		}
		b.WriteString(read[at:])
		if b.String() != listed {
			t.Fatalf("%s and %v lead to %s, not %s", read, differs, b.String(), listed)
		}
		same := strings.ReplaceAll(read, "O", "0") == strings.ReplaceAll(listed, "O", "0")
		if (how == alpr.Exact) != same {
			t.Fatalf("%s and %s are %s", read, listed, how)
		}
		switch longer := len(listed) - len(read); {
		case longer > 0 && how != alpr.MissingChar, longer < 0 && how != alpr.ExtraChar:
			t.Fatalf("%s and %s are %s", read, listed, how)
		}
	}
}

func TestBuildRefuses(t *testing.T) {
	broken := errors.New("broken chunk")
	for name, l := range map[string]List{
		"an empty plate":         {Entries: entries([]alpr.Entry{entry("1", "", "")})},
		"eleven characters":      {Entries: entries([]alpr.Entry{entry("1", "ABCDE123456", "")})},
		"three open characters":  {Entries: entries([]alpr.Entry{entry("1", "AB???CD", "")})},
		"two characters remain":  {Entries: entries([]alpr.Entry{entry("1", "A?B", "")})},
		"a threshold above one":  {Rules: Rules{Threshold: 1.1}, Entries: entries(nil)},
		"a threshold of NaN":     {Rules: Rules{Threshold: math.NaN()}, Entries: entries(nil)},
		"a sequence that breaks": {Entries: func(yield func(alpr.Entry, error) bool) { yield(alpr.Entry{}, broken) }},
	} {
		if _, err := Build([]List{l}); err == nil {
			t.Errorf("%s: built", name)
		}
	}
	if _, err := Build([]List{{Entries: func(yield func(alpr.Entry, error) bool) { yield(alpr.Entry{}, broken) }}}); !errors.Is(err, broken) {
		t.Error("the sequence's error is lost")
	}
}

// Lists come and go one by one; what was removed stops hitting at the swap (R25).
func TestWithAndWithout(t *testing.T) {
	list := func(name string, es ...alpr.Entry) List {
		return List{Info: alpr.ListInfo{Name: name}, Entries: entries(es)}
	}
	var c Current
	read := certain("ABC1234", "us-nc")
	step := func(x *Index, err error) int {
		if err != nil {
			t.Fatal(err)
		}
		c.Swap(x)
		return len(c.Match(read, now))
	}
	if n := step(c.Index().With(list("a", entry("1", "ABC1234", "us-nc")))); n != 1 {
		t.Errorf("first list: %d", n)
	}
	if n := step(c.Index().With(list("b", entry("2", "ABC1234", "us-nc")))); n != 2 {
		t.Errorf("second list: %d", n)
	}
	if n := step(c.Index().With(list("a", entry("3", "XYZ9999", "us-nc")))); n != 1 {
		t.Errorf("first list again, without the plate: %d", n)
	}
	if n := step(c.Index().Without("b"), nil); n != 0 {
		t.Errorf("second list gone: %d", n)
	}
	if l := c.Index().Lists(); len(l) != 1 || l[0].Name != "a" {
		t.Errorf("lists: %v", l)
	}
}

// While lists are swapped under load, a plate that every version lists is never missed, and what only the old version lists
// is not found once the swap has returned.
func TestSwapUnderLoad(t *testing.T) {
	r := newSynth(31)
	common := r.list(3000)
	versions := make([]*Index, 4)
	for v := range versions {
		e := entry("only", "ONLY000"+string(rune('0'+v)), "us-nc")
		x, err := Build([]List{{Info: alpr.ListInfo{Name: "l", Version: uint64(v)}, Entries: entries(append(slices.Clone(common), e))}})
		if err != nil {
			t.Fatal(err)
		}
		versions[v] = x
	}
	var c Current
	c.Swap(versions[0])
	// Reads that hit while nothing moves (a doubled character may run together in a rendered matrix).
	type known struct {
		id   string
		read alpr.Read
	}
	var reads []known
	for _, e := range common[:400] {
		if read := r.read(e.Plate.Text(), 0, 1); slices.Contains(ids(c.Match(read, now)), e.ID) {
			reads = append(reads, known{e.ID, read})
		}
	}
	if len(reads) < 350 {
		t.Fatalf("only %d of 400 reads hit at all", len(reads))
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	missed := make(chan string, 4)
	for g := range 3 {
		wg.Go(func() {
			s := newSynth(uint64(40 + g))
			for n := 0; ; n++ {
				select {
				case <-stop:
					if n == 0 {
						missed <- "a reader never ran"
					}
					return
				default:
				}
				k := reads[s.IntN(len(reads))]
				if !slices.Contains(ids(c.Match(k.read, now)), k.id) {
					missed <- k.id
					return
				}
			}
		})
	}
	for n := range 200 {
		v := n % len(versions)
		c.Swap(versions[v])
		for w := range versions {
			hits := c.Match(certain("ONLY000"+string(rune('0'+w)), "us-nc"), now)
			if want := w == v; slices.Contains(ids(hits), "only") != want {
				t.Fatalf("after the swap to version %d, version %d's own plate: found %t", v, w, !want)
			}
		}
		runtime.Gosched()
	}
	close(stop)
	wg.Wait()
	select {
	case m := <-missed:
		t.Fatal("missed while swapping: ", m)
	default:
	}
}

func TestCodes(t *testing.T) {
	r := newSynth(51)
	var last uint64
	texts := map[string]bool{}
	for range 5000 {
		texts[fold(r.plate())] = true
	}
	sorted := make([]string, 0, len(texts))
	for s := range texts {
		sorted = append(sorted, s)
	}
	slices.Sort(sorted)
	for i, s := range sorted {
		c, ok := encode(s)
		if !ok || decode(c) != s {
			t.Fatalf("%s comes back as %s", s, decode(c))
		}
		if i > 0 && c <= last {
			t.Fatalf("%s is not above its predecessor", s)
		}
		last = c
	}
	for _, s := range []string{"", "ABCDEFGHIJK", "A-1", "a"} {
		if _, ok := encode(s); ok {
			t.Errorf("%q was packed", s)
		}
	}
}
