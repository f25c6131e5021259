package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// pictures is a folder of evidence pictures, each gone at its destroy_by. A file's name begins with that time, so that
// every later run, and whoever looks, knows it.
type pictures struct {
	dir   string
	notes io.Writer
}

const (
	untilLayout = "20060102T150405Z"
	// longestLife is the statute's (N.C.G.S. 20-183.32(a)); a message that claims more is not believed.
	longestLife = 90 * 24 * time.Hour
)

var savedName = regexp.MustCompile(`^destroy-by-(\d{8}T\d{6}Z)_[A-Za-z0-9_-]+_\d+_(plate|scene)\.jpg$`)

// openPictures makes the folder, says what the law wants, and removes what is due.
func openPictures(dir string, notes io.Writer) (*pictures, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("--pictures: %w", err)
	}
	p := &pictures{dir, notes}
	fmt.Fprintf(notes, "note: pictures in %s are evidence under N.C.G.S. 20-183.32. Each is removed there at the time in its name, while\n"+
		"alprctl watch --pictures %s runs and whenever it starts; copies of them are yours to destroy by then.\n", dir, dir)
	return p, p.expire(time.Now())
}

// save writes one picture, if it is what the message says it is and its life is not over.
func (p *pictures) save(unit string, seq uint64, kind string, jpeg []byte, sum string, captured, destroyBy time.Time) error {
	if got := sha256.Sum256(jpeg); hex.EncodeToString(got[:]) != sum {
		return fmt.Errorf("%s %d: the %s picture does not match its hash; not saved", unit, seq, kind)
	}
	if end := captured.Add(longestLife); destroyBy.After(end) {
		destroyBy = end
	}
	if !time.Now().Before(destroyBy) {
		return fmt.Errorf("%s %d: the %s picture was to be destroyed by %s; not saved", unit, seq, kind, destroyBy.UTC().Format(time.RFC3339))
	}
	name := fmt.Sprintf("destroy-by-%s_%s_%d_%s.jpg", destroyBy.UTC().Format(untilLayout), unit, seq, kind)
	if err := os.WriteFile(filepath.Join(p.dir, name), jpeg, 0o600); err != nil {
		return fmt.Errorf("save the %s picture: %w", kind, err)
	}
	return nil
}

// expire removes what is due, and nothing that isn't ours.
func (p *pictures) expire(now time.Time) error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return fmt.Errorf("--pictures: %w", err)
	}
	var errs []error
	removed := 0
	for _, e := range entries {
		m := savedName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		until, err := time.Parse(untilLayout, m[1])
		if err != nil || now.Before(until) {
			continue
		}
		if err := os.Remove(filepath.Join(p.dir, e.Name())); err != nil {
			errs = append(errs, fmt.Errorf("destroy a picture that is due: %w", err))
			continue
		}
		removed++
	}
	if removed > 0 {
		fmt.Fprintf(p.notes, "%d pictures reached their destroy_by and were removed from %s\n", removed, p.dir)
	}
	return errors.Join(errs...)
}

// keepLaw removes what is due, every minute until ctx ends.
func (p *pictures) keepLaw(ctx context.Context) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if err := p.expire(now); err != nil {
				fmt.Fprintln(p.notes, "warning:", err)
			}
		}
	}
}
