package capture

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
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

// reel is an encoded stream, access unit by access unit.
type reel struct {
	forma  format.Format
	units  [][][]byte // NAL units; for MJPEG one picture
	encode func([][]byte) ([]*rtp.Packet, error)
}

// shoot encodes what the lavfi source shows as a camera would: no B frames, a key frame every ten.
func shoot(t testing.TB, encoder, source string, args ...string) *reel {
	t.Helper()
	return encode(t, encoder, append([]string{"-v", "error", "-f", "lavfi", "-i", source}, args...))
}

// shootFile does the same with a clip.
func shootFile(t testing.TB, encoder, path string, args ...string) *reel {
	t.Helper()
	return encode(t, encoder, append([]string{"-v", "error", "-i", path}, args...))
}

func encode(t testing.TB, encoder string, cmd []string) *reel {
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
	ffmpeg(t, cmd...)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return develop(t, encoder, raw)
}

// develop cuts a raw stream into access units.
func develop(t testing.TB, encoder string, raw []byte) *reel {
	t.Helper()
	r := new(reel)
	if encoder == "mjpeg" {
		for len(raw) > 0 {
			n := bytes.Index(raw, []byte{0xff, 0xd9}) + 2
			r.units = append(r.units, [][]byte{raw[:n]})
			raw = raw[n:]
		}
		f := &format.MJPEG{}
		r.forma = f
		e, err := f.CreateEncoder()
		if err != nil {
			t.Fatal(err)
		}
		r.encode = func(u [][]byte) ([]*rtp.Packet, error) { return e.Encode(u[0]) }
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
			r.units = append(r.units, nil)
			continue
		}
		sets[kind] = n
		r.units[len(r.units)-1] = append(r.units[len(r.units)-1], n)
	}
	if encoder == "h265" {
		f := &format.H265{PayloadTyp: 96, VPS: sets[32], SPS: sets[33], PPS: sets[34]}
		r.forma = f
		e, err := f.CreateEncoder()
		if err != nil {
			t.Fatal(err)
		}
		r.encode = e.Encode
		return r
	}
	f := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: sets[7], PPS: sets[8]}
	r.forma = f
	e, err := f.CreateEncoder()
	if err != nil {
		t.Fatal(err)
	}
	r.encode = e.Encode
	return r
}

// server is a camera: a real RTSP server that plays a reel in a loop at 25 frames a second.
type server struct {
	t              testing.TB
	reel           *reel
	user, password string // digest login, when set
	tls            *tls.Config
	udp            bool
	silent         bool                                 // never sends a packet
	spoil          func(n int, pkts []*rtp.Packet) bool // may change a frame's packets; false drops them
	addr           string                               // of the last start

	mu     sync.RWMutex // held while it starts: requests that come meanwhile wait
	s      *gortsplib.Server
	stream *gortsplib.ServerStream
	media  *description.Media
	stop   chan struct{}
	done   sync.WaitGroup
	nonce  string
	torn   chan struct{} // gets a value for each TEARDOWN, room for all that a test can make
}

// start opens the server, at the address it had before if it had one.
func (v *server) start() {
	v.t.Helper()
	if v.addr == "" {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			v.t.Fatal(err)
		}
		v.addr = l.Addr().String()
		l.Close()
	}
	if v.torn == nil {
		v.torn = make(chan struct{}, 100)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.nonce, _ = auth.GenerateNonce()
	v.s = &gortsplib.Server{Handler: v, RTSPAddress: v.addr, TLSConfig: v.tls}
	if v.udp {
		v.s.UDPRTPAddress, v.s.UDPRTCPAddress = twoPorts(v.t)
	}
	if err := v.s.Start(); err != nil {
		v.t.Fatal(err)
	}
	v.media = &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{v.reel.forma}}
	v.stream = gortsplib.NewServerStream(v.s, &description.Session{Medias: []*description.Media{v.media}})
	v.stop = make(chan struct{})
	v.done.Go(v.play)
}

// end closes the server; its clients see their connections die.
func (v *server) end() {
	close(v.stop)
	v.done.Wait()
	v.stream.Close()
	v.s.Close()
	v.s.Wait()
}

func (v *server) play() {
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-v.stop:
			return
		case <-tick.C:
		}
		if v.silent {
			continue
		}
		pkts, err := v.reel.encode(v.reel.units[n%len(v.reel.units)])
		if err != nil {
			v.t.Error(err)
			return
		}
		if v.spoil != nil && !v.spoil(n, pkts) {
			continue
		}
		for _, p := range pkts {
			p.Timestamp = uint32(n) * 3600
			v.stream.WritePacketRTP(v.media, p)
		}
	}
}

func (v *server) url() string {
	scheme := "rtsp://"
	if v.tls != nil {
		scheme = "rtsps://"
	}
	if v.user != "" {
		return scheme + v.user + ":" + v.password + "@" + v.addr + "/stream"
	}
	return scheme + v.addr + "/stream"
}

// refused answers a request without a good login.
func (v *server) refused(req *base.Request) *base.Response {
	if v.user == "" {
		return nil
	}
	methods := []auth.ValidateMethod{auth.ValidateMethodDigestMD5}
	if auth.Validate(req, v.user, v.password, methods, "camera", v.nonce) == nil {
		return nil
	}
	return &base.Response{StatusCode: base.StatusUnauthorized,
		Header: base.Header{"WWW-Authenticate": auth.GenerateWWWAuthenticate(methods, "camera", v.nonce)}}
}

func (v *server) OnDescribe(c *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if r := v.refused(c.Request); r != nil {
		return r, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, v.stream, nil
}

func (v *server) OnSetup(c *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if r := v.refused(c.Request); r != nil {
		return r, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, v.stream, nil
}

func (v *server) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (v *server) OnSessionClose(c *gortsplib.ServerHandlerOnSessionCloseCtx) {
	if errors.As(c.Error, new(liberrors.ErrServerSessionTornDown)) {
		v.torn <- struct{}{}
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
