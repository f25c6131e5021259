package capture

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"alprd/internal/alpr"

	"go.uber.org/zap"
)

// process is a camera whose decoder runs in a child process.
type process struct {
	cam  Camera
	opts Options

	dropped, damaged atomic.Uint64 // over all runs
}

// ErrSilent is returned (wrapped) by Run when a camera's process lives but no frame came within Camera.Silence.
var ErrSilent = errors.New("no frame came")

// starting is what a child may take beyond Camera.Silence for its first sign of life: it loads some 260 libraries.
const starting = 20 * time.Second

// counts are the frames lost inside the child since the source was opened.
func (p *process) counts() (dropped, damaged uint64) { return p.dropped.Load(), p.damaged.Load() }

// Run starts the child and hands its frames on. The child is gone when Run returns.
func (p *process) Run(ctx context.Context, emit func(alpr.Frame)) (err error) {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		} else if err != nil {
			err = p.say(err)
		}
	}()
	k, err := p.start()
	if err != nil {
		return err
	}
	defer k.stop()
	// A reader that has had enough, and a unit that ends, both wake the read below.
	defer context.AfterFunc(ctx, func() { k.out.SetReadDeadline(time.Unix(1, 0)) })()
	return p.follow(ctx, k, emit)
}

// follow reads the child's messages until it ends or misbehaves.
func (p *process) follow(ctx context.Context, k *kid, emit func(alpr.Frame)) error {
	header, table := make([]byte, headerSize), castagnoli()
	var dropped, damaged uint64 // of this run
	patience := starting + p.cam.silence()
	deadline := time.Now().Add(patience)
	for {
		k.out.SetReadDeadline(deadline)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		m, payload, err := readMessage(k.out, header, table)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			k.kill()
			return &problem{what: "silent for " + patience.String(), err: ErrSilent,
				hint: "the camera is connected but gives no whole picture: look at it with a player, and restart it"}
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return k.died()
		case err != nil:
			k.kill()
			return err
		}
		// The child counts from zero in each run; a count that falls is nonsense and adds nothing.
		p.dropped.Add(max(m.dropped, dropped) - dropped)
		p.damaged.Add(max(m.damaged, damaged) - damaged)
		dropped, damaged = max(m.dropped, dropped), max(m.damaged, damaged)
		switch m.kind {
		case msgNote:
			p.note(payload)
			continue
		case msgFail:
			return refusal(payload)
		case msgEnd:
			return nil
		case msgFrame:
			emit(alpr.Frame{Camera: p.cam.Name, Seq: m.seq, At: time.Unix(0, m.at).UTC(), Clock: p.opts.Clock(),
				Image: adopt(payload, m.width, m.height, m.ratio), Still: m.still})
		case msgStill:
			emit(alpr.Frame{Camera: p.cam.Name, Seq: m.seq, At: time.Unix(0, m.at).UTC(), Clock: p.opts.Clock(), Still: true})
		}
		patience = p.cam.silence()
		deadline = time.Now().Add(patience)
	}
}

func (p *process) note(payload []byte) {
	var n note
	if json.Unmarshal(payload, &n) != nil {
		return
	}
	p.opts.Log.Warn("camera says", zap.String("camera", p.cam.Name), zap.String("what", scrub(n.Text, p.cam.URL)),
		zap.String("setting", n.Setting), zap.Float64("asked", n.Asked), zap.Float64("got", n.Got))
}

// refusal is what the child says is wrong.
func refusal(payload []byte) error {
	var f failure
	if err := json.Unmarshal(payload, &f); err != nil || f.Text == "" {
		return errGarbage
	}
	return &problem{what: f.Text, hint: f.Hint}
}

// say puts the camera's name before an error and takes secrets out of it.
func (p *process) say(err error) error {
	what := fmt.Sprintf("camera %q (%s)", p.cam.Name, p.cam.Place())
	hint := ""
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		hint = scrub(h.Hint(), p.cam.URL)
	}
	if text := err.Error(); scrub(text, p.cam.URL) != text { // the wrapped error would still hold it
		err = errors.New(scrub(text, p.cam.URL))
	}
	return &problem{what: what, hint: hint, err: err}
}

// kid is a running child. It leads a process group of its own, so that whatever it starts goes with it.
type kid struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *os.File
	stderr *head
	done   chan struct{} // closed when the process has been waited for
	err    error         // of Wait; valid after done
}

func (p *process) start() (*kid, error) {
	exe, args := p.opts.Executable, p.opts.Args
	if exe == "" {
		var err error
		if exe, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
	}
	if args == nil {
		args = []string{ChildCommand}
	}
	config, err := json.Marshal(p.cam)
	if err != nil {
		return nil, fmt.Errorf("write the camera's configuration: %w", err)
	}
	k := &kid{cmd: exec.Command(exe, args...), stderr: new(head), done: make(chan struct{})}
	k.cmd.Env = environment()
	k.cmd.Stderr = k.stderr
	k.cmd.WaitDelay = grace // nobody else may hold the pipes open
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if k.in, err = k.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	var w *os.File
	if k.out, w, err = os.Pipe(); err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	k.cmd.Stdout = w
	started := make(chan error)
	// Pdeathsig fires when the thread that started the child ends, so this goroutine keeps that thread for as long as the
	// child lives. It ends with the child, which kill and the death of its pipes bring about.
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := k.cmd.Start()
		started <- err
		if err == nil {
			k.err = k.cmd.Wait()
			close(k.done)
		}
	}()
	err = <-started
	w.Close()
	if err != nil {
		k.out.Close()
		return nil, fmt.Errorf("start the decoder process: %w", err)
	}
	widen(k.out)
	go k.in.Write(append(config, '\n')) // ends when the child has read it or is gone; small enough for the pipe
	return k, nil
}

// environment is what the child may know: nothing of the unit's secrets, all that the loader needs.
func environment() []string {
	env := []string{}
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case name == "PATH", name == "TZ", name == "GODEBUG", name == "GOCOVERDIR", strings.HasPrefix(name, "LD_"):
			env = append(env, kv)
		}
	}
	return env
}

// widen makes the pipe a megabyte wide: a frame then takes few turns between the two processes. Best effort.
func widen(f *os.File) {
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	raw.Control(func(fd uintptr) {
		const setPipeSize = 1031 // F_SETPIPE_SZ
		syscall.Syscall(syscall.SYS_FCNTL, fd, setPipeSize, 1<<20)
	})
}

// stop lets the child say goodbye to its camera, and kills it when that takes too long.
func (k *kid) stop() {
	k.in.Close()
	k.out.Close()
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-k.done:
	case <-t.C:
	}
	k.kill()
}

// kill ends the child's whole group and waits for the child.
func (k *kid) kill() {
	select {
	case <-k.done: // its number may be somebody else's by now
		return
	default:
	}
	syscall.Kill(-k.cmd.Process.Pid, syscall.SIGKILL)
	<-k.done
}

// died tells how the child ended without a word.
func (k *kid) died() error {
	// Its end of the pipe is closed: it is ending, or broken.
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case <-k.done:
	case <-t.C:
		k.kill()
	}
	text := "the decoder process ended"
	if k.err != nil {
		text = "the decoder process died: " + k.err.Error()
	}
	if line := k.stderr.line(); line != "" {
		text += ": " + line
	}
	return errors.New(text)
}

// head keeps the beginning of what a child writes to its standard error: a crash says first what it is.
type head struct{ b bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := 4096 - h.b.Len(); room > 0 {
		h.b.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// line is the first line that says something.
func (h *head) line() string {
	for l := range strings.Lines(h.b.String()) {
		if l = strings.TrimSpace(l); l != "" {
			return l[:min(len(l), 200)]
		}
	}
	return ""
}
