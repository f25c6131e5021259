package capture

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"time"
)

// feedClip sends a clip's frames with their presentation times, which count from cam.Start.
func feedClip(ctx context.Context, cam Camera, s *sender) error {
	if err := readable(cam.URL); err != nil {
		return err
	}
	p := player{cam: cam, s: s, start: cam.Start, began: time.Now()}
	if p.start.IsZero() {
		p.start = p.began
	}
	for {
		end, err := p.once(ctx)
		if err != nil || !cam.Loop || ctx.Err() != nil {
			return err
		}
		p.offset = end
	}
}

// readable tells what is the matter with a file before a library does in its own words.
func readable(path string) error {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &problem{what: "there is no file " + quote(path), hint: "check the path"}
	case errors.Is(err, fs.ErrPermission):
		return &problem{what: "no permission to read " + quote(path), hint: "make it readable for the user that alprd runs as"}
	case err != nil:
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err == nil && st.Size() == 0 {
		return &problem{what: quote(path) + " is empty", hint: "the recording has probably failed"}
	}
	return err
}

// player plays a clip.
type player struct {
	cam    Camera
	s      *sender
	start  time.Time     // of the first frame
	began  time.Time     // when playing began
	offset time.Duration // of this round from start
}

// once plays the clip to its end and returns the time of the frame that would follow.
func (p *player) once(ctx context.Context) (end time.Duration, err error) {
	d, err := openClip(p.cam.URL)
	if err != nil {
		return 0, &problem{what: "the clip can't be read", err: err, hint: "look at it with: ffprobe " + p.cam.URL}
	}
	defer d.close()
	first := time.Duration(-1)
	end = p.offset
	good, over := 0, false
	suspect := false // what follows damage is predicted from it, up to the next key frame
	var bad error    // the last thing that went wrong
	for ctx.Err() == nil {
		pic, err := d.receive()
		switch {
		case err == errMore && !over:
			if over, err = d.next(); err != nil {
				bad = err // a damaged packet, or the file breaks off: go on with what there is
				suspect = true
				p.s.hurt()
			}
			continue
		case err == io.EOF, err == errMore:
			if good == 0 {
				return end, &problem{what: "the clip holds no picture that can be decoded", err: bad, hint: "look at it with: ffprobe " + p.cam.URL}
			}
			return end, nil
		case err != nil:
			bad, suspect = err, true
			p.s.hurt()
			if good == 0 {
				return end, &problem{what: "the clip can't be decoded", err: err, hint: "convert it to H.264: ffmpeg -i IN -pix_fmt yuv420p OUT.mp4"}
			}
			continue
		}
		t, ok := d.clock(pic.pts)
		if !ok {
			t = max(first, 0) + end - p.offset
		}
		if first < 0 {
			first = t
		}
		at := p.offset + max(t-first, 0)
		at = max(at, end-d.interval()/2) // never back in time
		end = at + d.interval()
		if suspect = pic.damaged || suspect && !pic.key; suspect {
			p.s.hurt()
			continue
		}
		good++
		if err := p.pace(ctx, at); err != nil {
			return end, err
		}
		show := &pic.planes
		if o := d.orientation(); o > 1 {
			show = show.turned(o, p.s.tones)
		}
		if err := p.s.send(show, p.start.Add(at)); err != nil {
			return end, err
		}
	}
	return end, nil
}

// pace waits until it is time for a frame.
func (p *player) pace(ctx context.Context, at time.Duration) error {
	for p.cam.RealTime && ctx.Err() == nil {
		wait := time.Until(p.began.Add(at))
		if wait <= 0 {
			return nil
		}
		if wait > time.Second { // the unit takes silence for death
			wait = time.Second
			if err := p.s.say(msgAlive, nil); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}
