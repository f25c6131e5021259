package capture

import (
	"context"
	"crypto/fips140"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph264"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtph265"
	"github.com/bluenviron/gortsplib/v4/pkg/format/rtpmjpeg"
	"github.com/bluenviron/gortsplib/v4/pkg/liberrors"
	"github.com/pion/rtp"
)

// parseURL checks an RTSP address. Its error tells nothing of what stands in it.
func parseURL(raw string) (*base.URL, error) {
	u, err := base.ParseURL(raw)
	if err != nil {
		return nil, errors.New("the url can't be understood")
	}
	if u.Host == "" || (*url.URL)(u).Hostname() == "" {
		return nil, errors.New("the url names no host")
	}
	return u, nil
}

// feedStream plays an RTSP stream until it breaks or ctx ends.
func feedStream(ctx context.Context, cam Camera, s *sender) (err error) {
	// Cameras' digest login needs MD5, which FIPS mode refuses (design note "the house": FIPS). Goroutines inherit this.
	fips140.WithoutEnforcement(func() { err = playStream(ctx, cam, s) })
	return err
}

func playStream(ctx context.Context, cam Camera, s *sender) error {
	u, err := parseURL(cam.URL)
	if err != nil {
		return err
	}
	transport := gortsplib.TransportTCP
	if cam.Transport == "udp" {
		transport = gortsplib.TransportUDP
	}
	lost := new(atomic.Bool)
	c := &gortsplib.Client{
		Transport: &transport,
		// A little less than the unit's patience, so that the child says what happened before it is killed.
		ReadTimeout:   cam.silence() * 3 / 4,
		WriteTimeout:  cam.silence() * 3 / 4,
		UserAgent:     "alprd",
		OnPacketLost:  func(error) { lost.Store(true) },
		OnDecodeError: func(error) { lost.Store(true) },
	}
	if u.Scheme == "rtsps" {
		if c.TLSConfig, err = tlsConfig(cam, u); err != nil {
			return err
		}
	}
	if err := c.Start(u.Scheme, u.Host); err != nil {
		return streamError("connect", err)
	}
	defer c.Close() // TEARDOWN: some cameras allow few sessions, and keep the lost ones for minutes
	defer context.AfterFunc(ctx, c.Close)()
	desc, _, err := c.Describe(u)
	if err != nil {
		return streamError("ask the camera what it offers", err)
	}
	media, pick, err := chooseFormat(desc)
	if err != nil {
		return err
	}
	d, err := newDecoder(pick.codec, pick.extra)
	if err != nil {
		return err
	}
	defer func() {
		c.Close() // no callback runs any more once Wait is back
		_ = c.Wait()
		d.close()
	}()
	if _, err := c.Setup(desc.BaseURL, media, 0, 0); err != nil {
		return streamError("set the stream up", err)
	}
	broken := make(chan error, 1) // the first failure of the callback; later ones are dropped
	v := viewer{s: s, d: d, pick: pick, lost: lost, suspect: pick.codec == h265, since: time.Now()}
	c.OnPacketRTP(media, pick.forma, func(pkt *rtp.Packet) {
		if err := v.packet(pkt); err != nil {
			select {
			case broken <- err:
			default:
			}
		}
	})
	if _, err := c.Play(nil); err != nil {
		return streamError("play the stream", err)
	}
	ended := make(chan error, 1) // holds the one result
	go func() { ended <- c.Wait() }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-broken:
		return err
	case err := <-ended:
		return streamError("the stream ended", err)
	}
}

func tlsConfig(cam Camera, u *base.URL) (*tls.Config, error) {
	conf := &tls.Config{ServerName: (*url.URL)(u).Hostname(), MinVersion: tls.VersionTLS12}
	if cam.TLSCA == "" {
		return conf, nil
	}
	pem, err := os.ReadFile(cam.TLSCA)
	if err != nil {
		return nil, fmt.Errorf("read the camera's certificate authority: %w", err)
	}
	conf.RootCAs = x509.NewCertPool()
	if !conf.RootCAs.AppendCertsFromPEM(pem) {
		return nil, &problem{what: "there is no certificate in " + quote(cam.TLSCA), hint: "give a PEM file"}
	}
	return conf, nil
}

// streamError puts what the library says into words for the person at the pole.
func streamError(doing string, err error) error {
	var status liberrors.ErrClientBadStatusCode
	var cert *tls.CertificateVerificationError
	hint := ""
	switch text := err.Error(); {
	case errors.As(err, &status) && status.Code == base.StatusUnauthorized, strings.Contains(text, "not authenticated"),
		strings.Contains(text, "authentication"), errors.As(err, new(liberrors.ErrClientAuthSetup)):
		return &problem{what: "the camera refused user and password", err: err, hint: "check both in the url; cameras lock out for minutes after a few wrong tries"}
	case errors.As(err, &status) && status.Code == base.StatusNotFound:
		hint = "the camera has no stream of that path: look it up in its manual"
	case errors.As(err, &cert):
		hint = "give the authority that signed the camera's certificate as tls_ca"
	case errors.As(err, new(liberrors.ErrClientTCPTimeout)), errors.As(err, new(liberrors.ErrClientUDPTimeout)), errors.As(err, new(liberrors.ErrClientRequestTimedOut)):
		hint = "the camera is there but sends nothing: it may be starting, or serve as many viewers as it can"
	case strings.Contains(text, "refused"), strings.Contains(text, "no route"), strings.Contains(text, "timeout"), strings.Contains(text, "no such host"), strings.Contains(text, "unreachable"):
		hint = "check the camera's power, cable and address"
	}
	return &problem{what: doing, err: err, hint: hint}
}

// pick is the format chosen from what a camera offers.
type pick struct {
	forma format.Format
	codec codec
	extra []byte // parameter sets from the description, Annex B
	// unit takes a packet and returns the access unit it completes, Annex B, or nil.
	unit func(*rtp.Packet) ([]byte, error)
}

func chooseFormat(desc *description.Session) (*description.Media, *pick, error) {
	var a *format.H264
	if m := desc.FindFormat(&a); m != nil {
		dec, err := a.CreateDecoder()
		if err != nil {
			return nil, nil, fmt.Errorf("H.264: %w", err)
		}
		sps, pps := a.SafeParams()
		return m, &pick{a, h264, annexB(nil, sps, pps), func(p *rtp.Packet) ([]byte, error) {
			au, err := dec.Decode(p)
			if err == rtph264.ErrMorePacketsNeeded {
				return nil, nil
			}
			return annexB(nil, au...), err
		}}, nil
	}
	var b *format.H265
	if m := desc.FindFormat(&b); m != nil {
		dec, err := b.CreateDecoder()
		if err != nil {
			return nil, nil, fmt.Errorf("H.265: %w", err)
		}
		vps, sps, pps := b.SafeParams()
		return m, &pick{b, h265, annexB(nil, vps, sps, pps), func(p *rtp.Packet) ([]byte, error) {
			au, err := dec.Decode(p)
			if err == rtph265.ErrMorePacketsNeeded {
				return nil, nil
			}
			return annexB(nil, au...), err
		}}, nil
	}
	var j *format.MJPEG
	if m := desc.FindFormat(&j); m != nil {
		dec, err := j.CreateDecoder()
		if err != nil {
			return nil, nil, fmt.Errorf("MJPEG: %w", err)
		}
		return m, &pick{j, mjpeg, nil, func(p *rtp.Packet) ([]byte, error) {
			b, err := dec.Decode(p)
			if err == rtpmjpeg.ErrMorePacketsNeeded {
				return nil, nil
			}
			return b, err
		}}, nil
	}
	var offers []string
	for _, m := range desc.Medias {
		for _, f := range m.Formats {
			offers = append(offers, f.Codec())
		}
	}
	return nil, nil, &problem{what: fmt.Sprintf("the camera offers no video that can be read (only %q)", offers), hint: "set the stream to H.264, H.265 or MJPEG on the camera's page"}
}

// annexB appends NAL units with start codes.
func annexB(dst []byte, nalus ...[]byte) []byte {
	for _, n := range nalus {
		if len(n) > 0 {
			dst = append(append(dst, 0, 0, 0, 1), n...)
		}
	}
	return dst
}

// gradual is how long a stream that has never shown a key frame is distrusted: some cameras refresh their picture bit by
// bit instead. It is less than the default Silence, at which the stream would be opened again.
const gradual = 8 * time.Second

// viewer turns packets into pictures. What follows damage is distrusted up to the next key frame: it is predicted from what
// was damaged, however well it decodes. So is the beginning of an H.265 stream; of H.264 the decoder itself knows.
type viewer struct {
	s    *sender
	d    *decoder
	pick *pick
	lost *atomic.Bool // the network dropped something

	last    time.Time // of the last picture passed on
	began   time.Time // when the current access unit's first packet came
	suspect bool
	since   time.Time // of the last damage
	keyed   bool      // a key frame has been seen
}

// packet takes one packet. Its errors end the stream; damage doesn't.
func (v *viewer) packet(pkt *rtp.Packet) error {
	now := time.Now()
	if v.began.IsZero() {
		v.began = now
	}
	au, err := v.pick.unit(pkt)
	if err != nil {
		v.hurt(now)
	}
	if len(au) == 0 {
		return nil
	}
	at := v.began
	v.began = time.Time{}
	if v.lost.Swap(false) {
		v.hurt(now)
	}
	if err := v.d.send(au, at); err != nil {
		v.hurt(now)
	}
	for {
		p, err := v.d.receive()
		if err == errMore {
			return nil
		}
		if err != nil {
			v.hurt(now)
			return nil
		}
		v.keyed = v.keyed || p.key
		if p.damaged {
			v.suspect, v.since = true, now
		} else if p.key || !v.keyed && now.Sub(v.since) > gradual {
			v.suspect = false
		}
		if v.suspect {
			v.s.hurt()
			continue
		}
		// A camera that sends B frames sends them after what they precede: their time is held up, never turned back.
		at := at
		if p.pts > 0 {
			at = time.Unix(0, p.pts)
		}
		if at.Before(v.last) && v.last.Sub(at) < 2*time.Second { // more is a clock that was set, and the frame's time is right
			at = v.last
		}
		v.last = at
		if err := v.s.offer(&p.planes, at); err != nil {
			return fmt.Errorf("write to the unit: %w", err)
		}
	}
}

func (v *viewer) hurt(now time.Time) {
	v.suspect, v.since = v.pick.codec != mjpeg, now // every MJPEG picture stands alone
	v.s.hurt()
}
