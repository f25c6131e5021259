package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"alprd/internal/alpr"
	"alprd/internal/capture"
	"alprd/internal/hotlist"
	"alprd/internal/trust"
	"alprd/internal/uplink/brokertest"
)

// TestMain lets this test program be the daemon, or its decoder process.
func TestMain(m *testing.M) {
	if os.Getenv("ALPRD_TEST_MAIN") != "" || len(os.Args) > 1 && os.Args[1] == capture.ChildCommand {
		main()
	}
	os.Exit(m.Run())
}

// shared is the folder of real pictures; a test that needs it is skipped where it isn't.
func shared(t testing.TB, path string) string {
	t.Helper()
	root := os.Getenv("ALPRD_SHARED")
	if root == "" {
		root = "../../../shared"
	}
	full, err := filepath.Abs(filepath.Join(root, path))
	if err == nil {
		_, err = os.Stat(full)
	}
	if err != nil {
		t.Skipf("no real pictures here: %v (set ALPRD_SHARED)", err)
	}
	return full
}

// label is one plate of a labelled set.
type label struct{ path, plate string }

func labels(t testing.TB, set string) []label {
	t.Helper()
	f, err := os.Open(filepath.Join(set, "labels.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []label
	for _, r := range rows[1:] {
		out = append(out, label{filepath.Join(set, r[0]), alpr.NewPlate(r[5]).Text()})
	}
	slices.SortFunc(out, func(a, b label) int { return strings.Compare(a.path, b.path) })
	return out
}

// site is an agency and one unit of it on this machine: a real broker, a publisher's key, a configuration.
type site struct {
	t      testing.TB
	dir    string
	broker *brokertest.Mosquitto
	key    trust.PrivateKey
	fleet  string
	config string
	socket string
}

// newSite makes them; change may edit the configuration before it is written.
func newSite(t testing.TB, source string, change func(map[string]any)) *site {
	t.Helper()
	return newSiteAt(t, source, change)
}

// newSiteAt does, with lines for the broker's configuration.
func newSiteAt(t testing.TB, source string, change func(map[string]any), lines ...string) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), fleet: "kpd", broker: brokertest.Start(t, lines...)}
	var err error
	if s.key, err = trust.Generate("publisher"); err != nil {
		t.Fatal(err)
	}
	s.write("lists.pub", s.key.Public().Text())
	for _, p := range []string{"kinston", "durham"} {
		b, err := os.ReadFile("../../configs/profiles/" + p + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		s.write("profiles/"+p+".yaml", string(b))
	}
	raw, err := os.ReadFile("../../configs/alprd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c := map[string]any{}
	if err := yaml.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	files := s.broker.Client(t, "unit-1")
	s.socket = filepath.Join(s.dir, "s")
	c["state_dir"], c["socket"] = filepath.Join(s.dir, "state"), s.socket
	put(c, strings.Split("cameras.0.source", "."), source)
	put(c, strings.Split("hotlists.0.public_key", "."), "lists.pub")
	c["uplink"] = map[string]any{"broker": "ssl://" + s.broker.Address, "ca": files.CA, "cert": files.Cert, "key": files.Key, "health_every": "1s"}
	if change != nil {
		change(c)
	}
	s.save(c)
	return s
}

func (s *site) save(c map[string]any) {
	s.t.Helper()
	out, err := yaml.Marshal(c)
	if err != nil {
		s.t.Fatal(err)
	}
	s.config = s.write("alprd.yaml", string(out))
}

func (s *site) read() map[string]any {
	s.t.Helper()
	raw, err := os.ReadFile(s.config)
	if err != nil {
		s.t.Fatal(err)
	}
	c := map[string]any{}
	if err := yaml.Unmarshal(raw, &c); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *site) write(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// publish makes a signed package of the plates, sealed to the running unit.
func (s *site) publish(version uint64, plates []string) string {
	s.t.Helper()
	code, key, errs := s.alprd("keys")
	if code != 0 {
		s.t.Fatal(errs)
	}
	unit, err := trust.ParseRecipient([]byte(key))
	if err != nil {
		s.t.Fatal(err)
	}
	b, err := hotlist.NewBuilder(hotlist.Options{Now: time.Now()})
	if err != nil {
		s.t.Fatal(err)
	}
	var text strings.Builder
	text.WriteString("plate,state,category,make,colour,reason\n")
	for _, p := range plates {
		fmt.Fprintf(&text, "%s,CA,stolen vehicle,TOYT,BLU,case 26-001\n", p)
	}
	if err := b.Read("list.csv", strings.NewReader(text.String())); err != nil {
		s.t.Fatal(err)
	}
	bundle, err := b.Publish(hotlist.Identity{Fleet: s.fleet, List: "ncic", Source: "NCIC", Version: version, BuiltAt: time.Now(), Units: []trust.Recipient{unit}}, s.key)
	if err != nil {
		s.t.Fatal(err)
	}
	dir := filepath.Join(s.dir, fmt.Sprintf("package-%d", version))
	if err := bundle.Write(dir); err != nil {
		s.t.Fatal(err)
	}
	return dir
}

// life is one life of `alprd run`, in a process of its own.
type life struct {
	cmd  *exec.Cmd
	done chan struct{}

	mu  sync.Mutex
	log []map[string]any
	raw bytes.Buffer
}

func (s *site) start() *life { return s.startAs(os.Args[0]) }

// startAs starts a copy of this program, which may have files beside it.
func (s *site) startAs(program string) *life {
	s.t.Helper()
	d := &life{cmd: exec.Command(program, "run", "--config", s.config), done: make(chan struct{})}
	d.cmd.Env = append(os.Environ(), "ALPRD_TEST_MAIN=1")
	pipe, err := d.cmd.StderrPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		defer close(d.done)
		lines := bufio.NewScanner(pipe)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			m := map[string]any{}
			json.Unmarshal(lines.Bytes(), &m) // an error line is no JSON
			d.mu.Lock()
			d.log = append(d.log, m)
			d.raw.Write(lines.Bytes())
			d.raw.WriteByte('\n')
			d.mu.Unlock()
		}
		d.cmd.Wait()
	}()
	s.t.Cleanup(func() {
		d.cmd.Process.Kill()
		<-d.done
		if s.t.Failed() {
			s.t.Logf("the daemon said:\n%s", d.text())
		}
	})
	return d
}

func (d *life) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.raw.String()
}

// said reports whether a log line with this message was written.
func (d *life) said(message string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.log, func(m map[string]any) bool { return m["message"] == message })
}

// acknowledged are the seqs of the messages whose durability the daemon has confirmed.
func (d *life) acknowledged() []uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []uint64
	for _, m := range d.log {
		if m["message"] == "alert recorded" {
			for _, s := range m["seqs"].([]any) {
				out = append(out, uint64(s.(float64)))
			}
		}
	}
	return out
}

func (d *life) kill() {
	d.cmd.Process.Kill()
	<-d.done
}

// stop ends it in order, and gives its exit code.
func (d *life) stop() int {
	d.cmd.Process.Signal(syscall.SIGTERM)
	<-d.done
	return d.cmd.ProcessState.ExitCode()
}

const patience = 4 * time.Minute // how long a test waits for what must come

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// alprd runs a command line against the site's daemon.
func (s *site) alprd(args ...string) (code int, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = execute(s.t.Context(), append(args, "--socket", s.socket), &out, &errs)
	return code, out.String(), errs.String()
}

// subscriber is mosquitto_sub, the real one, with a session that outlives the daemon's deaths.
type subscriber struct {
	cmd *exec.Cmd
	mu  sync.Mutex
	got map[string][][]byte // by the last part of the topic
}

func (s *site) subscribe() *subscriber {
	s.t.Helper()
	files := s.broker.Client(s.t, "server")
	host, port, _ := net.SplitHostPort(s.broker.Address)
	sub := &subscriber{got: map[string][][]byte{}}
	sub.cmd = exec.Command("mosquitto_sub", "-h", host, "-p", port, "--cafile", files.CA, "--cert", files.Cert, "--key", files.Key,
		"-i", "server", "-c", "-q", "1", "-t", "alpr/v1/#", "-F", "%t %p")
	pipe, err := sub.cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := sub.cmd.Start(); err != nil {
		s.t.Fatalf("%v (apt install mosquitto-clients)", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReaderSize(pipe, 1<<20)
		for {
			line, err := r.ReadBytes('\n')
			if err != nil {
				return
			}
			topic, payload, _ := bytes.Cut(bytes.TrimSpace(line), []byte(" "))
			name := strings.TrimPrefix(string(topic), "alpr/v1/unit-1/")
			sub.mu.Lock()
			sub.got[name] = append(sub.got[name], bytes.Clone(payload))
			sub.mu.Unlock()
		}
	}()
	s.t.Cleanup(func() { sub.cmd.Process.Kill(); <-done; sub.cmd.Wait() })
	return sub
}

func (s *subscriber) on(name string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got[name])
}

// seqs are those that arrived, of alerts and scenes.
func (s *subscriber) seqs(t testing.TB) map[uint64]bool {
	t.Helper()
	out := map[uint64]bool{}
	for _, name := range []string{"alert", "alert/scene"} {
		for _, m := range s.on(name) {
			var v struct{ Seq uint64 }
			if err := json.Unmarshal(m, &v); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			out[v.Seq] = true
		}
	}
	return out
}
