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
	p := &player{cam: cam, s: s, start: cam.Start, began: time.Now()}
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

// giveUp is how many pictures may fail before the first good one.
const giveUp = 250

// once plays the clip to its end and returns the time of the frame that would follow.
func (p *player) once(ctx context.Context) (end time.Duration, err error) {
	d, err := openClip(p.cam.URL)
	if err != nil {
		return 0, &problem{what: "the clip can't be read", err: err, hint: "look at it with: ffprobe " + p.cam.URL}
	}
	defer d.close()
	r := round{player: p, d: d, line: timeline{offset: p.offset, interval: d.interval()}}
	for over := false; ctx.Err() == nil; {
		pic, err := d.receive()
		switch {
		case err == nil:
			if err := r.show(ctx, pic); err != nil {
				return 0, err
			}
		case err == errMore && !over:
			if over, err = d.next(); err != nil { // a damaged packet, or the file breaks off: go on with what there is
				r.hurt(err)
			}
		case err == io.EOF, err == errMore:
			return r.line.end(), r.verdict()
		default:
			r.hurt(err)
		}
		if r.good == 0 && r.bad > giveUp {
			return 0, r.verdict()
		}
	}
	return r.line.end(), nil
}

// round is the playing of a clip from its beginning to its end.
type round struct {
	*player
	d       *decoder
	line    timeline
	good    int
	bad     int
	last    error // the last thing that went wrong
	suspect bool  // what follows damage is predicted from it, up to the next key frame
}

func (r *round) hurt(err error) {
	r.bad++
	r.last, r.suspect = err, true
	r.s.hurt()
}

// show sends a picture at its time, if it is whole.
func (r *round) show(ctx context.Context, pic *picture) error {
	t, ok := r.d.clock(pic.pts)
	at := r.line.at(t, ok)
	if r.suspect = pic.damaged || r.suspect && !pic.key; r.suspect {
		r.bad++
		r.s.hurt()
		return nil
	}
	r.good++
	if err := r.pace(ctx, at); err != nil {
		return err
	}
	whole := &pic.planes
	if o := r.d.orientation(); o > 1 {
		whole = whole.turned(o, r.s.tones)
	}
	return r.s.send(whole, r.start.Add(at))
}

// verdict is the error of a clip that showed nothing.
func (r *round) verdict() error {
	if r.good > 0 {
		return nil
	}
	return &problem{what: "the clip holds no picture that can be decoded", err: r.last,
		hint: "look at it with: ffprobe " + r.cam.URL + "; convert it with: ffmpeg -i IN -pix_fmt yuv420p OUT.mp4"}
}

// timeline makes the presentation times of one round follow on the round before.
type timeline struct {
	offset   time.Duration // of the round
	interval time.Duration // the clip's mean
	first    time.Duration // the first frame's time in the file
	last     time.Duration // the latest frame's, from the clip's very beginning
	begun    bool
}

// at is the time of a frame whose file says t, or nothing. It never goes back.
func (l *timeline) at(t time.Duration, known bool) time.Duration {
	switch {
	case !l.begun && known:
		l.first, l.last = t, l.offset
	case !l.begun:
		l.last = l.offset
	case known:
		l.last = max(l.last, l.offset+t-l.first)
	default:
		l.last += l.interval
	}
	l.begun = true
	return l.last
}

// end is when the next round may begin.
func (l *timeline) end() time.Duration { return l.last + l.interval }

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
