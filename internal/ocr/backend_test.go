package ocr

import (
	"bytes"
	"debug/elf"
	"errors"
	"image"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"alprd/internal/alpr"
)

// builtBeside is where `make build` puts ONNX Runtime's library; the test is skipped where it could not.
func builtBeside(t testing.TB) []string {
	t.Helper()
	dir := filepath.Join("..", "..", "bin")
	if _, err := os.Stat(filepath.Join(dir, libraryName)); errors.Is(err, fs.ErrNotExist) {
		t.Skip("ONNX Runtime's library isn't there: `make build` fetches it where npm is installed")
	}
	return []string{dir}
}

func chosen(t testing.TB, name string) Backend {
	t.Helper()
	b, err := choose(name, builtBeside(t), shipped)
	if err != nil {
		t.Fatal(err)
	}
	if b.Name != name {
		t.Fatalf("asked for %s, got %s", name, b.Name)
	}
	return b
}

// Every network we ship says the same on both back ends, at every size the reader uses and at odd ones, in whatever order
// the sizes come: more of them than a network keeps memory for.
func TestBackendsAgree(t *testing.T) {
	fast := chosen(t, ONNXRuntime).backend
	files, err := fs.Glob(shipped, "weights/*.onnx")
	if err != nil {
		t.Fatal(err)
	}
	tested := 0
	for _, m := range models() {
		tested++
		sizes := []image.Point{{m.w, m.h}}
		if m.file == "finder.onnx" { // fully convolutional
			for range 2 {
				sizes = append(sizes, image.Pt(640, 384), image.Pt(32, 32), image.Pt(1280, 736), image.Pt(224, 160), image.Pt(352, 640), image.Pt(960, 544))
			}
		}
		one, err := m.load(fast, shipped)
		if err != nil {
			t.Fatal(err)
		}
		defer one.close()
		two, err := m.load(openCV{}, shipped)
		if err != nil {
			t.Fatal(err)
		}
		defer two.close()
		for _, s := range sizes {
			in := road(s.X, s.Y)
			a, err := one.run(in, s.Y, s.X)
			if err != nil {
				t.Fatal(err)
			}
			b, err := two.run(in, s.Y, s.X)
			if err != nil {
				t.Fatal(err)
			}
			for i, name := range m.outputs {
				d := apart(a[i], b[i])
				if d > agreement {
					t.Errorf("%s %v: %s is %.2g apart", m.file, s, name, d)
				}
				if spread(a[i]) < 1e-3 {
					t.Errorf("%s %v: %s says the same everywhere: that proves nothing", m.file, s, name)
				}
			}
		}
	}
	if tested != len(files) {
		t.Errorf("%d networks compared, %d are shipped: %v", tested, len(files), files)
	}
}

// road is a normalised grey picture of a plate on a dark car before a bright road.
func road(w, h int) []float32 {
	in := make([]float32, w*h)
	for y := range h {
		for x := range w {
			u, v := float64(x)/float64(w), float64(y)/float64(h)
			g := 150 + 40*v + 9*math.Sin(u*37)*math.Cos(v*23)
			if u > 0.2 && u < 0.8 && v > 0.25 && v < 0.8 {
				g = 45 + 20*math.Sin(v*11)
			}
			if u > 0.4 && u < 0.6 && v > 0.55 && v < 0.68 {
				g = 225
				if math.Mod(u*70, 2) < 0.9 && math.Mod(v*100+u*13, 5) > 1 && v > 0.57 && v < 0.66 {
					g = 40
				}
			}
			in[y*w+x] = float32((g - 127.5) / 64)
		}
	}
	return in
}

func spread(t tensor) float64 {
	least, most := t[0], t[0]
	for _, v := range t {
		least, most = min(least, v), max(most, v)
	}
	return float64(most - least)
}

// A real picture reads the same on both: text, corners, confidence.
func TestBackendsReadAlike(t *testing.T) {
	fast := chosen(t, ONNXRuntime)
	one, err := fast.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	two := openEngine(t)
	for _, name := range []string{"cars026.jpg", "cars2_017.jpg", "cars3_005.jpg"} {
		f := alpr.Frame{At: time.Unix(0, 0), Image: picture(t, shared(t, "california/images/"+name))}
		a, b := one.Still(f), two.Still(f)
		if len(a) != len(b) || len(a) == 0 {
			t.Fatalf("%s: %d and %d plates", name, len(a), len(b))
		}
		for i := range a {
			if a[i].Plate.Text() != b[i].Plate.Text() || math.Abs(a[i].Confidence-b[i].Confidence) > 1e-3 || distance(a[i].Corners[0], b[i].Corners[0]) > 0.01 {
				t.Errorf("%s: plate %d reads differently", name, i)
			}
		}
	}
	if err := errors.Join(one.Err(), two.Err()); err != nil {
		t.Error(err)
	}
}

// Whatever lies where the library should be is told for what it is, is never loaded, and leaves the reader on OpenCV.
func TestWrongLibraries(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(builtBeside(t)[0], libraryName))
	if err != nil {
		t.Fatal(err)
	}
	altered := func(change func([]byte)) []byte {
		b := bytes.Clone(good)
		change(b)
		return b
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte // nil: none
		says string
	}{
		{"missing", nil, "there is no libonnxruntime.so.1"},
		{"empty", []byte{}, "is not a library"},
		{"text", []byte("version https://git-lfs.github.com/spec/v1\n"), "is not a library"},
		{"another program", self, "is not ONNX Runtime"},
		{"half of it", good[:len(good)/2], "is truncated"},
		{"all but the last byte", good[:len(good)-1], "is truncated"},
		{"its first page", good[:4096], "is truncated"},
		{"a flipped bit", altered(func(b []byte) { b[len(b)/2] ^= 1 }), "is damaged"},
		{"another version", bytes.ReplaceAll(good, []byte("VERS_1.23.2"), []byte("VERS_1.19.0")), "is ONNX Runtime 1.19.0"},
		{"another processor", altered(func(b []byte) { b[18] = byte(elf.EM_RISCV) }), "is for another processor (EM_RISCV)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.file != nil {
				if err := os.WriteFile(filepath.Join(dir, libraryName), c.file, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, err := choose(ONNXRuntime, []string{dir}, shipped)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("asked for ONNX Runtime: %v, want %q", err, c.says)
			}
			var h interface{ Hint() string }
			if !errors.As(err, &h) || h.Hint() == "" {
				t.Error("no hint")
			}
			b, err := choose(Auto, []string{dir}, shipped)
			if err != nil || b.Name != OpenCV || b.Why == nil || !strings.Contains(b.Why.Error(), c.says) {
				t.Fatalf("auto: %+v, %v", b, err)
			}
			e, err := b.Open()
			if err != nil {
				t.Fatal(err)
			}
			e.Close()
		})
	}
}

// A library in the first folder counts, whatever lies in the second.
func TestLibraryOrder(t *testing.T) {
	good := builtBeside(t)[0]
	first := t.TempDir()
	if b, err := choose(Auto, []string{first, good}, shipped); err != nil || b.Name != ONNXRuntime {
		t.Errorf("nothing in the first folder: %+v, %v", b, err)
	}
	if err := os.WriteFile(filepath.Join(first, libraryName), []byte("not this"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := choose(Auto, []string{first, good}, shipped); err != nil || b.Name != OpenCV {
		t.Errorf("garbage in the first folder: %+v, %v", b, err)
	}
}

func TestUnknownBackend(t *testing.T) {
	var h interface{ Hint() string }
	if _, err := choose("cuda", nil, shipped); err == nil || !errors.As(err, &h) || !strings.Contains(h.Hint(), "auto") {
		t.Errorf("cuda: %v", err)
	}
}

// bent is OpenCV with an error in one output.
type bent struct{ by float32 }

type bentNetwork struct {
	network
	by float32
}

func (b bent) open(model []byte, outputs ...string) (network, error) {
	n, err := openCV{}.open(model, outputs...)
	return &bentNetwork{n, b.by}, err
}

func (b *bentNetwork) run(in []float32, h, w int) ([]tensor, error) {
	out, err := b.network.run(in, h, w)
	out[0][len(out[0])/2] += b.by
	return out, err
}

// A back end that calculates otherwise is not used.
func TestDisagreement(t *testing.T) {
	if err := agree(bent{1e-6}, openCV{}, shipped); err != nil {
		t.Error(err)
	}
	for _, by := range []float32{0.1, float32(math.NaN()), float32(math.Inf(1))} {
		if err := agree(bent{by}, openCV{}, shipped); err == nil {
			t.Errorf("%v apart is agreement", by)
		}
	}
	if d := apart(tensor{1, 2}, tensor{1}); !math.IsInf(d, 1) {
		t.Errorf("outputs of different lengths are %v apart", d)
	}
}
