package capture

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alprd/internal/alpr"
)

// stills is a picture or a folder of pictures as a camera.
type stills struct {
	cam  Camera
	opts Options
}

// Run emits the pictures in the order of their names, sub-folders included. A picture that can't be decoded is told to
// BadFile and leaves a gap in Seq.
func (s *stills) Run(ctx context.Context, emit func(alpr.Frame)) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	clock := pacer{fps: s.cam.FPS}
	var seq uint64
	for {
		files, err := Pictures(s.cam.URL)
		if err != nil {
			return s.say(err)
		}
		good := 0
		for _, path := range files {
			if err := clock.wait(ctx); err != nil {
				return err
			}
			seq++
			img, err := DecodeFile(path)
			if err != nil {
				if s.opts.BadFile != nil {
					s.opts.BadFile(&FileError{Path: path, Err: err})
				}
				continue
			}
			good++
			emit(alpr.Frame{Camera: s.cam.Name, Seq: seq, At: time.Now().UTC(), Clock: s.opts.Clock(), Image: img})
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if good == 0 {
			return s.say(&problem{what: "none of its pictures can be decoded", hint: "each file's own error says why"})
		}
		if !s.cam.Loop {
			return nil
		}
	}
}

func (s *stills) say(err error) error {
	hint := ""
	if h, ok := err.(interface{ Hint() string }); ok {
		hint = h.Hint()
	}
	return &problem{what: fmt.Sprintf("camera %q (%s)", s.cam.Name, s.cam.Place()), err: err, hint: hint}
}

// Pictures lists the picture files of a folder and its sub-folders by name, or the one file that path is. Files and
// folders whose names begin with a dot are left out.
func Pictures(path string) ([]string, error) {
	if err := readable(path); err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !st.IsDir() {
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case p != path && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return filepath.SkipDir
			}
		case !d.IsDir() && isPicture(d.Name()):
			files = append(files, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the pictures: %w", err)
	}
	if len(files) == 0 {
		return nil, &problem{what: "there is no picture in " + quote(path), hint: "pictures end in .jpg, .jpeg, .png, .webp, .bmp, .tif or .tiff"}
	}
	return files, nil
}

func isPicture(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff":
		return true
	}
	return false
}

// pacer waits between pictures.
type pacer struct {
	fps  float64
	next time.Time
}

func (p *pacer) wait(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if p.fps <= 0 {
		return nil
	}
	now := time.Now()
	if p.next.IsZero() || now.After(p.next) {
		p.next = now
	}
	if d := p.next.Sub(now); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.C:
		}
	}
	p.next = p.next.Add(time.Duration(float64(time.Second) / p.fps))
	return nil
}
