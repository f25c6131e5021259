// Package capture turns cameras into alpr.Frames: an RTSP stream, a V4L2 device, a clip, or a folder of pictures, all
// behind one small interface, Source, and one contract test.
//
// The way of a frame:
//
//	camera ─► Source.Run (decodes, keeps back what is still) ─► Keeper (reconnects, watches, counts) ─► Ring (drops the
//	oldest when full) ─► the reader's loop
//
// # Why a child process
//
// H.264, H.265 and MJPEG are decoded by libavcodec, V4L2 is spoken by OpenCV: C and C++ that parse what a camera, or
// whoever took its place on the network, sends. A bad stream can make them crash, hang or write where they shouldn't, and
// a Go program can't recover from any of that. So none of it runs in the unit: Open starts this very program again as a
// child (ChildMain, a hidden sub-command), which sends finished pictures through a pipe in a framed protocol with
// checksums and bounded sizes (wire.go). Whatever the child does (dies, falls silent, sends garbage) is an error of
// Source.Run and nothing else; the child is killed with everything it started, and the Keeper starts a fresh one. The
// child inherits no environment beyond what the loader needs, gets the camera's password through its standard input
// only, and is the first process that the kernel ends when memory runs out. Pictures in files are decoded in the
// unit itself: those decoders are Go.
//
// # What a Frame holds
//
// Full-range BT.601 planes with their origin at (0, 0); strides may exceed the width. Luma is the camera's own: limited
// range is expanded, nothing else is done to it. Frames are never reused: whoever receives one owns it.
package capture

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"time"

	"alprd/internal/alpr"

	"go.uber.org/zap"
)

// Camera is the configuration of one camera.
type Camera struct {
	Name string // names the camera in frames, logs and health

	// URL says what and where: rtsp://… or rtsps://…, v4l2:/dev/video0 or /dev/video0, the path of a clip (.mp4, .mkv, …),
	// of a picture, or of a folder of pictures.
	URL string

	// FPS is, for streams, devices and clips, the most frames a second that are passed on (0: all), and for pictures how
	// many are shown a second (0: as fast as they are taken).
	FPS float64

	RealTime  bool      // play a clip at its own pace instead of as fast as its frames are taken
	Loop      bool      // begin a clip or a folder again at its end
	Gate      bool      // keep back pictures in which nothing moves (not of stills): see Source
	Zone      alpr.Zone // where motion counts; empty: everywhere
	Start     time.Time // time of a clip's first frame; zero: the moment it is opened
	Transport string    // of RTSP: "tcp" (default) or "udp"
	TLSCA     string    // of RTSPS: file of the authority's certificate (PEM); empty: the system's authorities

	Silence time.Duration // without a frame for so long a stream or device is given up and opened again; 0: 10 s
	Frozen  time.Duration // with the same picture for so long it counts as frozen; 0: 30 s

	Device Device // what to ask of a V4L2 device
}

// Device holds what a V4L2 device is asked for. Each setting is read back; what the device didn't take is logged. A
// device without manual control of a setting that is left nil keeps its own.
type Device struct {
	Width, Height int    // pixels; 0: 1280×720 or what the device has nearest to it
	Format        string // FourCC: YUYV, MJPG, GREY, NV12; empty: the device's own choice

	// Exposure is in the driver's units, 100 µs for USB cameras (V4L2_CID_EXPOSURE_ABSOLUTE). Setting it switches automatic
	// exposure off first: drivers ignore it otherwise.
	Exposure *float64
	Gain     *float64 // driver's units
	Focus    *float64 // driver's units; switches automatic focus off first
}

const (
	defaultSilence = 10 * time.Second
	defaultFrozen  = 30 * time.Second
)

func (c Camera) silence() time.Duration {
	if c.Silence > 0 {
		return c.Silence
	}
	return defaultSilence
}

func (c Camera) frozen() time.Duration {
	if c.Frozen > 0 {
		return c.Frozen
	}
	return defaultFrozen
}

// Kind is what a camera's URL stands for.
type Kind int

const (
	Stills Kind = iota // a picture or a folder of pictures: no motion between them
	Clip
	Stream // RTSP
	V4L2
)

// Live reports whether the camera can't wait: its frames come when they come, and it never ends.
func (k Kind) Live() bool { return k == Stream || k == V4L2 }

func (k Kind) String() string {
	return [...]string{"stills", "clip", "stream", "device"}[k]
}

// Kind tells from the URL alone what the camera is.
func (c Camera) Kind() Kind {
	low := strings.ToLower(c.URL)
	switch {
	case strings.HasPrefix(low, "rtsp://"), strings.HasPrefix(low, "rtsps://"):
		return Stream
	case strings.HasPrefix(low, "v4l2:"), strings.HasPrefix(low, "/dev/"):
		return V4L2
	case isClip(low):
		if st, err := os.Stat(c.URL); err == nil && st.IsDir() {
			return Stills
		}
		return Clip
	}
	return Stills
}

func isClip(path string) bool {
	switch filepath.Ext(path) {
	case ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts", ".mts", ".mpg", ".mpeg", ".flv", ".asf", ".wmv", ".3gp",
		".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg":
		return true
	}
	return false
}

// Source is a camera that can be run.
type Source interface {
	// Run opens the camera and hands each frame to emit, one after the other, in this goroutine; it returns when emit and
	// everything it started have ended. It waits while emit does; a live camera's frames are meanwhile dropped, the oldest
	// first, and a gap in Seq shows it. Seq counts from 1 in each Run.
	//
	// With Camera.Gate, frames in which nothing moves are Still, and most of them have no picture.
	//
	// It returns nil at the end of a clip or a folder, the context's cause when that has ended, and otherwise an error that
	// says what is wrong with the camera, never with a password in it. It may be run again, not twice at once.
	Run(ctx context.Context, emit func(alpr.Frame)) error
}

// ChildCommand is the argument that Options.Args defaults to: a main that finds it first calls ChildMain.
const ChildCommand = "capture-child"

// Options are what a program gives to all its cameras.
type Options struct {
	// Executable and Args start the child process that runs decoders: this program, and the arguments with which its main
	// calls ChildMain. Defaults: the running executable, ChildCommand.
	Executable string
	Args       []string

	// BadFile is told of each picture that can't be decoded; the others go on. May be nil.
	BadFile func(*FileError)

	Log *zap.Logger // nil: no log

	// Clock says how far the unit's time can be trusted; nil: what the kernel says of its own.
	Clock func() alpr.Clock
}

// Open checks the configuration and returns the camera's source, which does nothing until it is run. That a camera
// isn't there is an error of Run, not of Open: it may come yet.
func Open(cam Camera, opts Options) (Source, error) {
	if err := cam.check(); err != nil {
		return nil, err
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if opts.Clock == nil {
		opts.Clock = KernelClock
	}
	if cam.Kind() == Stills {
		return &stills{cam: cam, opts: opts}, nil // nothing moves between stills
	}
	return &process{cam: cam, opts: opts}, nil
}

func (c Camera) check() error {
	bad := func(what, hint string) error {
		return &problem{what: "camera " + quote(c.Name) + ": " + what, hint: hint}
	}
	switch {
	case c.Name == "":
		return &problem{what: "a camera has no name", hint: "give each camera a name of its own"}
	case c.URL == "":
		return bad("no url", "give rtsp://…, v4l2:/dev/video0, or the path of a clip, a picture or a folder")
	case c.FPS < 0 || c.FPS > 1000:
		return bad("fps is outside 0..1000", "0 passes every frame on")
	case c.Transport != "" && c.Transport != "tcp" && c.Transport != "udp":
		return bad("unknown transport "+quote(c.Transport), "use tcp or udp")
	case c.Silence < 0 || c.Frozen < 0:
		return bad("silence or frozen is negative", "give a duration such as 10s, or leave it out")
	case c.Device.Format != "" && len(c.Device.Format) != 4:
		return bad("format "+quote(c.Device.Format)+" isn't a FourCC", "use YUYV, MJPG, GREY or NV12")
	case c.Zone.Check() != nil:
		return bad("the zone "+c.Zone.Check().Error(), "leave the zone out to watch the whole picture")
	case c.Device.Width < 0 || c.Device.Height < 0 || c.Device.Width > maxSide || c.Device.Height > maxSide:
		return bad("the device's width or height is outside 0..16384", "0 leaves it to the device")
	}
	if scheme, _, found := strings.Cut(c.URL, "://"); found && c.Kind() != Stream {
		return bad("can't read "+quote(scheme)+" URLs", "give the camera's rtsp:// address, or the path of a file")
	}
	if c.Kind() == Stream {
		if _, err := parseURL(c.URL); err != nil {
			return bad(err.Error(), "an address looks like rtsp://user:password@192.168.1.20:554/stream1")
		}
	}
	return nil
}

// Place is the camera's URL without what could be a secret, fit for logs.
func (c Camera) Place() string { return redact(c.URL) }
