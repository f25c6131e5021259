package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"time"
)

// Broker says where the broker is, and who vouches for whom. There is no way to leave encryption or verification out of
// a configuration (R42); the files are read anew for each connection, so that certificates rotate without a restart.
type Broker struct {
	URL        string // ssl://host:port
	CA         string // PEM file: who vouches for the broker
	Cert, Key  string // PEM files: this side's certificate, with intermediates, and its key (R35)
	ServerName string // that the broker's certificate must bear; the URL's host when empty

	// Unit is whose certificate it must be; any client's when empty. A broker that knows its clients by certificate lets
	// each write to its own topics only, and MQTT 3.1.1 has it acknowledge, and drop, what is written elsewhere.
	Unit string

	// Settings is what hints put before the names broker, ca, cert and key: "uplink." by default, "--" for a tool.
	Settings string
	// KeySetting is what comes behind Settings for the key where that isn't "key".
	KeySetting string

	inside func(context.Context) (net.Conn, error)
}

// Inside returns the broker reached by dial instead of its URL, without TLS: a broker that runs in this process, in the
// demo or a test. It can be had from code only, and a connection whose other end is on another machine is refused.
func (b Broker) Inside(dial func(context.Context) (net.Conn, error)) Broker {
	b.inside = dial
	return b
}

// Check finds what is wrong with the address and the files, without connecting.
func (b Broker) Check(now time.Time) error {
	if b.inside != nil {
		return nil
	}
	if err := b.checkAddress(); err != nil {
		return err
	}
	_, err := b.tls(now)
	return err
}

// setting is what the user calls one of the settings.
func (b Broker) setting(name string) string {
	if name == "key" && b.KeySetting != "" {
		name = b.KeySetting
	}
	if b.Settings == "" {
		return "uplink." + name
	}
	return b.Settings + name
}

func (b Broker) checkAddress() error {
	if b.inside != nil {
		return nil
	}
	_, err := b.address()
	return err
}

// address is host:port.
func (b Broker) address() (string, error) {
	u, err := url.Parse(b.URL)
	if err != nil || u.Host == "" {
		return "", &Error{What: fmt.Sprintf("%s: %q is not an address", b.setting("broker"), b.URL), Mend: "write ssl://HOST:8883"}
	}
	switch u.Scheme {
	case "ssl", "tls", "mqtts":
	default:
		return "", &Error{
			What: fmt.Sprintf("%s: %s:// is not encrypted, or not MQTT", b.setting("broker"), u.Scheme),
			Mend: fmt.Sprintf("write ssl://%s:8883; plates never leave over an unencrypted connection (R42)", u.Hostname()),
		}
	}
	if u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" {
		return "", &Error{What: b.setting("broker") + " holds more than host and port", Mend: "write ssl://" + u.Hostname() + ":8883; the unit logs in with its certificate"}
	}
	port := u.Port()
	if port == "" {
		port = "8883"
	}
	return net.JoinHostPort(u.Hostname(), port), nil
}

// tls reads the three files.
func (b Broker) tls(now time.Time) (*tls.Config, error) {
	address, err := b.address()
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(b.CA)
	if err != nil {
		return nil, b.fileError("ca", b.CA, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(ca) {
		return nil, &Error{What: fmt.Sprintf("%s: %s holds no certificate", b.setting("ca"), b.CA), Mend: "it must hold the PEM certificate of the CA that issued the broker's certificate"}
	}
	certPEM, err := os.ReadFile(b.Cert)
	if err != nil {
		return nil, b.fileError("cert", b.Cert, err)
	}
	keyPEM, err := os.ReadFile(b.Key)
	if err != nil {
		return nil, b.fileError("key", b.Key, err)
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, &Error{
			What: fmt.Sprintf("%s and %s do not make a pair", b.setting("cert"), b.setting("key")),
			Mend: fmt.Sprintf("%s must hold a PEM certificate and %s the key it was issued for", b.Cert, b.Key),
			Err:  err,
		}
	}
	if leaf := pair.Leaf; now.After(leaf.NotAfter) {
		return nil, &Error{
			What: fmt.Sprintf("%s: the certificate in %s expired on %s", b.setting("cert"), b.Cert, day(leaf.NotAfter)),
			Mend: fmt.Sprintf("have the agency's CA issue a new one, or set the clock: it says %s", day(now)),
		}
	} else if now.Before(leaf.NotBefore) {
		return nil, &Error{
			What: fmt.Sprintf("%s: the certificate in %s is valid only from %s", b.setting("cert"), b.Cert, day(leaf.NotBefore)),
			Mend: fmt.Sprintf("set the clock: it says %s", day(now)),
		}
	}
	if leaf := pair.Leaf; b.Unit != "" && leaf.Subject.CommonName != b.Unit && !slices.Contains(leaf.DNSNames, b.Unit) {
		return nil, &Error{
			What: fmt.Sprintf("%s: the certificate in %s is for %q, and this unit is %q", b.setting("cert"), b.Cert, leaf.Subject.CommonName, b.Unit),
			Mend: "set unit.id to the name in the certificate, or have one issued for this unit: a broker would take its alerts and drop them",
		}
	}
	name := b.ServerName
	if name == "" {
		name, _, _ = net.SplitHostPort(address)
	}
	return &tls.Config{
		RootCAs:      roots,
		Certificates: []tls.Certificate{pair},
		ServerName:   name,
		MinVersion:   tls.VersionTLS12,
		// P-256 first: Mosquitto's OpenSSL takes it without a second round trip, and FIPS mode has it.
		CurvePreferences: []tls.CurveID{tls.CurveP256, tls.CurveP384},
		CipherSuites: []uint16{ // of TLS 1.2; those of 1.3 are not configurable and all right
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		},
		Time: func() time.Time { return now },
	}, nil
}

func (b Broker) fileError(name, path string, err error) error {
	e := &Error{What: fmt.Sprintf("%s: %s can't be read", b.setting(name), path), Err: err}
	switch {
	case path == "":
		e.What, e.Mend = b.setting(name)+" is missing", "name the PEM file"
	case errors.Is(err, os.ErrNotExist):
		e.What, e.Mend = fmt.Sprintf("%s: %s does not exist", b.setting(name), path), "put the PEM file there, or name the right one"
	case errors.Is(err, os.ErrPermission):
		e.Mend = "make it readable for the user that runs this program, and for nobody else"
	default:
		e.Mend = "it must be a PEM file"
	}
	return e
}

const dialTimeout = 15 * time.Second // to connect and shake hands, and again to log in

// dial connects and shakes hands. Its errors say what to mend.
func (b Broker) dial(ctx context.Context) (*wire, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	if b.inside != nil {
		conn, err := b.inside(ctx)
		if err != nil {
			return nil, fmt.Errorf("reach the broker inside: %w", err)
		}
		if !local(conn) {
			conn.Close()
			return nil, &Error{What: "an unencrypted connection would leave this machine", Mend: "configure " + b.setting("broker") + " as ssl://HOST:8883 (R42)"}
		}
		return newWire(conn, conn), nil
	}
	config, err := b.tls(time.Now())
	if err != nil {
		return nil, err
	}
	address, err := b.address()
	if err != nil {
		return nil, err
	}
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, b.explain(address, err)
	}
	limitUnsent(raw)
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, b.explain(address, err)
	}
	return newWire(conn, raw), nil
}

// local reports whether the other end is on this machine.
func local(conn net.Conn) bool {
	switch a := conn.RemoteAddr().(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	default:
		return a.Network() == "pipe" // net.Pipe
	}
}
