package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// libraryOf puts this program at path, and what `make build` fetched where the program is to find it.
func libraryOf(t *testing.T, program, library string) {
	t.Helper()
	fetched, err := filepath.Abs("../../bin/libonnxruntime.so.1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(fetched); errors.Is(err, fs.ErrNotExist) {
		t.Skip("ONNX Runtime's library isn't there: `make build` fetches it where npm is installed")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for path, from := range map[string]string{program: self, library: fetched} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// The program finds the library that was built or installed with it, also when it is called through a link, and names what
// is wrong with one that it must not load.
func TestProgramFindsItsLibrary(t *testing.T) {
	for _, layout := range []struct{ name, program, library string }{
		{"built", "bin/alprd", "bin/libonnxruntime.so.1"},
		{"installed", "usr/bin/alprd", "usr/lib/alprd/libonnxruntime.so.1"},
	} {
		t.Run(layout.name, func(t *testing.T) {
			root := t.TempDir()
			program, library := filepath.Join(root, layout.program), filepath.Join(root, layout.library)
			libraryOf(t, program, library)
			link := filepath.Join(root, "link")
			if err := os.Symlink(program, link); err != nil {
				t.Fatal(err)
			}
			writeJPEG(t, filepath.Join(root, "grey.jpg"))
			read := func(path, backend string) (string, string, error) {
				var out, errs bytes.Buffer
				c := exec.Command(path, "read", "--backend", backend, filepath.Join(root, "grey.jpg"))
				c.Env, c.Stdout, c.Stderr = append(os.Environ(), "ALPRD_TEST_MAIN=1"), &out, &errs
				err := c.Run()
				return out.String(), errs.String(), err
			}
			for _, path := range []string{program, link} {
				if out, errs, err := read(path, "onnxruntime"); err != nil || !strings.HasSuffix(out, "grey.jpg: no plate\n") {
					t.Fatalf("%v: %s%s", err, out, errs)
				}
			}
			if err := os.Truncate(library, 1<<20); err != nil {
				t.Fatal(err)
			}
			if out, errs, err := read(program, "onnxruntime"); err == nil || !strings.Contains(errs, "is truncated") || !strings.Contains(errs, "hint:  install alprd's package again") {
				t.Errorf("a truncated library: %v: %s%s", err, out, errs)
			}
			if out, errs, err := read(program, "auto"); err != nil || !strings.HasSuffix(out, "grey.jpg: no plate\n") {
				t.Errorf("a truncated library and auto: %v: %s%s", err, out, errs)
			}
		})
	}
}
