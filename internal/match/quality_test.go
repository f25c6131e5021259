package match

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"alprd/internal/alpr"
)

// BenchmarkQuality judges matching on what the recogniser made of plates whose text is known, read by scripts/matching:
//
//	scripts/matching
//
// For each set of reads and each size of list it tells recall (the true plate is listed; how often it alerts) against false
// hits (entries of the list that a thousand reads of plates that aren't on it raise) of our posterior, of the best text alone, and
// of the best text with one OCR-equivalent character and one character more or less (the documented example of a
// known product, docs/benchmarks.md); and how far the posterior can be trusted when one vehicle in so many is listed.
func BenchmarkQuality(b *testing.B) {
	folder := os.Getenv("ALPRD_READS")
	if folder == "" {
		b.Skip("run scripts/matching, or set ALPRD_READS to its folder")
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.jsonl"))
	if err != nil || len(files) == 0 {
		b.Fatalf("no reads in %s", folder)
	}
	for b.Loop() {
	}
	// False hits are rare, so they are counted on many lists at once: each has an even share of one large one.
	total := 40_000_000
	if n, _ := strconv.Atoi(os.Getenv("ALPR_BENCH_PLATES")); n > 0 {
		total = n
	}
	r := newSynth(77)
	codes := make([]uint64, total)
	for i := range codes {
		codes[i], _ = encode(fold(r.common()))
	}
	slices.Sort(codes)
	plates := packSorted(slices.Clone(codes))
	for _, size := range []int{500_000, 10_000_000} {
		q := quality{b: b, plates: plates, size: size, share: float64(size) / float64(total), rule: newRule(codes), weight: listedWeight(size)}
		var all []judged
		for _, f := range files {
			all = append(all, q.judge(strings.TrimSuffix(filepath.Base(f), ".jsonl"), readsOf(b, strings.TrimSuffix(f, ".jsonl")))...)
		}
		q.table("all", all)
		q.reliability(all)
	}
}

type quality struct {
	b      *testing.B
	plates *Plates
	size   int     // of a list
	share  float64 // of plates that one list has
	weight float64
	rule   *rule
}

// judged is what became of one read: the true plate's posterior, those of the entries that it isn't, and the rules' verdicts.
type judged struct {
	truth             float64
	wrong             []float64
	exact, equivalent bool
	wrongExact        int
	wrongEquivalent   int
}

// floor is the least posterior that is looked at.
const floor = 1e-4

func (q *quality) judge(name string, reads []realRead) []judged {
	var out []judged
	var query query
	for _, k := range reads {
		truth, text := fold(k.truth), k.read.Plate.Fold()
		if !query.prepare(k.read) {
			continue
		}
		j := judged{truth: query.posterior(truth, q.weight)}
		codes, _ := query.search(q.plates, q.weight, floor)
		for _, c := range slices.Clone(codes) {
			if t := decode(c); t != truth {
				if p := query.posterior(t, q.weight); p >= floor {
					j.wrong = append(j.wrong, p)
				}
			}
		}
		j.exact = text == truth
		j.equivalent = q.rule.fits(text, truth)
		for _, t := range q.rule.listed(text) {
			if t != truth {
				j.wrongEquivalent++
				if t == text {
					j.wrongExact++
				}
			}
		}
		out = append(out, j)
	}
	q.table(name, out)
	return out
}

func (q *quality) table(name string, all []judged) {
	n := float64(len(all))
	var exact, equivalent, wrongExact, wrongEquivalent float64
	var truths, wrong []float64
	for _, j := range all {
		if j.exact {
			exact++
		}
		if j.equivalent {
			equivalent++
		}
		wrongExact += float64(j.wrongExact)
		wrongEquivalent += float64(j.wrongEquivalent)
		truths = append(truths, j.truth)
		wrong = append(wrong, j.wrong...)
	}
	at := func(least float64) (recall, false float64) {
		for _, p := range truths {
			if p >= least {
				recall++
			}
		}
		for _, p := range wrong {
			if p >= least {
				false++
			}
		}
		return recall / n, 1000 * q.share * false / n
	}
	line := fmt.Sprintf("| %s | %d | %d | %.3f / %.1f | %.3f / %.1f |", name, q.size, len(all), exact/n, 1000*q.share*wrongExact/n, equivalent/n, 1000*q.share*wrongEquivalent/n)
	for _, least := range []float64{0.5, 0.2, 0.05, 0.02, 0.01, 0.005} {
		recall, false := at(least)
		line += fmt.Sprintf(" %.3f / %.1f |", recall, false)
	}
	// The threshold at which a fifth of the rule's false hits remain.
	slices.SortFunc(wrong, func(a, b float64) int { return cmp.Compare(b, a) })
	fifth := floor
	if k := int(wrongEquivalent / 5); k < len(wrong) {
		fifth = math.Nextafter(wrong[k], 1)
	}
	recall, false := at(fifth)
	q.b.Logf("%s at a fifth of the rule's (posterior %.5f): %.3f / %.1f = %.2f times its recall", line, fifth, recall, false, recall/(equivalent/n))
}

// reliability tells how often hits of so much posterior are true when one vehicle in 500 is listed.
func (q *quality) reliability(all []judged) {
	const listed = 1.0 / 500
	edges := []float64{0.001, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.01}
	var right, wrong, said [16]float64
	for _, j := range all {
		add := func(p, weight float64, into *[16]float64) {
			for i := len(edges) - 2; i >= 0; i-- {
				if p >= edges[i] {
					into[i] += weight
					said[i] += weight * p
					return
				}
			}
		}
		add(j.truth, listed, &right)
		for _, p := range j.wrong {
			add(p, q.share*(1-listed), &wrong)
		}
	}
	for i := range len(edges) - 1 {
		all := right[i] + wrong[i]
		q.b.Logf("  %d listed: posterior %.3f to %.2f: said %.3f, true %.3f (%.3f true and %.3f wrong)", q.size, edges[i], edges[i+1], said[i]/all, right[i]/all, right[i], wrong[i])
	}
}

// rule is the rival's: one OCR-equivalent character, or one character more or less.
type rule struct {
	codes  []uint64
	listed func(text string) []string
}

var equivalents = map[byte]string{'0': "DQ", 'D': "0Q", 'Q': "0D", '1': "I", 'I': "1", '2': "Z", 'Z': "2", '5': "S", 'S': "5", '8': "B", 'B': "8", '6': "G", 'G': "6"}

func newRule(codes []uint64) *rule {
	r := &rule{codes: codes}
	r.listed = func(text string) []string {
		var out []string
		for t := range r.variants(text) {
			if c, ok := encode(t); ok {
				at, _ := slices.BinarySearch(codes, c)
				for ; at < len(codes) && codes[at] == c; at++ {
					out = append(out, t)
				}
			}
		}
		return out
	}
	return r
}

func (r *rule) variants(text string) map[string]bool {
	out := map[string]bool{}
	near := func(s string) {
		out[s] = true
		for i := range len(s) {
			for _, c := range equivalents[s[i]] {
				out[s[:i]+string(c)+s[i+1:]] = true
			}
		}
	}
	near(text)
	for i := range len(text) {
		near(text[:i] + text[i+1:])
	}
	for i := range len(text) + 1 {
		for _, c := range alpr.Alphabet {
			near(fold(text[:i] + string(c) + text[i:]))
		}
	}
	return out
}

func (r *rule) fits(text, truth string) bool { return r.variants(text)[truth] }

type realRead struct {
	truth string
	read  alpr.Read
}

// readsOf is the best read of each labelled picture of a set; of a plate that wasn't found there is none.
func readsOf(b *testing.B, set string) []realRead {
	f, err := os.Open(set + ".csv")
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	truth := map[string]string{}
	for _, row := range rows {
		truth[row[0]] = row[1]
	}
	g, err := os.Open(set + ".jsonl")
	if err != nil {
		b.Fatal(err)
	}
	defer g.Close()
	var out []realRead
	lines := bufio.NewScanner(g)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			File   string
			Plates []struct {
				Text       string
				Candidates []alpr.Candidate
				Lattice    alpr.Lattice
				Posteriors []string
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			b.Fatal(err)
		}
		t, ok := truth[filepath.Base(line.File)]
		if !ok || len(line.Plates) == 0 {
			continue
		}
		p := line.Plates[0]
		read := alpr.Read{Plate: alpr.NewSeen(p.Text), Candidates: p.Candidates, Lattice: p.Lattice}
		for _, s := range p.Posteriors {
			m, err := alpr.ParseHalf(s)
			if err != nil {
				b.Fatal(err)
			}
			m.Weight = 1.25 / float32(len(p.Posteriors)) // a still's margins, as the reader weighs them
			read.Evidence = append(read.Evidence, m)
		}
		out = append(out, realRead{t, read})
	}
	if len(out) == 0 {
		b.Fatal("no picture of the labels was read")
	}
	return out
}
