package uplink

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"alprd/internal/alpr"
	"alprd/internal/uplink/brokertest"
)

const benchMessages = 5000 // a round

// syncedBox is durable as the store is: removing is a write and an fsync.
type syncedBox struct {
	*box
	file *os.File
}

func (s *syncedBox) Delivered(seqs []uint64) error {
	raw := make([]byte, 0, 8*len(seqs))
	for _, q := range seqs {
		raw = binary.LittleEndian.AppendUint64(raw, q)
	}
	if _, err := s.file.Write(raw); err != nil {
		return err
	}
	if err := s.file.Sync(); err != nil {
		return err
	}
	return s.box.Delivered(seqs)
}

func newSyncedBox(b *testing.B) *syncedBox {
	f, err := os.Create(filepath.Join(b.TempDir(), "delivered"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return &syncedBox{newBox(), f}
}

// BenchmarkDrain empties an outbox of 1 kB messages over mutual TLS to a Mosquitto on this machine. Rivals in the same
// run: paho with its file store (which never syncs), and an outbox that commits each acknowledgement by itself.
func BenchmarkDrain(b *testing.B) {
	payload := func(seq uint64) []byte { return fmt.Appendf(nil, "%01000d", seq) }
	report := func(b *testing.B, began time.Time) {
		b.ReportMetric(float64(benchMessages)*float64(b.N)/time.Since(began).Seconds(), "msg/s")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("uplink", func(b *testing.B) {
		m := brokertest.Start(b, "log_type error")
		s := newSyncedBox(b)
		u := start(b, Config{Broker: client(b, m, "unit-7", m.Address)}, s)
		eventually(b, "connected", func() bool { return u.State().Prompt.Connected })
		began := time.Now()
		for range b.N {
			fill(s.box, benchMessages, payload)
			for s.left() > 0 {
				time.Sleep(time.Millisecond)
			}
		}
		report(b, began)
	})
	b.Run("paho_file_store", func(b *testing.B) {
		m := brokertest.Start(b, "log_type error")
		config, err := client(b, m, "naive", m.Address).tls(time.Now())
		if err != nil {
			b.Fatal(err)
		}
		c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("ssl://" + m.Address).SetClientID("naive").SetTLSConfig(config).
			SetCleanSession(false).SetStore(mqtt.NewFileStore(b.TempDir())))
		if t := c.Connect(); t.Wait() && t.Error() != nil {
			b.Fatal(t.Error())
		}
		defer c.Disconnect(100)
		began := time.Now()
		for range b.N {
			var tokens []mqtt.Token
			for seq := range uint64(benchMessages) {
				if len(tokens) == 128 {
					tokens[0].Wait()
					tokens = tokens[1:]
				}
				tokens = append(tokens, c.Publish("alpr/v1/naive/alert", 1, false, payload(seq)))
			}
			for _, t := range tokens {
				t.Wait()
			}
		}
		report(b, began)
	})
	b.Run("commit_for_each", func(b *testing.B) {
		m := brokertest.Start(b, "log_type error")
		s := newSyncedBox(b)
		config, err := client(b, m, "naive", m.Address).tls(time.Now())
		if err != nil {
			b.Fatal(err)
		}
		c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("ssl://" + m.Address).SetClientID("naive").SetTLSConfig(config))
		if t := c.Connect(); t.Wait() && t.Error() != nil {
			b.Fatal(t.Error())
		}
		defer c.Disconnect(100)
		type flight struct {
			seq   uint64
			token mqtt.Token
		}
		began := time.Now()
		for range b.N {
			fill(s.box, benchMessages, payload)
			list, _ := s.Pending(alpr.Prompt, 0, benchMessages)
			var flights []flight
			land := func() {
				flights[0].token.Wait()
				if err := s.Delivered([]uint64{flights[0].seq}); err != nil {
					b.Fatal(err)
				}
				flights = flights[1:]
			}
			for _, o := range list {
				if len(flights) == 128 {
					land()
				}
				p, _ := s.Payload(o)
				flights = append(flights, flight{o.Seq, c.Publish("alpr/v1/naive/alert", 1, false, p)})
			}
			for len(flights) > 0 {
				land()
			}
		}
		report(b, began)
	})
}

func fill(b *box, n int, payload func(uint64) []byte) {
	for range n {
		b.put(alpr.Prompt, TopicAlert, payload)
	}
}

// BenchmarkAlertBesideBulk measures how long an alert takes from its commit to a subscriber beside the broker while pictures of
// 60 kB fill a link of 1 MB/s with a round trip of 50 ms. The rival sends both on one connection, 100 in flight.
func BenchmarkAlertBesideBulk(b *testing.B) {
	const alerts = 40
	scene, alert := make([]byte, 60_000), make([]byte, 8_000)
	measure := func(b *testing.B, took []time.Duration, began time.Time, pictures int) {
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "alert-p50-ms")
		b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "alert-max-ms")
		b.ReportMetric(float64(pictures*len(scene))/1e6/time.Since(began).Seconds(), "bulk-MB/s")
		b.ReportMetric(0, "ns/op")
	}
	b.Run("uplink", func(b *testing.B) {
		for range b.N {
			m := brokertest.Start(b, "log_type error")
			link := startProxy(b, m.Address, 25*time.Millisecond, 1_000_000)
			box := newBox()
			for range 400 {
				box.put(alpr.Bulk, TopicScene, func(uint64) []byte { return scene })
			}
			u := start(b, Config{Broker: client(b, m, "unit-7", link.address())}, box)
			eventually(b, "pictures flow", func() bool { return u.State().Delivered > 20 })
			got := listen(b, m, "alpr/v1/unit-7/alert")
			began, before := time.Now(), u.State().Delivered
			var took []time.Duration
			for i := range alerts {
				at := time.Now()
				box.put(alpr.Prompt, TopicAlert, func(uint64) []byte { return alert })
				for len(got.all()) <= i {
					time.Sleep(time.Millisecond)
				}
				took = append(took, time.Since(at))
				time.Sleep(50 * time.Millisecond)
			}
			measure(b, took, began, int(u.State().Delivered-before)-alerts)
			u.stop()
		}
	})
	b.Run("one_connection", func(b *testing.B) {
		for range b.N {
			m := brokertest.Start(b, "log_type error")
			link := startProxy(b, m.Address, 25*time.Millisecond, 1_000_000)
			config, err := client(b, m, "naive", m.Address).tls(time.Now())
			if err != nil {
				b.Fatal(err)
			}
			c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("ssl://" + link.address()).SetClientID("naive").SetTLSConfig(config))
			if t := c.Connect(); t.Wait() && t.Error() != nil {
				b.Fatal(t.Error())
			}
			quit, pictures := make(chan struct{}), make(chan int)
			go func() {
				flights := make(chan mqtt.Token, 100)
				go func() {
					defer close(flights)
					for {
						select {
						case <-quit:
							return
						case flights <- c.Publish("alpr/v1/naive/alert/scene", 1, false, scene):
						}
					}
				}()
				n := 0
				for t := range flights {
					select {
					case <-t.Done():
						n++
					case <-quit:
					}
				}
				pictures <- n
			}()
			time.Sleep(2 * time.Second)
			got := listen(b, m, "alpr/v1/naive/alert")
			began := time.Now()
			var took []time.Duration
			for i := range 3 { // it takes so long
				at := time.Now()
				c.Publish("alpr/v1/naive/alert", 1, false, alert)
				for len(got.all()) <= i {
					time.Sleep(time.Millisecond)
				}
				took = append(took, time.Since(at))
			}
			close(quit)
			measure(b, took, began.Add(-2*time.Second), <-pictures)
			c.Disconnect(0)
		}
	})
}
