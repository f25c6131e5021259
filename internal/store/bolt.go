package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"alprd/internal/disk"
)

// bbolt has no page checksums, panics on pages that it doesn't expect, and reads through a memory map, where a bad sector
// is a fault. So it is opened, checked and used under guard, every value is sealed with its key as context, and nothing of
// value lives in it alone.

// guard turns panics and memory faults into errDamaged.
func guard(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errDamaged, p)
		}
	}()
	return f()
}

// openBolt opens and checks a database; page is the size of a new one's pages, 0 for the system's. errDamaged means that it must be given up.
func openBolt(path string, page int) (db *bbolt.DB, err error) {
	err = guard(func() (err error) {
		db, err = bbolt.Open(path, 0o600, &bbolt.Options{PageSize: page, Timeout: time.Second, FreelistType: bbolt.FreelistMapType, NoStatistics: true})
		switch {
		case errors.Is(err, berrors.ErrTimeout):
			return fault{fmt.Errorf("%s is in use by another process", path), "stop the other alprd or tool that has it open"}
		case err != nil && !errors.As(err, new(syscall.Errno)): // what isn't the system's is the file's fault
			return fmt.Errorf("%w: %w", errDamaged, err)
		case err != nil:
			return err
		}
		return db.View(func(tx *bbolt.Tx) error {
			// Check works in a goroutine of its own, where a fault in the map would end the process: first see, in this
			// one, that every page it will touch is there.
			if st, err := os.Stat(path); err != nil || st.Size() < tx.Size() {
				return fmt.Errorf("%w: shorter than its pages", errDamaged)
			}
			if err := tx.ForEach(func(_ []byte, b *bbolt.Bucket) error { return touch(b, 0) }); err != nil {
				return err
			}
			var first error
			for err := range tx.Check() { // to its end, or its goroutine stays
				if first == nil {
					first = fmt.Errorf("%w: %w", errDamaged, err)
				}
			}
			return first
		})
	})
	if err != nil && db != nil {
		guard(db.Close)
		db = nil
	}
	return db, err
}

// touch reads every key and both ends of every value of a bucket.
func touch(b *bbolt.Bucket, depth int) error {
	if b == nil || depth > 4 { // we nest no buckets; a page that leads back to itself seems to
		return errDamaged
	}
	sum := byte(0)
	return b.ForEach(func(k, v []byte) error {
		for _, c := range k {
			sum ^= c
		}
		if len(v) > 0 {
			sum ^= v[0] ^ v[len(v)-1]
		}
		if v == nil {
			return touch(b.Bucket(k), depth+1)
		}
		return nil
	})
}

// moveAside keeps one damaged database beside the new one, for whoever wants to know. What it holds is sealed.
func moveAside(fsys *disk.FS, path string) error {
	if err := fsys.Rename("damaged database", path, path+".damaged"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("move %s aside: %w", path, err)
	}
	return nil
}

func exists(path string) bool {
	st, err := os.Stat(path)
	return err == nil && st.Size() > 0
}
