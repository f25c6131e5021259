package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"alprd/internal/hotlist"
	"alprd/internal/trust"
)

// alprctl runs a command line as a script would: no terminal, no input.
func alprctl(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = execute(context.Background(), args, strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const listText = "plate,state,category,reason\nABC1234,NC,stolen vehicle,yard\nABC1O34,VA,felony,\nA8C1234,NC,stolen vehicle,\nXYZ99,NC,sex offender,\n"

// The way of a list: keys, a look, a package, a newer one; each refusal with its exit code and two lines.
func TestPublish(t *testing.T) {
	dir := t.TempDir()
	pass := write(t, "pass", "correct horse\n")
	code, out, errs := alprctl(t, "keygen", "--out", dir, "--passphrase-file", pass, "sbi")
	if code != 0 {
		t.Fatal(errs)
	}
	text, err := os.ReadFile(filepath.Join(dir, "sbi.pub"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := trust.ParsePublicKey(text)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, key.Fingerprint()) {
		t.Errorf("keygen doesn't show the fingerprint: %s", out)
	}
	if info, err := os.Stat(filepath.Join(dir, "sbi.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key's mode: %v, %v", info.Mode(), err)
	}
	if code, _, errs := alprctl(t, "keygen", "--out", dir, "--passphrase-file", pass, "sbi"); code != 1 || !strings.Contains(errs, "hint:") {
		t.Errorf("a key was overwritten, or silently not: %d %s", code, errs)
	}

	list, to := write(t, "list.csv", listText), filepath.Join(dir, "package")
	me, err := trust.NewOpener("pole-1", bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	units := filepath.Dir(write(t, "pole-1.unit", me.Recipient().Text()))
	publish := func(more ...string) (int, string, string) {
		return alprctl(t, append([]string{"hotlist", "publish", "--fleet", "kpd", "--units", units, "--list", "local", "--source", "Police", "--key", filepath.Join(dir, "sbi.key"), "--to", to, "--passphrase-file", pass}, more...)...)
	}
	code, out, errs = publish(list, "--version", "7")
	if code != 0 {
		t.Fatal(errs)
	}
	p, err := hotlist.OpenFor(os.DirFS(to), me, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Check(); err != nil {
		t.Error(err)
	}
	if m := p.Manifest(); m.Count != 3 || m.Version != 7 || m.LeftOut["sex_offender"] != 1 {
		t.Errorf("published %+v", m)
	}
	for _, plate := range []string{"ABC1234", "ABC1O34", "A8C1234"} { // R17
		if strings.Contains(out+errs, plate) {
			t.Error("publishing printed a plate")
		}
	}
	if code, _, errs := publish(list, "--version", "7"); code != 1 || !strings.Contains(errs, "not above the published version 7") {
		t.Errorf("the same version again: %d %s", code, errs)
	}
	code, out, errs = publish(list, "--json", "--enable-class", "X")
	if code != 0 {
		t.Fatal(errs)
	}
	var j published
	if err := json.Unmarshal([]byte(out), &j); err != nil || j.Entries != 4 || j.Version < 1_700_000_000 || j.Key != key.Fingerprint() {
		t.Errorf("%v: %s", err, out)
	}

	// What would change is said before; a list that loses more than a third is refused until somebody insists.
	few := write(t, "few.csv", "plate,state,category,reason\nABC1234,NC,stolen vehicle,moved\n")
	code, out, errs = publish(few, "--dry-run")
	if code != 1 || !strings.Contains(out, "1 added, 4 removed, 0 changed; from 4 to 1 entries") || !strings.Contains(out, "WARNING") || !strings.Contains(errs, "--force") {
		t.Errorf("dry run: %d %s %s", code, out, errs)
	}
	if code, _, errs := publish(few); code != 1 || !strings.Contains(errs, "more than a third") {
		t.Errorf("a third less: %d %s", code, errs)
	}
	if p, err := hotlist.OpenFor(os.DirFS(to), me, key); err != nil || p.Manifest().Count != 4 {
		t.Errorf("a dry run or a refusal touched the package: %v", err)
	}

	// A package that lost a chunk says so, and is made anew when asked for.
	now, err := hotlist.OpenFor(os.DirFS(to), me, key)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range now.Manifest().Chunks() {
		os.Remove(filepath.Join(to, c.SHA256))
	}
	if code, _, errs := publish(list, "--enable-class", "X", "--version", "8000000000"); code != 1 || !strings.Contains(errs, "--snapshot") {
		t.Errorf("a package without its chunks: %d %s", code, errs)
	}
	if code, _, errs := publish(list, "--enable-class", "X", "--version", "8000000000", "--snapshot"); code != 0 {
		t.Errorf("made anew: %d %s", code, errs)
	}

	var broken strings.Builder
	broken.WriteString("plate,state\n")
	for i := range 100 {
		fmt.Fprintf(&broken, "ABC%04d,%s\n", i, []string{"NC", "QQ"}[btoi(i%50 == 3)])
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		says string
	}{
		{"2 % broken rows", []string{write(t, "broken.csv", broken.String())}, 1, "broken.csv line 5"},
		{"a traffic category", []string{write(t, "t.csv", "plate,category\nABC1,unpaid tolls\n")}, 3, "20-183.31(b)"},
		{"no such file", []string{"nowhere.csv"}, 1, "nowhere.csv"},
		{"no file", nil, 2, "requires at least 1"},
		{"a strange format", []string{"--format", "xml", list}, 2, "xml"},
		{"a strange limit", []string{"--max-rejects", "lots", list}, 2, "lots"},
		{"a strange zone", []string{"--timezone", "Mars", list}, 1, "Mars"},
		{"an open class enabled", []string{"--enable-class", "V", list}, 1, "no restricted class"},
		{"a wrong passphrase", []string{"--passphrase-file", write(t, "other", "wrong horse"), list}, 1, "does not open"},
		{"no unit's key", []string{"--units", filepath.Join(dir, "nowhere"), list}, 1, "nowhere"},
		{"a publisher's key for a unit's", []string{"--units", filepath.Join(dir, "sbi.pub"), list}, 1, "no alprd unit key file"},
		{"another fleet", []string{"--fleet", "dpd", list}, 1, "publish each list to a directory of its own"},
		{"an empty passphrase", []string{"--passphrase-file", write(t, "none", "\n"), list}, 1, "empty"},
	} {
		before, _ := os.ReadFile(filepath.Join(to, hotlist.ManifestName))
		code, _, errs := publish(c.args...)
		if code != c.code || !strings.Contains(errs, c.says) || !strings.HasPrefix(errs, "error: ") || strings.Count(errs, "hint:") > 1 {
			t.Errorf("%s: exit code %d, %s", c.name, code, errs)
		}
		after, _ := os.ReadFile(filepath.Join(to, hotlist.ManifestName))
		if !bytes.Equal(before, after) {
			t.Errorf("%s: the published package was touched", c.name)
		}
	}
	if code, _, errs := alprctl(t, "keygen", "--out", dir, "nobody"); code != 1 || !strings.Contains(errs, "no terminal") {
		t.Errorf("without a passphrase: %d %s", code, errs)
	}
	t.Setenv(passphraseEnv, "from the environment")
	if code, _, errs := alprctl(t, "keygen", "--out", dir, "env"); code != 0 {
		t.Error(errs)
	}
}

// A preview counts; plates only when asked for.
func TestPreview(t *testing.T) {
	list := write(t, "list.csv", listText)
	code, out, errs := alprctl(t, "hotlist", "preview", list)
	if code != 0 {
		t.Fatal(errs)
	}
	for _, want := range []string{"entries      3 (stolen_vehicle 2, felony 1)", "left out     1 (sex_offender 1)", "look-alikes  2 plates"} {
		if !strings.Contains(out, want) {
			t.Errorf("lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out+errs, "ABC1") {
		t.Error("a plate without --show")
	}
	if _, out, _ := alprctl(t, "hotlist", "preview", "--show", list); !strings.Contains(out, "ABC1O34") {
		t.Errorf("--show shows none:\n%s", out)
	}
	_, out, _ = alprctl(t, "hotlist", "preview", "--json", list)
	var p preview
	if err := json.Unmarshal([]byte(out), &p); err != nil || p.Report.Entries != 3 || p.List != nil {
		t.Errorf("%v: %s", err, out)
	}
	// What would be refused is shown all the same, and said in the exit code.
	code, out, errs = alprctl(t, "hotlist", "preview", write(t, "bad.csv", "plate,state\nABC1,NC\nABC2,QQ\n"))
	if code != 1 || !strings.Contains(out, "rejected     1 of 2 rows, 50.00 % (bad_state 1)") || !strings.Contains(errs, "line 3") {
		t.Errorf("%d %s %s", code, out, errs)
	}
}

// A list tried on reads says how many alerts each threshold raises, fewer the higher it is, and which entries others come near to, by id.
func TestPreviewSample(t *testing.T) {
	list := write(t, "list.csv", "plate,state,category,id\nABC1234,NC,stolen vehicle,N1\nA8C1234,NC,stolen vehicle,N2\nXYZ9999,NC,felony,N3\n")
	sample := write(t, "reads.jsonl", `{"file":"a.jpg","plates":[{"text":"ABC1234","confidence":0.9,"region":"us-nc","candidates":[{"text":"ABC1234","confidence":0.9},{"text":"A8C1234","confidence":0.08}],"lattice":[[["A",1]],[["B",0.91],["8",0.09]],[["C",1]],[["1",1]],[["2",1]],[["3",1]],[["4",1]]]}]}
{"pass":1,"text":"QQQ1111","confidence":0.99,"region":null,"candidates":[{"text":"QQQ1111","confidence":0.99}],"lattice":[[["Q",1]],[["Q",1]],[["Q",1]],[["1",1]],[["1",1]],[["1",1]],[["1",1]]]}
{"file":"b.jpg","plates":[]}
`)
	code, out, errs := alprctl(t, "hotlist", "preview", "--json", "--sample", sample, list)
	if code != 0 {
		t.Fatal(errs)
	}
	var p preview
	if err := json.Unmarshal([]byte(out), &p); err != nil {
		t.Fatal(err)
	}
	s := p.Sample
	if s == nil || s.Reads != 2 || len(s.Thresholds) != len(thresholds) || s.Thresholds[0].Reads != 1 || s.Thresholds[0].Hits != 2 || s.Thresholds[0].How["exact"] != 1 {
		t.Fatalf("%s", out)
	}
	for i := 1; i < len(s.Thresholds); i++ {
		if s.Thresholds[i].Hits > s.Thresholds[i-1].Hits {
			t.Errorf("more hits at a higher threshold: %+v", s.Thresholds)
		}
	}
	if len(s.Prone) != 1 || s.Prone[0].ID != "N2" || s.Prone[0].Texts != 1 || s.Prone[0].Posterior <= 0 {
		t.Errorf("prone: %+v", s.Prone)
	}
	if _, out, _ := alprctl(t, "hotlist", "preview", "--sample", sample, list); !strings.Contains(out, "2 reads") || strings.Contains(out, "ABC1234") {
		t.Errorf("in words:\n%s", out)
	}
	for name, bad := range map[string]string{"no reads": `{"plates":[]}`, "no JSON": "plate\n", "no posterior": `{"text":"A","posteriors":["AA"]}`} {
		if code, _, errs := alprctl(t, "hotlist", "preview", "--sample", write(t, "bad.jsonl", bad), list); code != 1 || !strings.HasPrefix(errs, "error: ") {
			t.Errorf("%s: %d %s", name, code, errs)
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
