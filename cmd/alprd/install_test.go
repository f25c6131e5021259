package main

import (
	"bytes"
	"encoding/json"
	"image/jpeg"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// What `make install` puts into a folder works from there: the programs start, the reader reads, with the library that was
// installed where there is one, and each thing that is others' has its licence beside it.
func TestInstalled(t *testing.T) {
	root := t.TempDir()
	install := exec.Command("make", "-s", "-C", filepath.Join("..", ".."), "install", "DESTDIR="+root)
	install.Env = append(os.Environ(), "MAKEFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("make install: %v\n%s", err, out)
	}
	at := func(path string) string { return filepath.Join(root, path) }
	for _, path := range []string{
		"usr/bin/alprd", "usr/bin/alprctl", "usr/lib/systemd/system/alprd.service", "usr/lib/sysusers.d/alprd.conf", "usr/lib/tmpfiles.d/alprd.conf",
		"usr/share/doc/alprd/LICENSE", "usr/share/doc/alprd/configs/alprd.yaml",
	} {
		if info, err := os.Stat(at(path)); err != nil || info.Size() == 0 {
			t.Errorf("%s isn't installed: %v", path, err)
		}
	}
	unit, err := os.ReadFile(at("usr/lib/systemd/system/alprd.service"))
	if err != nil || !strings.Contains(string(unit), "ExecStart=/usr/bin/alprd ") {
		t.Errorf("the unit starts another program than the one installed: %v", err)
	}

	img, truths := legible(t)
	var picture bytes.Buffer
	if err := jpeg.Encode(&picture, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at("lane.jpg"), picture.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	backends := []string{"opencv"}
	if _, err := os.Stat(at("usr/lib/alprd/libonnxruntime.so.1")); err == nil {
		backends = append(backends, "onnxruntime")
		licence, err := os.ReadFile(at("usr/share/doc/alprd/licences/onnxruntime.txt"))
		if err != nil {
			t.Error(err)
		}
		for _, part := range []string{"Copyright (c) Microsoft Corporation", "The Abseil Authors", "Mozilla Public License Version 2.0", "BSD 3-Clause", "Boost Software License"} {
			if !bytes.Contains(licence, []byte(part)) {
				t.Errorf("the library's licence says nothing of %q", part)
			}
		}
	}
	for _, backend := range backends {
		read := exec.Command(at("usr/bin/alprd"), "read", "--json", "--backend", backend, at("lane.jpg"))
		read.Env = []string{"HOME=" + root, "PATH=/nonexistent"}
		var errs bytes.Buffer
		read.Stderr = &errs
		out, err := read.Output()
		if err != nil {
			t.Fatalf("%s: %v\n%s", backend, err, &errs)
		}
		var line pictureLine
		if err := json.Unmarshal(out, &line); err != nil {
			t.Fatal(err)
		}
		texts := map[string]bool{}
		for _, p := range line.Plates {
			texts[p.Text] = true
		}
		for _, v := range truths {
			if v.Width > 90 && v.Hidden == 0 && !texts[v.Text] {
				t.Errorf("%s: a plate %.0f px wide isn't read by the installed program", backend, v.Width)
			}
		}
	}
}
