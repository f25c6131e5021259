// Package disk makes the operating system's calls that durability depends on. Each call carries a label, so that a
// test can let exactly one of them fail, tear or vanish: see disktest.
//
// What a caller may rely on, on a file system with ordered journalling (ext4's default):
//   - after File.Sync returned nil, the file's content and size survive a power loss;
//   - a created, renamed or removed name survives once SyncDir of its directory returned nil;
//   - after a failed Sync the content since the last good one is unknown, and a second Sync proves nothing: the kernel
//     reports a lost page once. Whoever sees it writes anew or gives the region up, and never trusts a read of it.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Op names an operating system's call.
type Op string

const (
	OpOpen     Op = "open"
	OpCreate   Op = "create"
	OpRead     Op = "read"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpSync     Op = "sync"
	OpRename   Op = "rename"
	OpLink     Op = "link"
	OpRemove   Op = "remove"
	OpMkdir    Op = "mkdir"
	OpSyncDir  Op = "syncdir"
	OpReadDir  Op = "readdir"
	OpSpace    Op = "space"
)

// Call is one call about to be made.
type Call struct {
	Label  string // what it is for: "ring slot", "segment", …
	Op     Op
	Path   string
	To     string // the new name of a rename or link
	Offset int64  // of a write; the size of a truncate
	Data   []byte // of a write; not to be kept
}

// Hook stands around every call: it may run do, refuse it, or lie about its outcome.
type Hook func(c Call, do func() error) error

// FS makes the calls. A nil FS is the plain operating system.
type FS struct{ Hook Hook }

func (f *FS) call(c Call, do func() error) error {
	if f == nil || f.Hook == nil {
		return do()
	}
	return f.Hook(c, do)
}

// File is an open file.
type File struct {
	fs    *FS
	f     *os.File
	label string
}

// Open opens a file that exists, with O_RDONLY or O_RDWR.
func (f *FS) Open(label, path string, flag int) (*File, error) {
	return f.open(Call{Label: label, Op: OpOpen, Path: path}, flag, 0)
}

// Create makes a new file for reading and writing; one that exists is an error.
func (f *FS) Create(label, path string, perm fs.FileMode) (*File, error) {
	return f.open(Call{Label: label, Op: OpCreate, Path: path}, os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
}

func (f *FS) open(c Call, flag int, perm fs.FileMode) (*File, error) {
	var file *os.File
	err := f.call(c, func() (err error) {
		file, err = os.OpenFile(c.Path, flag, perm)
		return err
	})
	if err != nil {
		if file != nil {
			file.Close()
		}
		return nil, err
	}
	return &File{f, file, c.Label}, nil
}

// Rename moves a file over another of the same directory.
func (f *FS) Rename(label, from, to string) error {
	return f.call(Call{Label: label, Op: OpRename, Path: from, To: to}, func() error { return os.Rename(from, to) })
}

// Link gives a file a second name in the same directory.
func (f *FS) Link(label, from, to string) error {
	return f.call(Call{Label: label, Op: OpLink, Path: from, To: to}, func() error { return os.Link(from, to) })
}

// Remove removes a file or an empty directory.
func (f *FS) Remove(label, path string) error {
	return f.call(Call{Label: label, Op: OpRemove, Path: path}, func() error { return os.Remove(path) })
}

// Mkdir makes a directory; one that exists is fine.
func (f *FS) Mkdir(label, path string, perm fs.FileMode) error {
	return f.call(Call{Label: label, Op: OpMkdir, Path: path}, func() error {
		if err := os.Mkdir(path, perm); !errors.Is(err, fs.ErrExist) {
			return err
		}
		return nil
	})
}

// SyncDir makes the names in a directory durable.
func (f *FS) SyncDir(label, dir string) error {
	return f.call(Call{Label: label, Op: OpSyncDir, Path: dir}, func() error {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		defer d.Close()
		return d.Sync()
	})
}

// LockDir takes the exclusive lock of a directory without waiting, or returns ErrLocked. Closing gives it back.
func (f *FS) LockDir(dir string) (io.Closer, error) {
	d, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		d.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, &fs.PathError{Op: "flock", Path: dir, Err: err}
	}
	return d, nil
}

// ReadDir lists a directory in the order of its names.
func (f *FS) ReadDir(label, dir string) (entries []os.DirEntry, err error) {
	err = f.call(Call{Label: label, Op: OpReadDir, Path: dir}, func() (err error) {
		entries, err = os.ReadDir(dir)
		return err
	})
	return entries, err
}

// Space tells how many bytes are free for us, and how many there are, on the file system of dir.
func (f *FS) Space(label, dir string) (free, total int64, err error) {
	err = f.call(Call{Label: label, Op: OpSpace, Path: dir}, func() error {
		var s unix.Statfs_t
		if err := unix.Statfs(dir, &s); err != nil {
			return &fs.PathError{Op: "statfs", Path: dir, Err: err}
		}
		free, total = int64(s.Bavail)*s.Bsize, int64(s.Blocks)*s.Bsize
		return nil
	})
	return free, total, err
}

// ReadAt reads len(p) bytes from off, or fewer and io.EOF.
func (f *File) ReadAt(p []byte, off int64) (n int, err error) {
	if f.fs == nil || f.fs.Hook == nil { // the hot path of reading makes no closure
		return f.f.ReadAt(p, off)
	}
	err = f.fs.call(Call{Label: f.label, Op: OpRead, Path: f.f.Name(), Offset: off}, func() (err error) {
		n, err = f.f.ReadAt(p, off)
		return err
	})
	return n, err
}

// WriteAt writes all of p at off.
func (f *File) WriteAt(p []byte, off int64) error {
	return f.fs.call(Call{Label: f.label, Op: OpWrite, Path: f.f.Name(), Offset: off, Data: p}, func() error {
		_, err := f.f.WriteAt(p, off)
		return err
	})
}

// Truncate cuts or extends the file.
func (f *File) Truncate(size int64) error {
	return f.fs.call(Call{Label: f.label, Op: OpTruncate, Path: f.f.Name(), Offset: size}, func() error { return f.f.Truncate(size) })
}

// Sync makes content and size durable (fdatasync). It may run beside writes and Close.
func (f *File) Sync() error {
	return f.fs.call(Call{Label: f.label, Op: OpSync, Path: f.f.Name()}, func() error {
		raw, err := f.f.SyscallConn()
		if err != nil {
			return err
		}
		var e error
		err = raw.Control(func(fd uintptr) {
			for {
				if e = unix.Fdatasync(int(fd)); e != unix.EINTR {
					return
				}
			}
		})
		if err != nil {
			return err
		}
		if e != nil {
			return &fs.PathError{Op: "fdatasync", Path: f.f.Name(), Err: e}
		}
		return nil
	})
}

// Size is the file's length in bytes.
func (f *File) Size() (int64, error) {
	s, err := f.f.Stat()
	if err != nil {
		return 0, err
	}
	return s.Size(), nil
}

// Stat describes the file.
func (f *File) Stat() (os.FileInfo, error) { return f.f.Stat() }

// Close closes the file. It makes nothing durable.
func (f *File) Close() error { return f.f.Close() }

// ErrLocked is returned when another process, or another part of this one, holds a directory's lock.
var ErrLocked = errors.New("locked by another process")

// IsFull tells whether an error means that the disk, or what we may use of it, is full.
func IsFull(err error) bool {
	return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) || errors.Is(err, unix.EFBIG)
}

// WriteFile puts data in a file's place: after any crash the file holds exactly the old content or the new, and after a
// nil error the new. A half-made temporary file of an earlier crash is replaced.
func (f *FS) WriteFile(label, path string, data []byte, perm fs.FileMode) error {
	tmp := path + ".new"
	if err := f.Remove(label+" leftover", tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := f.Create(label, tmp, perm)
	if err != nil {
		return err
	}
	err = file.WriteAt(data, 0)
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	// At this point the new content is durable under its temporary name; a crash leaves the old file in place.
	if err == nil {
		err = f.Rename(label, tmp, path)
	}
	if err != nil {
		f.Remove(label+" undo", tmp)
		return err
	}
	return f.SyncDir(label, filepath.Dir(path))
}

// ReadFile reads a whole file.
func (f *FS) ReadFile(label, path string) (data []byte, err error) {
	err = f.call(Call{Label: label, Op: OpRead, Path: path}, func() (err error) {
		data, err = os.ReadFile(path)
		return err
	})
	return data, err
}
