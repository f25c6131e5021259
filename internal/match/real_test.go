package match

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alprd/internal/alpr"
)

// BenchmarkRealReads judges matching on real pictures, read beforehand:
//
//	alprd read --posteriors PICTURES… > reads.jsonl
//	ALPRD_READS=reads.jsonl ALPRD_LABELS=labels.csv go test -run xxx -bench RealReads ./internal/match
//
// For each threshold it reports how many of the plates alert when they are listed (recall), how many entries of a list of a
// million others each read raises (false), and how often a read alerts on a listed look-alike of its true plate; beside it, what
// the rules of other readers do with the best text of the same reads: one character of Genetec's OCR-equivalence sets, and one
// edit of any kind.
func BenchmarkRealReads(b *testing.B) {
	if os.Getenv("ALPRD_READS") == "" {
		b.Skip("set ALPRD_READS and ALPRD_LABELS")
	}
	reads := realReads(b)
	r := newSynth(77)
	decoys := make([]alpr.Entry, 1_000_000)
	byClass := map[string][]string{}
	for i := range decoys {
		p := r.plate()
		if i%2 == 0 { // half of them in California's own layout
			p = fmt.Sprintf("%d%s%s", 1+r.IntN(7), r.letters(3), r.digits(3))
		}
		decoys[i] = entry("d", p, "")
		byClass[equivalent(fold(p))] = append(byClass[equivalent(fold(p))], fold(p))
	}
	big := index(b, 0.001, decoys...)
	for b.Loop() {
	}
	n := float64(len(reads))
	var exact, one, edit, falseOne, falseEdit float64
	for _, k := range reads {
		text, truth := k.read.Plate.Fold(), fold(k.truth)
		if text == truth {
			exact++
		}
		if equivalent(text) == equivalent(truth) && edits(text, truth) <= 1 {
			one++
		}
		if edits(text, truth) <= 1 {
			edit++
		}
		for _, d := range byClass[equivalent(text)] {
			if d != truth && edits(text, d) <= 1 {
				falseOne++
			}
		}
		for _, d := range decoys {
			if p := d.Plate.Fold(); p != truth && edits(text, p) <= 1 {
				falseEdit++
			}
		}
	}
	b.Logf("%d reads; exact text: recall %.3f; one OCR equivalent: recall %.3f, false %.4f a read; one edit: recall %.3f, false %.4f a read",
		len(reads), exact/n, one/n, falseOne/n, edit/n, falseEdit/n)
	for _, threshold := range []float64{0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.003} {
		var recall, wrong, wrongReads, twins float64
		for _, k := range reads {
			truth := fold(k.truth)
			if len(index(b, threshold, entry("t", k.truth, "")).Match(k.read, now)) > 0 {
				recall++
			}
			before := wrong
			for _, h := range big.Match(k.read, now) {
				if h.Posterior >= threshold && h.Entry.Plate.Fold() != truth {
					wrong++
				}
			}
			if wrong > before {
				wrongReads++
			}
			var near []alpr.Entry
			for i := range truth {
				for _, c := range lookAlikes[truth[i]] {
					if p := fold(truth[:i] + string(c) + truth[i+1:]); p != truth {
						near = append(near, entry("n", p, ""))
					}
				}
			}
			if len(index(b, threshold, near...).Match(k.read, now)) > 0 {
				twins++
			}
		}
		b.Logf("threshold %-5v recall %.3f, false %.4f a read (in %.0f reads), on some listed look-alike %.3f", threshold, recall/n, wrong/n, wrongReads, twins/n)
	}
}

type realRead struct {
	truth string
	read  alpr.Read
}

// realReads is the best read of each labelled picture.
func realReads(b *testing.B) []realRead {
	f, err := os.Open(os.Getenv("ALPRD_LABELS"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		b.Fatal(err)
	}
	truth := map[string]string{}
	for _, row := range rows[1:] {
		truth[filepath.Base(row[0])] = row[5]
	}
	g, err := os.Open(os.Getenv("ALPRD_READS"))
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
		read := alpr.Read{Plate: alpr.NewPlate(p.Text), Candidates: p.Candidates}
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

var classOf = strings.NewReplacer("O", "0", "D", "0", "Q", "0", "I", "1", "Z", "2", "S", "5", "G", "6", "B", "8")

func equivalent(s string) string { return classOf.Replace(s) }

// edits is 0, 1, or 2 for more.
func edits(a, b string) int {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return 2
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	switch {
	case i == len(b):
		return 0
	case len(a) == len(b) && a[i+1:] == b[i+1:], len(a) < len(b) && a[i:] == b[i+1:]:
		return 1
	}
	return 2
}
