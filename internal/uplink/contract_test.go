package uplink

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"image/jpeg"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"alprd/docs/schemas"
	"alprd/internal/alpr"
	"alprd/internal/uplink/brokertest"
)

// sampleAlert is an alert with everything in it.
func sampleAlert(seq uint64) *alpr.Alert {
	now := time.Now()
	region, agrees, heading := "us-nc", false, 90.5
	entered := alpr.Time{Time: now.AddDate(0, 0, -3)}
	var plate bytes.Buffer
	jpeg.Encode(&plate, image.NewGray(image.Rect(0, 0, 120, 60)), nil)
	sum := sha256.Sum256(plate.Bytes())
	hash := hex.EncodeToString(sum[:])
	return &alpr.Alert{
		ID: alpr.NewID(now), Revision: 1, Seq: seq, CapturedAt: alpr.Time{Time: now}, DestroyBy: alpr.Time{Time: now.AddDate(0, 0, 90)},
		Clock: alpr.AlertClock{Quality: string(alpr.Synchronised), ErrorS: 0.004},
		Unit:  alpr.AlertUnit{ID: "unit-7", Site: "Main and 2nd", Camera: "north", Lane: "1", Direction: "towards town", Position: &alpr.Position{Lat: 35.26, Lon: -77.58}, Heading: &heading},
		Read: alpr.AlertRead{Text: "TZY6473", Confidence: 0.97, Weakest: 0.91, Region: &region, RegionConfidence: 0.8, Small: []int{0},
			Lattice: alpr.Lattice{{{Text: "T", P: 0.998}, {Text: "7", P: 0.001}}, {{Text: "Z", P: 0.9}, {Text: "", P: 0.1}}}, Frames: 14, Agreeing: 11, Pass: 3},
		Matches: []alpr.AlertMatch{{
			List:  alpr.AlertList{Name: "state", Source: "NC SBI", Version: 12, AgeS: 3600.5},
			Entry: alpr.AlertEntry{ID: "V123456789", Plate: "TZY6478", Class: "stolen_vehicle", Priority: 10, Make: "HOND", Colour: "SIL", EnteredAt: &entered, Manual: &alpr.AlertManual{Operator: "4711"}},
			How:   alpr.Confusable, Differs: []alpr.Difference{{Position: 6, Read: "3", Listed: "8"}}, RegionAgrees: &agrees, Posterior: 0.61,
		}},
		Evidence: alpr.AlertEvidence{PlateJPEG: plate.Bytes(), PlateSHA256: hash, SceneSHA256: hash, Corners: [4][2]int{{611, 402}, {702, 405}, {701, 450}, {610, 447}}},
	}
}

func sampleScene(a *alpr.Alert, seq uint64) alpr.Scene {
	return alpr.Scene{ID: a.ID, Revision: a.Revision, Seq: seq, DestroyBy: a.DestroyBy, Unit: alpr.SceneUnit{ID: "unit-7", Camera: "north"}, CapturedAt: a.CapturedAt,
		Width: 1280, Height: 720, SceneJPEG: a.Evidence.PlateJPEG, SHA256: a.Evidence.SceneSHA256}
}

// Every message that leaves, over a unit's whole life, is on a topic of docs/asyncapi.yaml and valid by its schema; and
// everything that is described there is really said.
func TestEveryMessageIsAsDescribed(t *testing.T) {
	set, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("../../docs/asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Channels   map[string]struct{ Address string }
		Operations map[string]struct {
			Action  string
			Channel struct {
				Ref string `yaml:"$ref"`
			}
			Bindings struct {
				MQTT struct{ Retain bool }
			}
		}
	}
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	unseen := map[string]bool{}
	retained := map[string]bool{}
	for name, c := range doc.Channels {
		topic := strings.Replace(c.Address, "{unit}", "unit-7", 1)
		for _, o := range doc.Operations {
			if o.Channel.Ref == "#/channels/"+name && o.Action == "send" {
				unseen[topic] = true
				retained[topic] = o.Bindings.MQTT.Retain
			}
		}
	}

	m := brokertest.Start(t)
	got := listen(t, m, "#")
	b := newBox()
	for _, topic := range []string{TopicAlert, Covert(TopicAlert)} {
		b.put(alpr.Prompt, topic, func(seq uint64) []byte {
			raw, err := sampleAlert(seq).Encode(func([]byte) ([]byte, error) { return make([]byte, 64), nil })
			if err != nil {
				t.Fatal(err)
			}
			return raw
		})
	}
	b.put(alpr.Prompt, TopicAlert, func(seq uint64) []byte { // as little as can be known
		bare := sampleAlert(seq)
		bare.Read.Region, bare.Unit.Position, bare.Unit.Heading, bare.Read.Small, bare.Evidence.PlateJPEG = nil, nil, nil, nil, nil
		bare.Matches[0].RegionAgrees, bare.Matches[0].Entry.EnteredAt, bare.Matches[0].Entry.Manual, bare.Matches[0].Differs = nil, nil, nil, nil
		bare.Unit.Site, bare.Unit.Lane, bare.Unit.Direction = "", "", ""
		raw, err := bare.Encode(nil)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	})
	for _, topic := range []string{TopicScene, Covert(TopicScene)} {
		b.put(alpr.Bulk, topic, func(seq uint64) []byte {
			raw, err := json.Marshal(sampleScene(sampleAlert(1), seq))
			if err != nil {
				t.Fatal(err)
			}
			return raw
		})
	}
	d := startDaemon(t, false, client(t, m, "unit-7", m.Address), b) // says hello, and by its last will good-bye
	eventually(t, "the outbox is empty", func() bool { return b.left() == 0 })
	eventually(t, "health was told", func() bool { return len(got.on("alpr/v1/unit-7/health")) > 0 })
	d.kill()
	eventually(t, "the will came", func() bool { return len(got.on("alpr/v1/unit-7/status")) == 2 })
	u := start(t, Config{Broker: client(t, m, "unit-7", m.Address)}, b) // stops in order
	eventually(t, "back", func() bool { return len(got.on("alpr/v1/unit-7/status")) == 3 })
	u.stop()
	eventually(t, "stopped", func() bool { return len(got.on("alpr/v1/unit-7/status")) == 4 })

	for _, msg := range got.all() {
		if _, described := retained[msg.Topic]; !described {
			t.Errorf("%s is not in docs/asyncapi.yaml", msg.Topic)
			continue
		}
		delete(unseen, msg.Topic)
		if err := set.Check(schemas.OfTopic(strings.TrimPrefix(msg.Topic, "alpr/v1/unit-7/")), msg.Payload); err != nil {
			t.Errorf("%s: %v\n%s", msg.Topic, err, msg.Payload)
		}
	}
	for topic := range unseen {
		t.Errorf("docs/asyncapi.yaml describes %s, but nothing came there", topic)
	}
	late := listen(t, m, "#")
	time.Sleep(200 * time.Millisecond)
	kept := map[string]bool{}
	for _, msg := range late.all() {
		kept[msg.Topic] = true
	}
	for topic, want := range retained {
		if kept[topic] != want {
			t.Errorf("%s retained: %v, docs/asyncapi.yaml says %v", topic, kept[topic], want)
		}
	}
}

// An alert leaves with nothing the schema doesn't name: a strict schema refuses what it should.
func TestSchemaRefuses(t *testing.T) {
	set, err := schemas.Load()
	if err != nil {
		t.Fatal(err)
	}
	good, err := sampleAlert(1).Encode(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Check("alert", good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"verified":              {`"UNVERIFIED"`, `"VERIFIED"`}, // (R18)
		"member nobody named":   {`"revision":1`, `"revision":1,"extra":1`},
		"member missing":        {`"revision":1,`, ``},
		"local time":            {`Z","unit"`, `+02:00","unit"`},
		"confidence above one":  {`"confidence":0.97`, `"confidence":1.97`},
		"region guessed":        {`"region":"us-nc"`, `"region":"unknown"`},
		"plate with a dash":     {`"plate":"TZY6478"`, `"plate":"TZY-6478"`},
		"no such way to match":  {`"how":"confusable"`, `"how":"similar"`},
		"null for a list":       {`"small":[0]`, `"small":null`},
		"hash of another kind":  {`"plate_sha256":"`, `"plate_sha256":"sha256:`},
		"picture not in base64": {`"plate_jpeg":"`, `"plate_jpeg":"data:`},
		"position off earth":    {`"lat":35.26`, `"lat":135.26`},
	} {
		bad := strings.Replace(string(good), change[0], change[1], 1)
		if bad == string(good) {
			t.Errorf("%s: the row changes nothing", name)
		} else if set.Check("alert", []byte(bad)) == nil {
			t.Errorf("%s passes", name)
		}
	}
}
