// Package brokertest starts real Mosquitto brokers with mutual TLS for tests.
package brokertest

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"alprd/internal/trust/pki"
)

// Mosquitto is a broker on a port of its own, ended with the test.
type Mosquitto struct {
	Address string // host:port
	CA      *pki.Authority

	config string
	cmd    *exec.Cmd
	log    *journal
}

// Files are what a client needs, in a folder that goes with the test.
type Files struct{ CA, Cert, Key string }

// Start starts a broker whose certificate is for 127.0.0.1 and localhost, by a CA of its own. The lines go into its
// configuration, in place of what they set otherwise.
func Start(t testing.TB, lines ...string) *Mosquitto {
	t.Helper()
	ca, err := pki.New("test agency", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := ca.Issue(pki.Subject{Name: "broker", Hosts: []string{"127.0.0.1", "localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	return StartWith(t, ca, pair, lines...)
}

// StartWith starts a broker that shows pair and lets clients of ca in.
func StartWith(t testing.TB, ca *pki.Authority, pair pki.Pair, lines ...string) *Mosquitto {
	t.Helper()
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		path = "/usr/sbin/mosquitto" // not in every user's PATH on Debian
	}
	files := Write(t, ca, pair)
	dir := filepath.Dir(files.CA)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	l.Close()
	given := map[string]bool{}
	for _, l := range lines {
		key, _, _ := strings.Cut(l, " ")
		given[key] = true
	}
	config := "listener " + port + " 127.0.0.1\n"
	for _, l := range []string{
		"allow_anonymous true", "require_certificate true", "tls_version tlsv1.2",
		"cafile " + files.CA, "certfile " + files.Cert, "keyfile " + files.Key,
		"persistence false", "max_queued_messages 0", "max_inflight_messages 0", "log_dest stderr", "log_type all",
	} {
		if key, _, _ := strings.Cut(l, " "); !given[key] {
			config += l + "\n"
		}
	}
	config += strings.Join(lines, "\n") + "\n"
	if os.Geteuid() == 0 {
		config = "user root\n" + config // it would step down to a user that can't read the files
	}
	m := &Mosquitto{Address: address, CA: ca, config: filepath.Join(dir, "mosquitto.conf"), cmd: exec.Command(path), log: &journal{}}
	if err := os.WriteFile(m.config, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	m.Restart(t)
	t.Cleanup(func() {
		m.Kill()
		if t.Failed() {
			t.Logf("the broker's log ends:\n%s", m.log.end(1500))
		}
	})
	return m
}

// Restart starts the broker again after Kill, and returns when it listens.
func (m *Mosquitto) Restart(t testing.TB) {
	t.Helper()
	m.cmd = exec.Command(m.cmd.Path, "-c", m.config)
	m.cmd.Stderr = m.log
	if err := m.cmd.Start(); err != nil {
		t.Fatalf("%v (apt install mosquitto)", err)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", m.Address)
		if err == nil {
			conn.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("mosquitto does not listen:\n%s", m.log.end(1500))
		}
	}
}

// Kill ends the broker as a power cut does.
func (m *Mosquitto) Kill() {
	m.cmd.Process.Kill()
	m.cmd.Wait()
}

// Client makes a fresh certificate of the broker's CA.
func (m *Mosquitto) Client(t testing.TB, name string) Files {
	t.Helper()
	pair, err := m.CA.Issue(pki.Subject{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return Write(t, m.CA, pair)
}

// Write puts a CA's certificate and a pair into a folder that goes with the test.
func Write(t testing.TB, ca *pki.Authority, pair pki.Pair) Files {
	t.Helper()
	dir := t.TempDir()
	cert, key, err := pair.Write(dir, "own")
	if err != nil {
		t.Fatal(err)
	}
	f := Files{CA: filepath.Join(dir, "ca.pem"), Cert: cert, Key: key}
	if err := os.WriteFile(f.CA, ca.PEM(), 0o644); err != nil {
		t.Fatal(err)
	}
	return f
}

// journal is a log that a test may read while the broker writes.
type journal struct {
	mu   sync.Mutex
	text []byte
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.text = append(j.text, p...)
	return len(p), nil
}

func (j *journal) end(n int) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return string(j.text[max(0, len(j.text)-n):])
}
