package uplink

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"alprd/internal/trust/pki"
	"alprd/internal/uplink/brokertest"
)

// Wrong CA, wrong name, expired and self-signed are all refused (R42), a client without the agency's certificate as well
// (R35); and each refusal says which setting to mend.
func TestRefusalsSayWhatToMend(t *testing.T) {
	now := time.Now()
	agency, _ := pki.New("agency", time.Time{}, time.Time{})
	stranger, _ := pki.New("stranger", time.Time{}, time.Time{})
	namesake, _ := pki.New("agency", time.Time{}, time.Time{})
	issue := func(ca *pki.Authority, s pki.Subject) pki.Pair {
		p, err := ca.Issue(s)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	hosts := []string{"127.0.0.1", "localhost"}
	unit := issue(agency, pki.Subject{Name: "unit-7"})
	selfSigned, err := pki.SelfSigned(pki.Subject{Name: "broker", Hosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	start := func(pair pki.Pair, lines ...string) string {
		return brokertest.StartWith(t, agency, pair, lines...).Address
	}
	good := start(issue(agency, pki.Subject{Name: "broker", Hosts: hosts}))
	at := func(address string, ca *pki.Authority, pair pki.Pair) func() Broker {
		return func() Broker { return broker(address, brokertest.Write(t, ca, pair)) }
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	go func() {
		for {
			c, err := plain.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("220 mail.example ready\r\n"))
			c.Close()
		}
	}()
	with := func(change func(*Broker)) func() Broker {
		return func() Broker {
			b := broker(good, brokertest.Write(t, agency, unit))
			change(&b)
			return b
		}
	}
	for _, c := range []struct {
		name       string
		broker     func() Broker
		what, mend string
	}{
		{"all is well", at(good, agency, unit), "", ""},
		{"the broker's name, too", with(func(b *Broker) { b.URL = strings.Replace(b.URL, "127.0.0.1", "localhost", 1) }), "", ""},
		{"wrong CA", at(good, stranger, unit), "not by the CA", "uplink.ca"},
		{"wrong CA of the same name", at(good, namesake, unit), "not by the CA", "uplink.ca"}, // the broker sends its CA's certificate along
		{"broker is self-signed", at(start(selfSigned), agency, unit), "self-signed", "uplink.ca"},
		{"broker's certificate expired", at(start(issue(agency, pki.Subject{Name: "broker", Hosts: hosts, NotBefore: now.AddDate(0, 0, -9), NotAfter: now.AddDate(0, 0, -2)})), agency, unit), "expired on", "renew the broker's certificate"},
		{"broker's certificate is of tomorrow", at(start(issue(agency, pki.Subject{Name: "broker", Hosts: hosts, NotBefore: now.AddDate(0, 0, 1)})), agency, unit), "valid only from", "clock"},
		{"broker is somebody else", at(start(issue(agency, pki.Subject{Name: "broker", Hosts: []string{"mail.example"}})), agency, unit), "not for this name", "uplink.broker"},
		{"a client's certificate for a broker", at(start(issue(agency, pki.Subject{Name: "unit-8"})), agency, unit), "not for this name", "uplink.broker"},
		{"unit's certificate is a stranger's", at(good, agency, issue(stranger, pki.Subject{Name: "unit-7"})), "does not know who issued", "list of CAs"},
		{"unit's certificate expired", at(good, agency, issue(agency, pki.Subject{Name: "unit-7", NotBefore: now.AddDate(0, 0, -9), NotAfter: now.AddDate(0, 0, -2)})), "uplink.cert: the certificate in", "issue a new one"},
		{"unit's certificate is of tomorrow", at(good, agency, issue(agency, pki.Subject{Name: "unit-7", NotBefore: now.AddDate(0, 0, 1)})), "valid only from", "clock"},
		{"access list", at(start(issue(agency, pki.Subject{Name: "broker", Hosts: hosts}), "allow_anonymous false"), agency, unit), "does not authorise", "access list"},
		{"nobody there", at("127.0.0.1:"+freePort(t), agency, unit), "nothing listens", "uplink.broker"},
		{"not TLS", at(plain.Addr().String(), agency, unit), "does not speak TLS", "8883"},
		{"no such name", with(func(b *Broker) { b.URL = "ssl://broker.invalid:8883" }), "there is no address for broker.invalid", "uplink.broker"},
		{"no CA file", with(func(b *Broker) { b.CA += ".gone" }), "uplink.ca: ", "put the PEM file there"},
		{"no key file", with(func(b *Broker) { os.Remove(b.Key) }), "uplink.key: ", "put the PEM file there"},
		{"no certificate named", with(func(b *Broker) { b.Cert = "" }), "uplink.cert is missing", "name the PEM file"},
		{"CA file is a key", with(func(b *Broker) { b.CA = b.Key }), "holds no certificate", "PEM certificate of the CA"},
		{"certificate and key swapped", with(func(b *Broker) { b.Cert, b.Key = b.Key, b.Cert }), "do not make a pair", "the key it was issued for"},
		{"key of another", with(func(b *Broker) { os.WriteFile(b.Key, issue(agency, pki.Subject{Name: "x"}).Key, 0o600) }), "do not make a pair", "the key it was issued for"},
		{"certificate of another unit (R35)", with(func(b *Broker) { b.Unit = "unit-8" }), `is for "unit-7", and this unit is "unit-8"`, "unit.id"},
		{"a tool names its flags", with(func(b *Broker) { b.CA, b.Settings = "", "--" }), "--ca is missing", "name the PEM file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.broker().Try(t.Context(), "unit-7-check")
			if c.what == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil {
				t.Fatal("accepted")
			}
			var hint interface{ Hint() string }
			if !errors.As(err, &hint) || !strings.Contains(err.Error(), c.what) || !strings.Contains(hint.Hint(), c.mend) {
				t.Errorf("error: %v\nhint: %v\nwant %q and %q", err, hint, c.what, c.mend)
			}
		})
	}
}

// Certificates rotate without a restart: the files are read for each connection.
func TestCertificateIsReadAgain(t *testing.T) {
	m := brokertest.Start(t)
	old, err := m.CA.Issue(pki.Subject{Name: "unit-7", NotBefore: time.Now().AddDate(0, 0, -9), NotAfter: time.Now().AddDate(0, 0, -2)})
	if err != nil {
		t.Fatal(err)
	}
	b := broker(m.Address, brokertest.Write(t, m.CA, old))
	u := start(t, Config{Broker: b}, newBox())
	eventually(t, "refused", func() bool {
		err := u.State().Prompt.Err
		return err != nil && strings.Contains(err.Error(), "expired")
	})
	if b.Check(time.Now()) == nil {
		t.Error("Check finds nothing wrong with an expired certificate")
	}
	fresh, err := m.CA.Issue(pki.Subject{Name: "unit-7"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(b.Cert, fresh.Cert, 0o644), os.WriteFile(b.Key, fresh.Key, 0o600)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "connected", func() bool { s := u.State(); return s.Prompt.Connected && s.Bulk.Connected })
	if err := b.Check(time.Now()); err != nil {
		t.Error(err)
	}
}

// The one way without TLS is for a broker in this process. What it dials must not be elsewhere (R42).
func TestInsideStaysInside(t *testing.T) {
	elsewhere := Broker{}.Inside(func(context.Context) (net.Conn, error) { return outsider{}, nil })
	if _, err := elsewhere.dial(context.Background()); err == nil || !strings.Contains(err.Error(), "unencrypted") {
		t.Errorf("%v", err)
	}
	here, there := net.Pipe()
	defer there.Close()
	w, err := Broker{}.Inside(func(context.Context) (net.Conn, error) { return here, nil }).dial(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
}

// outsider is a connection to another machine.
type outsider struct{ net.Conn }

func (outsider) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1883} }
func (outsider) Close() error         { return nil }
