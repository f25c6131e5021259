package ocr

import (
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// libraryName is what ONNX Runtime's library is called wherever it is looked for.
const libraryName = "libonnxruntime.so.1"

// library is one build of ONNX Runtime, known to the byte. Everything this package says of ONNX Runtime was measured with
// it, and nothing else is ever loaded: the loader maps a truncated or damaged library, and the process dies where it
// first touches what isn't there (decision 0083).
type library struct {
	version string
	sums    map[string]string // SHA-256 by GOARCH
}

// onnxRuntimeLibrary is what scripts/onnxruntime fetches.
func onnxRuntimeLibrary() library {
	return library{version: "1.23.2", sums: map[string]string{
		"amd64": "733854c3d7ce45256cc1c22cd4a30373247e1f7b7de8f40beab24211ef8e2a76",
		"arm64": "648ffa64fbe027ae27139109410900cf776a030dec2dbbac51053318cc44c286",
	}}
}

// LibraryDirs are where ONNX Runtime's library is looked for, in this order: beside the program, and in the lib/alprd beside
// the folder that the program is in (/usr/lib/alprd for /usr/bin/alprd).
func LibraryDirs() []string {
	exe, err := os.Executable()
	if err != nil {
		return nil
	}
	if real, err := filepath.EvalSymlinks(exe); err == nil {
		exe = real
	}
	dir := filepath.Dir(exe)
	return []string{dir, filepath.Join(filepath.Dir(dir), "lib", "alprd")}
}

// find gives the first library that lies in one of the folders, once it is verified. A library that is there and is not
// the right one is an error even where a later folder holds a good one: somebody put it there.
func (l library) find(dirs []string) (string, error) {
	for _, d := range dirs {
		path := filepath.Join(d, libraryName)
		if err := l.verify(path); !errors.Is(err, fs.ErrNotExist) {
			return path, err
		}
	}
	return "", &libraryError{what: fmt.Sprintf("there is no %s in %s", libraryName, strings.Join(dirs, " or ")),
		hint: "it comes with alprd's package, and `make build` puts it beside the program where npm is installed; or write reader.backend: opencv"}
}

// verify tells what is wrong with the file at path, as far as it can be told without loading it. It is fs.ErrNotExist where
// there is none.
func (l library) verify(path string) error {
	want, ok := l.sums[runtime.GOARCH]
	if !ok {
		return &libraryError{what: "there is no build of ONNX Runtime " + l.version + " for " + runtime.GOARCH, hint: "write reader.backend: opencv"}
	}
	f, err := os.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return &libraryError{what: path + " can't be opened", err: err, hint: "make it readable for the user that alprd runs as"}
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return &libraryError{what: path + " can't be read", err: err, hint: l.again()}
	}
	if hex.EncodeToString(h.Sum(nil)) == want {
		return nil
	}
	return &libraryError{what: path + " " + l.suspect(f), hint: l.again()}
}

func (l library) again() string {
	return "install alprd's package again, or run `make build`; it wants ONNX Runtime " + l.version + " and no other"
}

// suspect says what a file most probably is that isn't the library.
func (l library) suspect(f *os.File) string {
	e, err := elf.NewFile(f)
	if err != nil {
		head := make([]byte, 4)
		if n, _ := f.ReadAt(head, 0); n == 4 && string(head) == elf.ELFMAG { // its tables stand at its end
			return "is truncated"
		}
		return "is not a library"
	}
	defer e.Close()
	if machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}; e.Machine != machines[runtime.GOARCH] {
		return fmt.Sprintf("is for another processor (%v)", e.Machine)
	}
	versions, err := e.DynamicVersions()
	i := slices.IndexFunc(versions, func(v elf.DynamicVersion) bool { return strings.HasPrefix(v.Name, "VERS_") })
	switch {
	case err != nil || i < 0:
		return "is not ONNX Runtime"
	case versions[i].Name != "VERS_"+l.version:
		return "is ONNX Runtime " + strings.TrimPrefix(versions[i].Name, "VERS_")
	}
	return "is damaged, or another build of ONNX Runtime " + l.version
}

// libraryError says why ONNX Runtime's library can't be used, and what to do.
type libraryError struct {
	what, hint string
	err        error
}

func (e *libraryError) Error() string {
	if e.err != nil {
		return e.what + ": " + e.err.Error()
	}
	return e.what
}
func (e *libraryError) Hint() string  { return e.hint }
func (e *libraryError) Unwrap() error { return e.err }
