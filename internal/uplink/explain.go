package uplink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Error is what keeps the broker out of reach, in the words of the person who can mend it.
type Error struct {
	What string
	Mend string
	Err  error // below, may be nil
}

func (e *Error) Error() string {
	if e.Err == nil {
		return e.What
	}
	return e.What + ": " + e.Err.Error()
}

// Hint says what to do about it.
func (e *Error) Hint() string { return e.Mend }

// Unwrap gives the error below.
func (e *Error) Unwrap() error { return e.Err }

// explain finds the cause of a failed connection in what crypto/tls, net and the broker say. An error that it doesn't
// know comes back as it is, with the address.
func (b Broker) explain(address string, err error) error {
	var known *Error
	if err == nil || errors.As(err, &known) || errors.Is(err, context.Canceled) {
		return err
	}
	explained := func(what, mend string) error { return &Error{What: what, Mend: mend, Err: err} }
	ca, cert, broker := b.setting("ca"), b.setting("cert"), b.setting("broker")

	var (
		authority x509.UnknownAuthorityError
		unproven  *tls.CertificateVerificationError
		invalid   x509.CertificateInvalidError
		hostname  x509.HostnameError
		record    tls.RecordHeaderError
		dns       *net.DNSError
		timeout   net.Error
	)
	switch {
	case errors.As(err, &authority):
		if errors.As(err, &unproven) && selfSigned(unproven.UnverifiedCertificates) {
			return explained("the certificate of "+address+" is self-signed", fmt.Sprintf("give the broker a certificate of the agency's CA, whose own is in %s (%s)", ca, b.CA))
		}
		return explained("the certificate of "+address+" is not by the CA in "+b.CA, fmt.Sprintf("set %s to the CA that issued the broker's certificate; if it is the right one, somebody may be in between", ca))
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		now := time.Now()
		if now.Before(invalid.Cert.NotBefore) {
			return explained(fmt.Sprintf("the certificate of %s is valid only from %s", address, day(invalid.Cert.NotBefore)), "set this machine's clock: it says "+day(now))
		}
		return explained(fmt.Sprintf("the certificate of %s expired on %s", address, day(invalid.Cert.NotAfter)), "renew the broker's certificate, or set this machine's clock: it says "+day(now))
	case errors.As(err, &hostname):
		return explained("the certificate of "+address+" is not for this name", fmt.Sprintf("write the name it bears into %s, or have one issued for %s", broker, hostname.Host))
	case errors.As(err, &record):
		return explained(address+" does not speak TLS", fmt.Sprintf("name the broker's TLS port in %s, usually 8883", broker))
	case errors.As(err, &dns):
		return explained("there is no address for "+dns.Name, fmt.Sprintf("check the name in %s and this machine's DNS", broker))
	case errors.Is(err, syscall.ECONNREFUSED):
		return explained("nothing listens at "+address, fmt.Sprintf("start the broker, or mend the port in %s", broker))
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return explained("there is no way to "+address, "check the modem or the network cable, and the route")
	case errors.Is(err, packets.ErrorRefusedNotAuthorised), errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword):
		return explained(address+" does not authorise this client", fmt.Sprintf("the broker's access list must know the name in the certificate of %s (%s)", cert, b.Cert))
	case errors.Is(err, packets.ErrorRefusedIDRejected):
		return explained(address+" rejects this client's name", "the broker's access list must allow the unit's id, and id-bulk, as client ids")
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return explained(address+" is not available", "look into the broker's log")
	case errors.Is(err, packets.ErrorRefusedBadProtocolVersion):
		return explained(address+" does not speak MQTT 3.1.1", "enable MQTT 3.1.1 at the broker")
	}
	// The broker's verdict on our certificate comes as an alert, after our side of a TLS 1.3 handshake is done. crypto/tls
	// doesn't export the alerts' type.
	if text := err.Error(); strings.Contains(text, "remote error: tls:") {
		mine := fmt.Sprintf("the certificate in %s (%s)", cert, b.Cert)
		switch {
		case strings.Contains(text, "expired certificate"):
			return explained(address+" says that this side's certificate expired", "have the agency's CA issue a new one for "+mine+"; check both clocks")
		case strings.Contains(text, "unknown certificate authority"):
			return explained(address+" does not know who issued this side's certificate", "the broker's list of CAs must hold the one that issued "+mine)
		case strings.Contains(text, "revoked"):
			return explained(address+" says that this side's certificate is revoked", "have the agency's CA issue a new one for "+mine)
		case strings.Contains(text, "certificate"):
			return explained(address+" does not accept this side's certificate", "the broker must trust the CA of "+mine+", and that must be a client certificate")
		case strings.Contains(text, "protocol version"), strings.Contains(text, "handshake failure"), strings.Contains(text, "insufficient security"):
			return explained(address+" and this side have no TLS version and cipher in common", "the broker must speak TLS 1.2 or 1.3 with ECDHE and AES-GCM")
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return explained(address+" does not answer", fmt.Sprintf("check the network, a firewall in between, and %s", broker))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return explained(address+" hung up", "look into the broker's log: it may refuse this side's certificate or client id, or another client uses the same id")
	}
	return fmt.Errorf("%s: %w", address, err)
}

// selfSigned tells a certificate that vouches for itself. A broker may send its CA's along, which always does.
func selfSigned(chain []*x509.Certificate) bool {
	return len(chain) > 0 && slices.Equal(chain[0].RawIssuer, chain[0].RawSubject)
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
