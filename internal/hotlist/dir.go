package hotlist

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Write puts the package into a directory, which it makes: chunks and keys first, then the manifest in one step, then it removes
// what only the package before had. Whoever reads meanwhile finds the old package or the new one, or is told that it is damaged
// and reads again.
func (o *Bundle) Write(dir string) error {
	keys := filepath.Join(dir, "keys")
	if err := os.MkdirAll(keys, 0o755); err != nil {
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
	for unit, b := range o.Grants {
		if err := writeFile(keys, unit+".json", b); err != nil {
			return fmt.Errorf("write a unit's key: %w", err)
		}
	}
	if err := errors.Join(syncDir(keys), syncDir(dir)); err != nil {
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
	if old, err = os.ReadDir(keys); err != nil {
		return fmt.Errorf("look for old keys: %w", err)
	}
	for _, f := range old {
		if unit, ok := strings.CutSuffix(f.Name(), ".json"); ok && o.Grants[unit] == nil {
			if err := os.Remove(filepath.Join(keys, f.Name())); err != nil {
				return fmt.Errorf("remove an old key: %w", err)
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
