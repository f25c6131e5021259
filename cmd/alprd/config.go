package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"

	"alprd/internal/alpr"
	"alprd/internal/custody"
	"alprd/internal/match"
	"alprd/internal/ocr"
)

// maxRetention is the statute's ceiling: no profile can lengthen it (R2; N.C.G.S. 20-183.32(a)).
const maxRetention = 90 * 24 * time.Hour

// config is the file that configs/alprd.yaml annotates.
type config struct {
	Unit     unitConfig
	Profile  profile `mapstructure:"-"`
	StateDir string  `mapstructure:"state_dir"`
	Socket   string
	Log      logConfig
	Cameras  []cameraConfig
	Reader   readerConfig
	Hotlists []hotlistConfig
	Trust    trustConfig
	Uplink   uplinkConfig
	Evidence evidenceConfig
}

type unitConfig struct {
	ID       string
	Fleet    string // whose lists it takes
	Site     string
	Position *struct{ Lat, Lon float64 }
}

type logConfig struct{ Level, Format string }

type cameraConfig struct {
	Name         string
	Source       string
	PasswordFile string `mapstructure:"password_file"`
	Lane         string
	Direction    string
	Heading      *float64
	FPS          float64
	WorkingSize  int         `mapstructure:"working_size"`
	MotionGate   *bool       `mapstructure:"motion_gate"`
	Zone         [][]float64 // corners, each two fractions of the picture's width and height; none: the whole picture
	Silence      time.Duration
}

// zone is where the camera's vehicles are looked for.
func (c cameraConfig) zone() (alpr.Zone, error) {
	var z alpr.Zone
	for i, corner := range c.Zone {
		if len(corner) != 2 {
			return nil, fmt.Errorf("corner %d has %d numbers instead of two", i+1, len(corner))
		}
		z = append(z, [2]float64{corner[0], corner[1]})
	}
	return z, z.Check()
}

type readerConfig struct {
	Backend string
	Region  string // the unit's own state, "us-nc"; its serials are expected more than others. Empty: none are
}

type hotlistConfig struct {
	Name       string
	PublicKey  string `mapstructure:"public_key"`
	Threshold  *float64
	Priority   *int
	Ways       []string
	Hours      []string
	Zone       string
	Directions []string
}

// trustConfig says whose people may command the unit.
type trustConfig struct {
	Root string // the agency's root key, a .pub file; empty: nobody may
}

type uplinkConfig struct {
	Broker      string
	CA          string
	Cert        string
	Key         string
	TopicPrefix string `mapstructure:"topic_prefix"`
	Custody     string
	HealthEvery time.Duration `mapstructure:"health_every"`
}

type evidenceConfig struct {
	JPEGQuality  int  `mapstructure:"jpeg_quality"`
	ReadPictures bool `mapstructure:"read_pictures"`
}

// profile is an agency's rules, from configs/profiles.
type profile struct {
	Name      string
	Agency    string
	Policy    string
	Retention time.Duration
	Purposes  []string // what people may look for plates for
	Hotlists  struct {
		StaleAfter        time.Duration `mapstructure:"stale_after"`
		MaxRejects        fraction      `mapstructure:"max_rejects"`
		RestrictedClasses []string      `mapstructure:"restricted_classes"`
	}
}

// fraction is written in percent: "1%" is 0.01.
type fraction float64

// configError says which file and key is wrong and how to mend it.
type configError struct{ file, key, what, mend string }

func (e *configError) Error() string {
	if e.key == "" {
		return fmt.Sprintf("%s: %s", e.file, e.what)
	}
	return fmt.Sprintf("%s: %s: %s", e.file, e.key, e.what)
}

func (e *configError) Hint() string { return e.mend }

// loadConfig reads and checks a configuration and the profile it names. Every problem it finds is reported at once.
func loadConfig(path string) (config, error) {
	var c config
	v := viper.New()
	for key, value := range map[string]any{
		"state_dir": "/var/lib/alprd", "socket": "/run/alprd/alprd.sock", "log.level": "info", "log.format": "json",
		"uplink.topic_prefix": "alpr/v1", "uplink.custody": "broker", "uplink.health_every": "60s",
		"reader.backend": ocr.Auto, "reader.region": "us-nc", "evidence.jpeg_quality": 85, "evidence.read_pictures": true, "trust.root": "",
	} {
		v.SetDefault(key, value)
	}
	type file struct {
		config      `mapstructure:",squash"`
		ProfilePath string `mapstructure:"profile"`
	}
	var f file
	if err := decodeFile(v, path, &f); err != nil {
		return c, err
	}
	c = f.config
	dir := filepath.Dir(path)
	at := func(p *string) {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
	for i := range c.Cameras {
		cam := &c.Cameras[i]
		at(&cam.PasswordFile)
		if !strings.Contains(cam.Source, ":") {
			at(&cam.Source)
		}
		if cam.WorkingSize == 0 {
			cam.WorkingSize = 640
		}
		if cam.Silence == 0 {
			cam.Silence = 10 * time.Second
		}
		if cam.MotionGate == nil {
			yes := true
			cam.MotionGate = &yes
		}
	}
	at(&c.StateDir)
	at(&c.Socket)
	for i := range c.Hotlists {
		at(&c.Hotlists[i].PublicKey)
		if c.Hotlists[i].Threshold == nil {
			least := match.DefaultThreshold
			c.Hotlists[i].Threshold = &least
		}
	}
	at(&c.Trust.Root)
	at(&c.Uplink.CA)
	at(&c.Uplink.Cert)
	at(&c.Uplink.Key)
	errs := c.problems(path)
	if f.ProfilePath == "" {
		errs = append(errs, &configError{path, "profile", "is missing", "name the agency's profile, as in configs/alprd.yaml"})
	} else {
		at(&f.ProfilePath)
		p, err := loadProfile(f.ProfilePath)
		if err != nil {
			errs = append(errs, err)
		}
		c.Profile = p
	}
	return c, errors.Join(errs...)
}

func loadProfile(path string) (profile, error) {
	var p profile
	v := viper.New()
	v.SetDefault("hotlists.stale_after", "24h")
	v.SetDefault("hotlists.max_rejects", "1%")
	v.SetDefault("purposes", custody.Purposes())
	if err := decodeFile(v, path, &p); err != nil {
		return p, err
	}
	switch {
	case p.Name == "":
		return p, &configError{path, "name", "is missing", "give the profile a short name"}
	case p.Retention == 0:
		return p, &configError{path, "retention", "is missing", "write how long reads are kept, 1d to 90d"}
	case p.Retention > maxRetention:
		return p, &configError{path, "retention", "is longer than the 90 days that N.C.G.S. 20-183.32(a) allows", "write 90d or less"}
	case p.Retention < 24*time.Hour:
		return p, &configError{path, "retention", "is shorter than a day", "write 1d to 90d"}
	case p.Retention%(24*time.Hour) != 0:
		return p, &configError{path, "retention", "is not a whole number of days", "write 1d to 90d"}
	case p.Hotlists.StaleAfter <= 0 || p.Hotlists.StaleAfter > 24*time.Hour:
		return p, &configError{path, "hotlists.stale_after", "is not within 24 hours", "write 24h or less"}
	case p.Hotlists.MaxRejects < 0 || p.Hotlists.MaxRejects > 0.5:
		return p, &configError{path, "hotlists.max_rejects", "is not between 0% and 50%", "write 1%"}
	}
	for _, w := range p.Purposes {
		if err := custody.CheckPurpose(w, p.Purposes); err != nil {
			return p, &configError{path, "purposes", err.Error(), "leave it out"}
		}
	}
	return p, nil
}

// decodeFile reads a YAML file into out, and refuses what out doesn't know.
func decodeFile(v *viper.Viper, path string, out any) error {
	v.SetConfigFile(path)
	v.SetConfigType("yaml")
	if err := v.ReadInConfig(); err != nil {
		mend := "mend the YAML (blanks, no tabs); " + sampleOf(out) + " shows the form"
		if errors.Is(err, os.ErrNotExist) {
			mend = "name a file that is there; " + sampleOf(out) + " is the one to start from"
		}
		return &configError{path, "", strings.TrimPrefix(err.Error(), "open "+path+": "), mend}
	}
	err := v.UnmarshalExact(out, viper.DecodeHook(mapstructure.ComposeDecodeHookFunc(decodeDuration, decodeFraction)))
	if err == nil {
		return nil
	}
	return explain(path, sampleOf(out), err)
}

// sampleOf is the shipped file that shows how out is written.
func sampleOf(out any) string {
	if _, ok := out.(*profile); ok {
		return "configs/profiles/kinston.yaml"
	}
	return "configs/alprd.yaml"
}

var (
	unknownKeys = regexp.MustCompile(`'([^']*)' has invalid keys: (.*)`)
	wrongValue  = regexp.MustCompile(`(?:error decoding )?'([^']+)':? (.*)`)
)

// explain turns the decoder's words into file, key and mend.
func explain(path, sample string, err error) error {
	var errs []error
	for _, line := range strings.Split(err.Error(), "\n") {
		line = strings.Trim(line, " *")
		if m := unknownKeys.FindStringSubmatch(line); m != nil {
			for _, k := range strings.Split(m[2], ", ") {
				if m[1] != "" {
					k = strings.ToLower(m[1]) + "." + k
				}
				errs = append(errs, &configError{path, k, "is not a setting of alprd", "remove it, or see " + sample + " for the right spelling"})
			}
		} else if m := wrongValue.FindStringSubmatch(line); m != nil {
			errs = append(errs, &configError{path, strings.ToLower(m[1]), m[2], "see " + sample + " for its unit and form"})
		}
	}
	if len(errs) == 0 {
		return &configError{path, "", err.Error(), "see " + sample}
	}
	return errors.Join(errs...)
}

var duration = regexp.MustCompile(`^(\d+)d$`)

// decodeDuration wants a unit: viper would take a bare 90 for 90 nanoseconds.
func decodeDuration(from, to reflect.Type, data any) (any, error) {
	if to != reflect.TypeFor[time.Duration]() {
		return data, nil
	}
	s, ok := data.(string)
	if !ok {
		return nil, fmt.Errorf("%v has no unit: write for example %vd, %vh or %vs", data, data, data, data)
	}
	if m := duration.FindStringSubmatch(s); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n > 36500 {
			return nil, fmt.Errorf("%q is no length of time", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		if _, bare := strconv.ParseFloat(s, 64); bare == nil {
			return nil, fmt.Errorf("%s has no unit: write for example %sd, %sh or %ss", s, s, s, s)
		}
		return nil, fmt.Errorf("%q is no length of time: write for example 500ms, 30s, 24h or 90d", s)
	}
	return d, nil
}

func decodeFraction(from, to reflect.Type, data any) (any, error) {
	if to != reflect.TypeFor[fraction]() {
		return data, nil
	}
	s, ok := data.(string)
	n, percent := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(n, 64)
	if !ok || !percent || err != nil {
		return nil, fmt.Errorf("%v is no percentage: write for example 1%%", data)
	}
	return fraction(f / 100), nil
}

var name = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// problems finds everything that can be told wrong without touching the network.
func (c config) problems(file string) []error {
	var errs []error
	bad := func(key, what, mend string) { errs = append(errs, &configError{file, key, what, mend}) }
	if !name.MatchString(c.Unit.ID) {
		bad("unit.id", fmt.Sprintf("%q does not name a unit", c.Unit.ID), "use letters, digits, - and _, for example kpd-pole-07")
	}
	if !name.MatchString(c.Unit.Fleet) {
		bad("unit.fleet", fmt.Sprintf("%q does not name a fleet", c.Unit.Fleet), "write what the agency publishes its lists for (alprctl hotlist publish --fleet), for example kpd")
	}
	if p := c.Unit.Position; p != nil && (p.Lat < -90 || p.Lat > 90 || p.Lon < -180 || p.Lon > 180) {
		bad("unit.position", "is not on the earth", "write lat -90..90 and lon -180..180 in degrees")
	}
	if !slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level) {
		bad("log.level", fmt.Sprintf("%q is not a level", c.Log.Level), "write debug, info, warn or error")
	}
	if !slices.Contains([]string{"json", "console"}, c.Log.Format) {
		bad("log.format", fmt.Sprintf("%q is not a format", c.Log.Format), "write json or console")
	}
	if len(c.Cameras) == 0 {
		bad("cameras", "is empty", "name at least one camera, as in configs/alprd.yaml")
	}
	seen := map[string]bool{}
	for i, cam := range c.Cameras {
		key := func(k string) string { return fmt.Sprintf("cameras[%d].%s", i, k) }
		if !name.MatchString(cam.Name) {
			bad(key("name"), fmt.Sprintf("%q does not name a camera", cam.Name), "use letters, digits, - and _")
		}
		if seen[cam.Name] {
			bad(key("name"), fmt.Sprintf("%q is used twice", cam.Name), "give each camera its own name")
		}
		seen[cam.Name] = true
		if cam.Source == "" {
			bad(key("source"), "is missing", "write rtsp://…, /dev/videoN, a clip or a folder of pictures")
		}
		if u, err := url.Parse(cam.Source); err == nil && u.User != nil {
			if _, set := u.User.Password(); set {
				bad(key("source"), "holds a password", "put it into a file of mode 0600 and name that in password_file")
			}
		}
		if cam.WorkingSize < 160 || cam.WorkingSize > 4096 {
			bad(key("working_size"), fmt.Sprintf("%d pixels is out of range", cam.WorkingSize), "write 640 for near cameras, 1280 for wide views")
		}
		if cam.FPS < 0 || cam.FPS > 240 {
			bad(key("fps"), "is out of range", "write 0 for all, or up to 240 a second")
		}
		if _, err := cam.zone(); err != nil {
			bad(key("zone"), err.Error(), "write three corners or more, each [across, down] in fractions of the picture: [[0, 0.4], [1, 0.4], [1, 1], [0, 1]] is its lower part")
		}
		if cam.Silence < time.Second || cam.Silence > time.Hour {
			bad(key("silence"), "is out of range", "write 1s to 1h")
		}
		if cam.Heading != nil && (*cam.Heading < 0 || *cam.Heading >= 360) {
			bad(key("heading"), "is out of range", "write degrees from north, 0 up to 360")
		}
	}
	if !slices.Contains(ocr.Backends(), c.Reader.Backend) {
		bad("reader.backend", fmt.Sprintf("%q is not one", c.Reader.Backend), "write "+strings.Join(ocr.Backends(), ", "))
	}
	if c.Reader.Region != "" && ocr.Serial(c.Reader.Region) == nil {
		bad("reader.region", fmt.Sprintf("%q is no state", c.Reader.Region), "write us- and the state's two letters, as us-nc, or \"\" to expect no state's plates more than others'")
	}
	lists := map[string]bool{}
	for i, l := range c.Hotlists {
		key := func(k string) string { return fmt.Sprintf("hotlists[%d].%s", i, k) }
		if !name.MatchString(l.Name) {
			bad(key("name"), fmt.Sprintf("%q does not name a list", l.Name), "use letters, digits, - and _")
		}
		if l.Name == manualList || l.Name == covertList {
			bad(key("name"), fmt.Sprintf("%q names the entries that are made by hand", l.Name), "give the list another name, and publish it under that")
		}
		if lists[l.Name] {
			bad(key("name"), fmt.Sprintf("%q is used twice", l.Name), "name each list once")
		}
		lists[l.Name] = true
		if _, k, err := l.rules(); err != nil {
			bad(key(k), err.Error(), "see configs/alprd.yaml for its form")
		}
		if l.PublicKey == "" {
			bad(key("public_key"), "is missing", "name the publisher's .pub file, made by alprctl keygen")
		}
		if *l.Threshold <= 0 || *l.Threshold > 1 {
			bad(key("threshold"), "is out of range", "write a probability above 0, up to 1")
		}
	}
	if u, err := url.Parse(c.Uplink.Broker); err != nil || u.Scheme != "ssl" || u.Port() == "" {
		bad("uplink.broker", fmt.Sprintf("%q is not an ssl:// address", c.Uplink.Broker), "write ssl://HOST:8883; an unencrypted broker is never used")
	}
	for key, v := range map[string]string{"uplink.ca": c.Uplink.CA, "uplink.cert": c.Uplink.Cert, "uplink.key": c.Uplink.Key} {
		if v == "" {
			bad(key, "is missing", "name the PEM file")
		}
	}
	if c.Uplink.Custody != "broker" {
		bad("uplink.custody", fmt.Sprintf("%q is not known", c.Uplink.Custody), "write broker")
	}
	if strings.ContainsAny(c.Uplink.TopicPrefix, "+#") || c.Uplink.TopicPrefix == "" {
		bad("uplink.topic_prefix", "is no topic", "write alpr/v1")
	}
	if c.Uplink.HealthEvery < time.Second || c.Uplink.HealthEvery > time.Hour {
		bad("uplink.health_every", "is out of range", "write 60s")
	}
	if c.Evidence.JPEGQuality < 1 || c.Evidence.JPEGQuality > 100 {
		bad("evidence.jpeg_quality", "is out of range", "write 1..100")
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errs
}
