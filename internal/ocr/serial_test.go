package ocr

import (
	"strings"
	"testing"

	"alprd/internal/alpr"
)

// Every jurisdiction has formats, each of letters and digits that a plate can bear.
func TestEveryRegionHasFormats(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(formats), "\n")
	if len(lines) != 51 {
		t.Errorf("%d regions, want the 50 states and DC", len(lines))
	}
	for _, line := range lines {
		fields := strings.Fields(line)
		if len(fields) < 2 || !strings.HasPrefix(fields[0], "us-") || len(fields[0]) != 5 {
			t.Errorf("%q", line)
		}
		for _, f := range fields[1:] {
			if strings.Trim(f, "A9") != "" || len(f) > 8 || len(f) < 4 {
				t.Errorf("%s: format %q", fields[0], f)
			}
		}
	}
}

// The region's format decides between O and 0, which its dies write alike; a text that is no standard serial in either spelling,
// and what the recogniser is sure of, stay as they are.
func TestSerialDecidesAlikeCharacters(t *testing.T) {
	for _, c := range []struct {
		region, sure, other, want string
		p                         float64 // of sure
	}{
		{"us-nc", "ABO1234", "AB01234", "ABO1234", 0.4},
		{"us-nc", "AB01234", "ABO1234", "ABO1234", 0.7}, // the format turns a close call
		{"us-nc", "AB01234", "ABO1234", "AB01234", 0.9}, // but nothing that is sure
		{"us-ca", "1ABC2I4", "1ABC214", "1ABC214", 0.7},
		{"us-nc", "GO4IT", "G04IT", "GO4IT", 0.6},
		{"us-zz", "AB01234", "ABO1234", "AB01234", 0.6},
		// On a plate that says whose it is, a serial is hardly misspelt; but words are words.
		{"own us-ut", "Z86OVT", "Z860VT", "Z860VT", 0.95},
		{"own us-ut", "Z86OVT", "Z860VT", "Z86OVT", 0.98},
		{"own us-fl", "CUSTOM", "CUST0M", "CUSTOM", 0.82},
		{"own us-id", "IAD849", "1AD849", "IAD849", 0.6},
	} {
		cs := []alpr.Candidate{{Text: c.sure, Confidence: c.p}, {Text: c.other, Confidence: 1 - c.p}}
		s := Serial(c.region)
		if own, ok := strings.CutPrefix(c.region, "own "); ok {
			s = ownSerial(own)
		}
		if s != nil {
			expect(cs, s)
		}
		best := cs[0]
		if cs[1].Confidence > best.Confidence {
			best = cs[1]
		}
		if best.Text != c.want {
			t.Errorf("%s: %s (%.1f) or %s: %s, want %s", c.region, c.sure, c.p, c.other, best.Text, c.want)
		}
	}
	if Serial("") != nil || Serial("us-zz") != nil || ownSerial("us-zz") != nil {
		t.Error("an unknown region has expectations")
	}
}

// Drawn plates with O and 0, I and 1 alike are read as their states write serials.
func TestSerialsOfDrawnPlates(t *testing.T) {
	e := openEngine(t)
	for n, c := range drawnPlates {
		m, q := drawnPlate(t, n, 200)
		l := e.read(&alpr.Frame{Image: m}, luma(m), find{quad: q, score: 1}, nil)
		if l == nil {
			t.Fatal(e.Err())
		}
		own := believe(l.evidence, l.texts, ownSerial(c.region))
		if own.best() != c.text {
			t.Errorf("%s: %s (%.2f), want %s", c.region, own.best(), own.confidence(), c.text)
		}
	}
}
