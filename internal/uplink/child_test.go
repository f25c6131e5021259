package uplink

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/rpc"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"go.uber.org/zap"

	"alprd/internal/alpr"
)

// The daemon that tests kill is this test binary, started again; its outbox is the parent's box, which survives it as
// a disk would.

const childVar = "ALPRD_TEST_CHILD"

type childOrder struct {
	Naive  bool
	Broker Broker
	Socket string // of the outbox
}

func TestMain(m *testing.M) {
	if order := os.Getenv(childVar); order != "" {
		var o childOrder
		if err := json.Unmarshal([]byte(order), &o); err != nil {
			panic(err)
		}
		conn, err := rpc.Dial("unix", o.Socket)
		if err != nil {
			panic(err)
		}
		if o.Naive {
			naive(o.Broker, &remoteBox{conn})
		}
		u, err := New(Config{Broker: o.Broker, Unit: "unit-7", MinBackoff: 10 * time.Millisecond, MaxBackoff: 50 * time.Millisecond}, &remoteBox{conn}, telling(), zap.NewNop())
		if err != nil {
			panic(err)
		}
		panic(u.Run(context.Background()))
	}
	os.Exit(m.Run())
}

// daemon is a child that can be killed.
type daemon struct {
	t     testing.TB
	order childOrder
	cmd   *exec.Cmd
}

func startDaemon(t testing.TB, naive bool, b Broker, outbox *box) *daemon {
	t.Helper()
	dir, err := os.MkdirTemp("", "box") // t.TempDir is too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "box")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	server := rpc.NewServer()
	if err := server.RegisterName("Box", &boxService{outbox}); err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go server.ServeConn(c)
		}
	}()
	d := &daemon{t: t, order: childOrder{naive, b, socket}}
	t.Cleanup(d.kill)
	d.start()
	return d
}

func (d *daemon) start() {
	d.t.Helper()
	order, err := json.Marshal(d.order)
	if err != nil {
		d.t.Fatal(err)
	}
	d.cmd = exec.Command(os.Args[0])
	d.cmd.Stderr = os.Stderr
	d.cmd.Env = append(os.Environ(), childVar+"="+string(order))
	if err := d.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
}

// kill is kill -9.
func (d *daemon) kill() {
	d.cmd.Process.Kill()
	d.cmd.Wait()
}

// boxService serves a box to another process.
type boxService struct{ b *box }

// Listing is exported for net/rpc.
type Listing struct {
	Class alpr.Class
	After uint64
	Max   int
}

func (s *boxService) Pending(q Listing, out *[]alpr.Outgoing) (err error) {
	*out, err = s.b.Pending(q.Class, q.After, q.Max)
	return
}

func (s *boxService) Payload(o alpr.Outgoing, out *[]byte) (err error) {
	*out, err = s.b.Payload(o)
	return
}

func (s *boxService) Delivered(seqs []uint64, _ *bool) error { return s.b.Delivered(seqs) }

// remoteBox is the child's end.
type remoteBox struct{ *rpc.Client }

func (r *remoteBox) Pending(class alpr.Class, after uint64, max int) (out []alpr.Outgoing, err error) {
	err = r.Call("Box.Pending", Listing{class, after, max}, &out)
	return
}

func (r *remoteBox) Payload(o alpr.Outgoing) (out []byte, err error) {
	err = r.Call("Box.Payload", o, &out)
	return
}

func (r *remoteBox) Delivered(seqs []uint64) error {
	var ok bool
	return r.Call("Box.Delivered", seqs, &ok)
}

func (r *remoteBox) Wake(alpr.Class) <-chan struct{} {
	poke := make(chan struct{})
	time.AfterFunc(10*time.Millisecond, func() { close(poke) })
	return poke
}

// naive is the obvious program: paho reconnects by itself, and a message leaves the outbox when its token is complete
// without an error. It is the control of the loss tests: a harness in which it loses nothing proves nothing.
func naive(b Broker, outbox Outbox) {
	config, err := b.tls(time.Now())
	if err != nil {
		panic(err)
	}
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(b.URL).SetClientID("unit-7").SetTLSConfig(config).
		SetAutoReconnect(true).SetMaxReconnectInterval(50 * time.Millisecond).SetConnectRetry(true).SetConnectRetryInterval(50 * time.Millisecond))
	if token := c.Connect(); token.Wait() && token.Error() != nil {
		panic(token.Error())
	}
	var mu sync.Mutex
	window := make(chan struct{}, 100) // in flight; when full, publishing waits
	var after uint64
	for {
		list, err := outbox.Pending(alpr.Prompt, after, page)
		if err != nil {
			panic(err)
		}
		if len(list) == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		for _, o := range list {
			after = o.Seq
			payload, err := outbox.Payload(o)
			if err != nil {
				panic(err)
			}
			window <- struct{}{}
			token := c.Publish("alpr/v1/unit-7/"+o.Topic, 1, false, payload)
			go func() {
				defer func() { <-window }()
				if token.Wait(); token.Error() == nil {
					mu.Lock()
					defer mu.Unlock()
					if err := outbox.Delivered([]uint64{o.Seq}); err != nil && !errors.Is(err, rpc.ErrShutdown) {
						panic(err)
					}
				}
			}()
		}
	}
}
