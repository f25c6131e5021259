package schemas

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
)

// Every file here is embedded, compiles, is strict, and explains every member.
func TestSchemasAreStrictAndExplained(t *testing.T) {
	if _, err := Load(); err != nil {
		t.Fatal(err)
	}
	on, err := filepath.Glob("*.json")
	if err != nil || len(on) != len(Names())+len(Documents()) {
		t.Fatalf("%d files for %d names, %v", len(on), len(Names()), err)
	}
	shared := map[string]any{}
	for _, name := range append(Names(), Documents()...) {
		raw, err := File(name)
		if err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		if doc["$schema"] != "https://json-schema.org/draft/2020-12/schema" || doc["$id"] != "urn:alprd:v1:"+name {
			t.Errorf("%s: $schema %v, $id %v", name, doc["$schema"], doc["$id"])
		}
		strict(t, name, doc)
		// Definitions stand in each file, so that each works alone; those of one name are the same.
		for key, def := range doc["$defs"].(map[string]any) {
			if other, ok := shared[key]; !ok {
				shared[key] = def
			} else if d := cmp.Diff(other, def); d != "" {
				t.Errorf("%s: $defs/%s differs from another file's:\n%s", name, key, d)
			}
		}
	}
}

func strict(t *testing.T, at string, node any) {
	switch node := node.(type) {
	case map[string]any:
		if props, ok := node["properties"].(map[string]any); ok && node["type"] == "object" {
			if node["additionalProperties"] != false {
				t.Errorf("%s allows members that it doesn't name", at)
			}
			for name, p := range props {
				m := p.(map[string]any)
				if m["description"] == nil && m["$ref"] == nil {
					t.Errorf("%s/%s is not explained", at, name)
				}
			}
		}
		for key, child := range node {
			strict(t, at+"/"+key, child)
		}
	case []any:
		for _, child := range node {
			strict(t, at, child)
		}
	}
}

// An error speaks of places and rules, never of what stood there (R17).
func TestCheckDoesNotTellValues(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range []string{
		`{"read":{"text":"tzy 6473"},"secret":"TZY6473"}`, `{"id":"TZY6473"`, `"TZY6473"`, `{"TZY6473":1}`,
		`{"status":"TZY6473","signature":"TZY6473","unit":{"id":"TZY6473 "}}`,
	} {
		err := set.Check("alert", []byte(message))
		if err == nil {
			t.Errorf("%s passes", message)
		} else if text := strings.ToUpper(err.Error()); strings.Contains(text, "6473") {
			t.Errorf("the error shows a value: %v", err)
		}
	}
	if err := set.Check("order", []byte(`{}`)); err == nil {
		t.Error("an unknown schema passes")
	}
}

// docs/asyncapi.yaml parses, each of its references leads somewhere, and it describes each schema's topic.
func TestAsyncAPI(t *testing.T) {
	raw, err := os.ReadFile("../asyncapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	if doc["asyncapi"] != "3.0.0" {
		t.Errorf("asyncapi: %v", doc["asyncapi"])
	}
	refs := 0
	var walk func(at string, node any)
	walk = func(at string, node any) {
		switch node := node.(type) {
		case map[string]any:
			if r, ok := node["$ref"].(string); ok {
				refs++
				if err := resolve(doc, r); err != "" {
					t.Errorf("%s: $ref %s: %s", at, r, err)
				}
			}
			for k, v := range node {
				walk(at+"/"+k, v)
			}
		case []any:
			for _, v := range node {
				walk(at, v)
			}
		}
	}
	walk("", doc)
	if refs < 20 {
		t.Errorf("%d references seen", refs)
	}
	sent := map[string]bool{} // what a unit sends; what it takes is signed or sealed, and no JSON of ours
	for _, o := range doc["operations"].(map[string]any) {
		if o := o.(map[string]any); o["action"] == "send" {
			sent[strings.TrimPrefix(o["channel"].(map[string]any)["$ref"].(string), "#/channels/")] = true
		}
	}
	used := map[string]bool{}
	for name, c := range doc["channels"].(map[string]any) {
		channel := c.(map[string]any)
		if !sent[name] {
			continue
		}
		_, last, ok := strings.Cut(channel["address"].(string), "/{unit}/")
		if !ok || OfTopic(last) == "" {
			t.Errorf("channel %s: %v has no schema", name, channel["address"])
		}
		for message := range channel["messages"].(map[string]any) {
			used[message] = message == OfTopic(last)
		}
	}
	for _, name := range Names() {
		if !used[name] {
			t.Errorf("no channel carries %s", name)
		}
	}
}

// resolve follows a reference within the document or to a file beside it.
func resolve(doc any, ref string) string {
	file, path, _ := strings.Cut(ref, "#")
	if file != "" {
		raw, err := os.ReadFile(filepath.Join("..", file))
		if err != nil {
			return err.Error()
		}
		if err := json.Unmarshal(raw, &doc); err != nil {
			return err.Error()
		}
	}
	for _, key := range strings.Split(strings.Trim(path, "/"), "/") {
		if key == "" {
			continue
		}
		m, ok := doc.(map[string]any)
		if !ok || m[key] == nil {
			return "there is no " + key
		}
		doc = m[key]
	}
	return ""
}
