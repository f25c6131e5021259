package seal

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"alprd/internal/disk"
)

// Holder keeps the one key that a ring is sealed under, in a place where replacing it destroys what was there.
type Holder interface {
	// Key returns the key that is durably in place, or ErrNoKey. After an error of Replace it tells which of the two
	// keys counts, and makes sure that it still does after a power loss.
	Key() (Key, error)
	// Replace puts a key in place of the former one. On a nil error the new key is durable and the former is gone; on
	// an error either may be in place.
	Replace(Key) error
}

// FileKey holds the key in a file of mode 0400. It is declared weaker than a TPM: the former key's bytes are overwritten
// in place, but flash keeps copies of what was overwritten until its translation layer erases the block, out of reach of
// software. Whoever takes the chips off the board may find them.
type FileKey struct {
	path    string
	fs      *disk.FS
	suspect bool // a Replace failed: what reads back may not be on the disk
}

// NewFileKey holds a key in the named file. A nil fs is the operating system's.
func NewFileKey(path string, fs *disk.FS) *FileKey { return &FileKey{path: path, fs: fs} }

func (h *FileKey) former() string { return h.path + ".old" }

// Key reads the file, and tidies up what a crash inside Replace left.
func (h *FileKey) Key() (Key, error) {
	f, err := h.fs.Open("ring key", h.path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return Key{}, ErrNoKey
	}
	if err != nil {
		return Key{}, fmt.Errorf("open ring key: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return Key{}, fmt.Errorf("ring key: %w", err)
	}
	if st.Mode().Perm()&0o077 != 0 {
		return Key{}, fault{fmt.Errorf("ring key %s can be read by others (mode %04o)", h.path, st.Mode().Perm()),
			"chmod 0400 " + h.path}
	}
	var k Key
	if st.Size() != KeySize {
		return Key{}, fault{fmt.Errorf("ring key %s has %d bytes, not %d", h.path, st.Size(), KeySize),
			"the file was damaged or replaced; without it nothing stored can be read"}
	}
	if _, err := f.ReadAt(k[:], 0); err != nil {
		return Key{}, fmt.Errorf("read ring key: %w", err)
	}
	if h.suspect {
		// A failed sync may have left pages that read well and aren't on the disk: write the same key anew.
		if err := h.Replace(k); err != nil {
			return Key{}, err
		}
		return k, nil
	}
	// A killed process leaves renames and bytes that the disk doesn't have yet.
	if err := f.Sync(); err != nil {
		h.suspect = true
		return Key{}, fmt.Errorf("sync ring key: %w", err)
	}
	if err := h.fs.SyncDir("ring key", filepath.Dir(h.path)); err != nil {
		h.suspect = true
		return Key{}, fmt.Errorf("sync ring key's directory: %w", err)
	}
	if err := h.tidy(st); err != nil {
		return Key{}, err
	}
	return k, nil
}

// tidy destroys a former key and a half-made new one.
func (h *FileKey) tidy(current os.FileInfo) error {
	for _, p := range []string{h.former(), h.path + ".new"} {
		st, err := os.Lstat(p)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("former ring key: %w", err)
		}
		// Crashed before the rename: the former key's second name is that of the key in force.
		if !os.SameFile(st, current) {
			if err := h.wipe(p); err != nil {
				return err
			}
		}
		if err := h.fs.Remove("former ring key", p); err != nil {
			return fmt.Errorf("remove former ring key: %w", err)
		}
	}
	return nil
}

// wipe overwrites a key file in place.
func (h *FileKey) wipe(path string) error {
	if err := os.Chmod(path, 0o600); err != nil {
		return fmt.Errorf("wipe former ring key: %w", err)
	}
	f, err := h.fs.Open("former ring key", path, os.O_RDWR)
	if err != nil {
		return fmt.Errorf("wipe former ring key: %w", err)
	}
	defer f.Close()
	n, err := f.Size()
	if err == nil {
		err = f.WriteAt(bytes.Repeat([]byte{0}, int(n)), 0)
	}
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return fmt.Errorf("wipe former ring key: %w", err)
	}
	return nil
}

// Replace writes the new key beside the former and renames it into its place: that is the moment the former stops
// counting. Its bytes are then overwritten and its last name removed.
func (h *FileKey) Replace(k Key) error {
	before, err := os.Stat(h.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("ring key: %w", err)
	}
	// The former key keeps a name until it is overwritten, so that a crash can't leave its bytes out of reach. A name left
	// by a Replace that failed already does that.
	if err := h.fs.Link("former ring key", h.path, h.former()); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("ring key: %w", err)
	}
	if err := h.fs.WriteFile("ring key", h.path, k[:], 0o400); err != nil {
		// Until the rename nothing has changed, on a full disk for instance.
		if now, e := os.Stat(h.path); e != nil || before == nil || !os.SameFile(before, now) {
			h.suspect = true
		}
		return fmt.Errorf("write ring key: %w", err)
	}
	// At this point the new key counts, after any crash.
	h.suspect = false
	st, err := os.Stat(h.path)
	if err == nil {
		err = h.tidy(st)
	}
	if err != nil {
		return fmt.Errorf("destroy former ring key: %w", err)
	}
	return nil
}
