package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms says what each package of ours may import, of ours. `cmd → stages → alpr`; stages never import each other;
// disk, seal, trust and clock are foundations. A new room must be entered here.
var rooms = map[string][]string{
	"alprd/internal/alpr":    {},
	"alprd/internal/disk":    {},
	"alprd/internal/seal":    {"alprd/internal/disk"},
	"alprd/internal/clock":   {"alprd/internal/alpr", "alprd/internal/seal"},
	"alprd/internal/trust":   {"alprd/internal/seal", "alprd/internal/alpr"},
	"alprd/internal/custody": {"alprd/internal/alpr", "alprd/internal/trust", "alprd/internal/clock"},
	"alprd/internal/capture": {"alprd/internal/alpr", "alprd/internal/clock"},
	"alprd/internal/ocr":     {"alprd/internal/alpr"},
	"alprd/internal/hotlist": {"alprd/internal/alpr", "alprd/internal/trust"},
	"alprd/internal/match":   {"alprd/internal/alpr"},
	"alprd/internal/store":   {"alprd/internal/alpr", "alprd/internal/disk", "alprd/internal/seal", "alprd/internal/clock"},
	"alprd/internal/uplink":  {"alprd/internal/alpr", "alprd/internal/trust", "alprd/internal/trust/pki"},
	"alprd/internal/demo":    {"alprd/internal/alpr", "alprd/docs/schemas"},
	"alprd/docs/schemas":     {},
}

// libraries says who alone may import what hurts when it spreads.
var libraries = map[string][]string{
	"gocv.io/x/gocv":                   {"alprd/internal/capture", "alprd/internal/ocr"},
	"github.com/bluenviron/gortsplib":  {"alprd/internal/capture"},
	"go.etcd.io/bbolt":                 {"alprd/internal/store"},
	"github.com/eclipse/paho":          {"alprd/internal/uplink"},
	"github.com/go-jose":               {"alprd/internal/trust"},
	"github.com/spf13":                 {"alprd/cmd/alprd", "alprd/cmd/alprctl"},
	"github.com/klauspost/compress":    {"alprd/internal/hotlist"},
	"github.com/mochi-mqtt/server":     {"alprd/cmd/alprd", "alprd/internal/demo"},
	"github.com/santhosh-tekuri":       {"alprd/docs/schemas"},
	"go.uber.org/zap":                  {"alprd/cmd/alprd", "alprd/internal/capture", "alprd/internal/ocr", "alprd/internal/store", "alprd/internal/uplink"},
	"github.com/go-viper/mapstructure": {"alprd/cmd/alprd"},
}

// The rules of the house fail here, not in review.
func TestLayers(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "alprd/...").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	packages := 0
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		pkg, imports := f[0], f[1:]
		packages++
		parent := pkg // a package inside a room obeys the room's rules
		for rooms[parent] == nil && strings.Count(parent, "/") > 2 {
			parent = parent[:strings.LastIndex(parent, "/")]
		}
		allowed, known := rooms[parent]
		cmd := strings.HasPrefix(pkg, "alprd/cmd/")
		if !known && !cmd {
			t.Errorf("%s is a room that the house doesn't know", pkg)
		}
		for _, imp := range imports {
			if strings.HasPrefix(imp, "alprd/") && !cmd && !strings.HasPrefix(imp, parent+"/") && imp != parent && !slices.Contains(allowed, imp) {
				t.Errorf("%s imports %s: stages speak alpr only", pkg, imp)
			}
			for lib, users := range libraries {
				if strings.HasPrefix(imp, lib) && !slices.Contains(users, parent) {
					t.Errorf("%s imports %s, which belongs to %v", pkg, imp, users)
				}
			}
			if parent == "alprd/internal/alpr" && strings.Contains(strings.Split(imp, "/")[0], ".") {
				t.Errorf("%s imports %s: the vocabulary is standard library only", pkg, imp)
			}
		}
	}
	if packages < len(rooms) {
		t.Errorf("go list found %d packages", packages)
	}
	// alprctl builds for any laptop: nothing of it may need C.
	out, err = exec.Command("go", "list", "-deps", "alprd/cmd/alprctl").CombinedOutput()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, out)
	}
	for _, lib := range []string{"gocv.io", "alprd/internal/capture", "alprd/internal/ocr"} {
		if strings.Contains(string(out), lib) {
			t.Errorf("alprctl depends on %s", lib)
		}
	}
}
