package capture

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// ChildMain is the decoder process: a program's main calls it when it was started with Options.Args, and exits with what it
// returns. It reads the camera's configuration from standard input, sends pictures to standard output, and ends when
// standard input does: so it never outlives the unit.
func ChildMain() int {
	// Decoding is one thread's work. With a second processor idle, Go's monitor would wake every 20 µs for as long as a picture is
	// being decoded, to see whether somebody wants the first: a tenth of what the process costs.
	runtime.GOMAXPROCS(1)
	signal.Ignore(syscall.SIGPIPE, syscall.SIGINT) // the unit decides; a Ctrl-C at its terminal reaches us too
	// When memory runs out this process goes first, not the unit. Best effort: it needs no privilege.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	// A crash must not leave pictures and the camera's password in a core file.
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	return child(os.Stdin, os.Stdout)
}

// grace is how long a child may take to say goodbye to its camera.
const grace = time.Second

func child(in io.Reader, out io.Writer) int {
	r := bufio.NewReader(in)
	line, err := r.ReadBytes('\n')
	if err != nil {
		return 2
	}
	var cam Camera
	if err := json.Unmarshal(line, &cam); err != nil {
		return 2
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() { // ends with the unit or with this process
		io.Copy(io.Discard, r)
		cancel()
		time.Sleep(grace)
		os.Exit(1) // something native doesn't return
	}()
	s := newSender(out, cam.FPS)
	if cam.Gate {
		if s.gate, err = NewGate(cam.Zone); err != nil {
			return 2
		}
	}
	if err := s.say(msgHello, nil); err != nil {
		return 1
	}
	switch cam.Kind() {
	case Stream:
		err = feedLive(s, func() error { return feedStream(ctx, cam, s) })
	case V4L2:
		err = feedLive(s, func() error { return feedDevice(ctx, cam, s) })
	case Clip:
		err = feedClip(ctx, cam, s)
	default:
		err = errors.New("not a camera for a child process")
	}
	if ctx.Err() != nil {
		return 0
	}
	if err == nil {
		s.say(msgEnd, nil)
		return 0
	}
	f := failure{Text: scrub(err.Error(), cam.URL)}
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		f.Hint = scrub(h.Hint(), cam.URL)
	}
	if len(f.Text) > maxText/8 {
		f.Text = f.Text[:maxText/8]
	}
	s.say(msgFail, f)
	return 1
}

// feedLive runs a live camera with the goroutine that writes what it offers; both have ended when it returns.
func feedLive(s *sender, feed func() error) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.pump()
	}()
	err := feed()
	s.stop()
	<-done
	return err
}
