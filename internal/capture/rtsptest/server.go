// Package rtsptest is a real RTSP server for tests: it plays what a camera would send, can be stopped and started, and can
// be told to misbehave. Encoding needs ffmpeg (Debian package ffmpeg).
package rtsptest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/auth"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtp"
)

// Reel is an encoded stream, access unit by access unit.
type Reel struct {
	Format format.Format
	Units  [][][]byte // NAL units; for MJPEG one picture
	Encode func([][]byte) ([]*rtp.Packet, error)
}

// Shoot encodes what the lavfi source shows as a camera would: no B frames, a key frame every ten.
func Shoot(t testing.TB, encoder, source string, args ...string) *Reel {
	t.Helper()
	return encode(t, encoder, append([]string{"-v", "error", "-f", "lavfi", "-i", source}, args...))
}

// ShootFile does the same with a clip.
func ShootFile(t testing.TB, encoder, path string, args ...string) *Reel {
	t.Helper()
	return encode(t, encoder, append([]string{"-v", "error", "-i", path}, args...))
}

func encode(t testing.TB, encoder string, cmd []string) *Reel {
	t.Helper()
	path := filepath.Join(t.TempDir(), "raw")
	switch encoder {
	case "h264":
		cmd = append(cmd, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-bsf:v", "h264_metadata=aud=insert", "-f", "h264", path)
	case "h265":
		cmd = append(cmd, "-c:v", "libx265", "-preset", "ultrafast", "-tune", "zerolatency", "-x265-params", "log-level=error:keyint=10", "-bsf:v", "hevc_metadata=aud=insert", "-f", "hevc", path)
	case "mjpeg":
		cmd = append(cmd, "-c:v", "mjpeg", "-q:v", "2", "-huffman", "default", "-f", "mjpeg", path)
	}
	if out, err := exec.Command("ffmpeg", cmd...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg (Debian package ffmpeg): %v\n%s", err, out)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Develop(t, encoder, raw)
}

// Develop cuts a raw stream into access units.
func Develop(t testing.TB, encoder string, raw []byte) *Reel {
	t.Helper()
	r := new(Reel)
	if encoder == "mjpeg" {
		for len(raw) > 0 {
			n := bytes.Index(raw, []byte{0xff, 0xd9}) + 2
			r.Units = append(r.Units, [][]byte{raw[:n]})
			raw = raw[n:]
		}
		f := &format.MJPEG{}
		r.Format = f
		e, err := f.CreateEncoder()
		if err != nil {
			t.Fatal(err)
		}
		r.Encode = func(u [][]byte) ([]*rtp.Packet, error) { return e.Encode(u[0]) }
		return r
	}
	var sets = map[byte][]byte{}
	for _, n := range bytes.Split(bytes.ReplaceAll(raw, []byte{0, 0, 0, 1}, []byte{0, 0, 1}), []byte{0, 0, 1}) {
		if len(n) == 0 {
			continue
		}
		kind, delimiter := n[0]&31, byte(9)
		if encoder == "h265" {
			kind, delimiter = n[0]>>1&63, 35
		}
		if kind == delimiter {
			r.Units = append(r.Units, nil)
			continue
		}
		sets[kind] = n
		r.Units[len(r.Units)-1] = append(r.Units[len(r.Units)-1], n)
	}
	if encoder == "h265" {
		f := &format.H265{PayloadTyp: 96, VPS: sets[32], SPS: sets[33], PPS: sets[34]}
		r.Format = f
		e, err := f.CreateEncoder()
		if err != nil {
			t.Fatal(err)
		}
		r.Encode = e.Encode
		return r
	}
	f := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: sets[7], PPS: sets[8]}
	r.Format = f
	e, err := f.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	r.Encode = e.Encode
	return r
}

// Server is a camera: a real RTSP server that plays a reel in a loop.
type Server struct {
	T              testing.TB
	Reel           *Reel
	FPS            int    // frames a second; 0: 25
	User, Password string // digest login, when set
	TLS            *tls.Config
	UDP            bool
	Silent         bool                                 // never sends a packet
	Spoil          func(n int, pkts []*rtp.Packet) bool // may change a frame's packets; false drops them
	Addr           string                               // of the last start

	mu     sync.RWMutex // held while it starts: requests that come meanwhile wait
	s      *gortsplib.Server
	stream *gortsplib.ServerStream
	media  *description.Media
	stop   chan struct{}
	done   sync.WaitGroup
	nonce  string
	Torn   chan struct{} // gets a value for each TEARDOWN, room for all that a test can make
}

// Start opens the server, at the address it had before if it had one.
func (v *Server) Start() {
	v.T.Helper()
	if v.Addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			v.T.Fatal(err)
		}
		v.Addr = l.Addr().String()
		l.Close()
	}
	if v.Torn == nil {
		v.Torn = make(chan struct{}, 100)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.nonce, _ = auth.GenerateNonce()
	v.s = &gortsplib.Server{Handler: v, RTSPAddress: v.Addr, TLSConfig: v.TLS, WriteQueueSize: 1024} // a key frame fits
	if v.UDP {
		v.s.UDPRTPAddress, v.s.UDPRTCPAddress = twoPorts(v.T)
	}
	if err := v.s.Start(); err != nil {
		v.T.Fatal(err)
	}
	v.media = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{v.Reel.Format}}
	v.stream = gortsplib.NewServerStream(v.s, &description.Session{Medias: []*description.Media{v.media}})
	v.stop = make(chan struct{})
	v.done.Go(v.play)
}

// End closes the server; its clients see their connections die.
func (v *Server) End() {
	close(v.stop)
	v.done.Wait()
	v.stream.Close()
	v.s.Close()
	v.s.Wait()
}

func (v *Server) play() {
	fps := v.FPS
	if fps == 0 {
		fps = 25
	}
	tick := time.NewTicker(time.Second / time.Duration(fps))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-v.stop:
			return
		case <-tick.C:
		}
		if v.Silent {
			continue
		}
		pkts, err := v.Reel.Encode(v.Reel.Units[n%len(v.Reel.Units)])
		if err != nil {
			v.T.Error(err)
			return
		}
		if v.Spoil != nil && !v.Spoil(n, pkts) {
			continue
		}
		for _, p := range pkts {
			p.Timestamp = uint32(n * 90000 / fps)
			v.stream.WritePacketRTP(v.media, p)
		}
	}
}

func (v *Server) URL() string {
	scheme := "rtsp://"
	if v.TLS != nil {
		scheme = "rtsps://"
	}
	if v.User != "" {
		return scheme + v.User + ":" + v.Password + "@" + v.Addr + "/stream"
	}
	return scheme + v.Addr + "/stream"
}

// refused answers a request without a good login.
func (v *Server) refused(req *base.Request) *base.Response {
	if v.User == "" {
		return nil
	}
	methods := []auth.ValidateMethod{auth.ValidateMethodDigestMD5}
	if auth.Validate(req, v.User, v.Password, methods, "camera", v.nonce) == nil {
		return nil
	}
	return &base.Response{StatusCode: base.StatusUnauthorized,
		Header: base.Header{"WWW-Authenticate": auth.GenerateWWWAuthenticate(methods, "camera", v.nonce)}}
}

func (v *Server) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if r := v.refused(c.Request); r != nil {
		return r, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, v.stream, nil
}

func (v *Server) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if r := v.refused(c.Request); r != nil {
		return r, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, v.stream, nil
}

func (v *Server) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (v *Server) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	if errors.As(c.Error, new(liberrors.ErrServerSessionTornDown)) {
		v.Torn <- struct{}{}
	}
}

// twoPorts finds an even UDP port that is free together with the odd one behind it, as RTP wants them.
func twoPorts(t testing.TB) (even, odd string) {
	for range 100 {
		a, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		n := a.LocalAddr().(*net.UDPAddr).Port
		odd := fmt.Sprint("127.0.0.1:", n+1)
		b, err := net.ListenPacket("udp", odd)
		a.Close()
		if err == nil {
			b.Close()
			if n%2 == 0 {
				return fmt.Sprint("127.0.0.1:", n), odd
			}
		}
	}
	t.Fatal("no two free UDP ports")
	return
}
