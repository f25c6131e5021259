package hotlist

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ReadPrevious is the signed manifest that lies in a directory; nil when there is none.
func ReadPrevious(dir string) ([]byte, error) {
	b, err := readFile(os.DirFS(dir), ManifestName, MaxManifest)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the published manifest: %w", err)
	}
	return b, nil
}

// Write puts the package into a directory, which it makes: chunks first, then the manifest in one step, then it removes
// chunks of the package before. Whoever reads meanwhile finds the old package or the new one, or is told that it is damaged
// and reads again.
func (o *Bundle) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("make the package's directory: %w", err)
	}
	for name, b := range o.Chunks {
		if there, err := os.ReadFile(filepath.Join(dir, name)); err == nil && bytes.Equal(there, b) {
			continue
		}
		if err := writeFile(dir, name, b); err != nil {
			return fmt.Errorf("write a chunk: %w", err)
		}
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	if err := writeFile(dir, ManifestName, o.Signed); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	// At this point the new package is durable.
	old, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look for old chunks: %w", err)
	}
	for _, f := range old {
		if _, keep := o.Chunks[f.Name()]; !keep && len(f.Name()) == 64 && f.Type().IsRegular() {
			if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
				return fmt.Errorf("remove an old chunk: %w", err)
			}
		}
	}
	return nil
}

// writeFile replaces a file in one step: whoever opens it finds all of the old one or all of the new one.
func writeFile(dir, name string, b []byte) error {
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // nothing to remove once it is renamed
	_, err = f.Write(b)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), filepath.Join(dir, name))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync the package's directory: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("sync the package's directory: %w", err)
	}
	return nil
}
