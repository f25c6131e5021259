package ocr

import (
	"bytes"
	"encoding/csv"
	"errors"
	"image"
	_ "image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"alprd/internal/alpr"
)

// shared is a file outside the repository.
func shared(t testing.TB, path string) string {
	t.Helper()
	root := os.Getenv("ALPRD_SHARED")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared")
	}
	path = filepath.Join(root, "data", path)
	if _, err := os.Stat(path); err != nil {
		t.Skip("needs the shared pictures: ", err)
	}
	return path
}

func openEngine(t testing.TB) *Engine {
	t.Helper()
	e, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

// picture decodes a JPEG; its planes are what the camera's would be.
func picture(t testing.TB, path string) *image.YCbCr {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	y, ok := m.(*image.YCbCr)
	if !ok {
		t.Fatalf("%s is %T", path, m)
	}
	return y
}

// Real pictures, end to end, against a floor: a change that costs more than a few plates in a hundred fails here. All
// figures are in docs/accuracy.md.
func TestExactReadsOfRealPictures(t *testing.T) {
	labels, err := os.Open(shared(t, "california/labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer labels.Close()
	rows, err := csv.NewReader(labels).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	e := openEngine(t)
	exact, all := 0, 0
	for i := 1; i < len(rows); i += 4 {
		path, plate := rows[i][0], rows[i][5]
		all++
		for _, r := range e.Still(alpr.Frame{At: time.Unix(0, 0), Image: picture(t, shared(t, "california/"+path))}) {
			if strings.Contains("|"+plate+"|", "|"+r.Plate.Text()+"|") {
				exact++
				break
			}
		}
	}
	if e.Err() != nil {
		t.Fatal(e.Err())
	}
	t.Logf("%d of %d exact", exact, all)
	if float64(exact) < 0.85*float64(all) {
		t.Errorf("%d of %d plates exact, want at least 85 %%", exact, all)
	}
}

// Pictures of odd sizes, down to a pixel, neither fail nor hold plates.
func TestOddPictures(t *testing.T) {
	e := openEngine(t)
	for _, size := range []image.Point{{1, 1}, {3, 500}, {500, 3}, {31, 33}, {639, 479}, {1921, 1081}} {
		img := paint(size.X, size.Y, func(x, y float64) float64 { return 100 + x/20 })
		if reads := e.Still(alpr.Frame{Image: img}); len(reads) != 0 {
			t.Errorf("%v: %d plates in a gradient", size, len(reads))
		}
	}
	if e.Err() != nil {
		t.Error(e.Err())
	}
}

// A picture that is part of another one (a crop that shares its memory) is read like a copy of it.
func TestSubImage(t *testing.T) {
	e := openEngine(t)
	big := picture(t, shared(t, "california/images/cars026.jpg"))
	crop := big.SubImage(image.Rect(100, 80, 500, 400)).(*image.YCbCr)
	got := e.Still(alpr.Frame{Image: crop})
	if len(got) != 1 || got[0].Plate.Text() != "4YTD483" {
		t.Fatalf("%d plates in the crop", len(got))
	}
	whole := e.Still(alpr.Frame{Image: big})
	if d := distance(whole[0].Corners[0], alpr.Point{X: got[0].Corners[0].X + 100, Y: got[0].Corners[0].Y + 80}); d > 6 {
		t.Errorf("the plate is %.1f px elsewhere in the crop", d)
	}
}

// broken is a back end whose networks fail after some runs.
type broken struct{ good int }

func (b *broken) open([]byte, ...string) (network, error) { return b, nil }
func (b *broken) close()                                  {}
func (b *broken) run(in []float32, h, w int) ([]tensor, error) {
	if b.good--; b.good < 0 {
		return nil, errors.New("out of memory")
	}
	if h == stateH && w == stateW {
		return []tensor{make(tensor, 2*80*29)}, nil
	}
	return []tensor{make(tensor, 40*unread), make(tensor, 8)}, nil
}

func TestFailingNetwork(t *testing.T) {
	about, err := fs.ReadFile(shipped, "weights/state.json")
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"weights/finder.onnx": {}, "weights/recogniser.onnx": {}, "weights/state.onnx": {},
		"weights/recogniser.json": {Data: []byte(`{"output":[1,40,73]}`)}, "weights/state.json": {Data: about}}
	if _, err := open(&broken{good: 2}, files); err == nil || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("a network that fails at once: %v", err)
	}
	if _, err := open(&broken{good: 9}, fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "make train") {
		t.Errorf("without weights: %v", err)
	}
	e, err := open(&broken{good: 3}, files)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if reads := e.Still(alpr.Frame{Image: paint(64, 64, func(x, y float64) float64 { return 0 })}); len(reads) != 0 || e.Err() == nil {
		t.Errorf("a network that fails later: %d reads, error %v", len(reads), e.Err())
	}
}

func BenchmarkFinder640x384(b *testing.B)  { benchmarkFinder(b, 640, 384) }
func BenchmarkFinder1280x736(b *testing.B) { benchmarkFinder(b, 1280, 736) }

func benchmarkFinder(b *testing.B, w, h int) {
	e := openEngine(b)
	p := luma(paint(w, h, func(x, y float64) float64 { return x }))
	for b.Loop() {
		if e.search(p, []view{{scale: 1}}); e.err != nil {
			b.Fatal(e.err)
		}
	}
}

func BenchmarkRecogniser(b *testing.B) {
	e := openEngine(b)
	p := luma(paint(640, 480, func(x, y float64) float64 { return x }))
	for b.Loop() {
		if _, err := e.recogniser.spell(p, upright(300, 200, 100, 50), 0); err != nil {
			b.Fatal(err)
		}
	}
}

// A whole still of 640×480 with one plate: finder, two margins, beam, belief.
func BenchmarkStill(b *testing.B) {
	e := openEngine(b)
	f := alpr.Frame{Image: picture(b, shared(b, "california/images/cars026.jpg"))}
	for b.Loop() {
		if len(e.Still(f)) != 1 {
			b.Fatal("no plate")
		}
	}
}

func BenchmarkLaneFrame(b *testing.B) {
	e := openEngine(b)
	img := picture(b, shared(b, "california/images/cars026.jpg"))
	lane := e.Lane(LaneOptions{})
	at := time.Unix(0, 0)
	for b.Loop() {
		at = at.Add(66 * time.Millisecond)
		lane.See(alpr.Frame{At: at, Image: img})
	}
}
