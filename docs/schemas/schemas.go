// Package schemas holds the JSON Schemas (2020-12) of every message a unit publishes, takes or answers, and checks messages against them:
// for the tests, for `alprctl watch` and for the demo. docs/asyncapi.yaml refers to the same files.
package schemas

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

//go:embed *.json
var files embed.FS

// Names are the messages that have a schema.
func Names() []string { return []string{"alert", "scene", "status", "health", "hotlist"} }

// Documents are what else has a schema: the payloads of signed messages to a unit, and its answers.
func Documents() []string { return []string{"roster", "command", "reply"} }

// OfTopic is the name of the message on the last part of a topic, what follows {prefix}/{unit}/; empty when there is no
// schema for it.
func OfTopic(last string) string {
	if open, ok := strings.CutPrefix(last, "covert/"); ok && strings.HasPrefix(open, "alert") {
		last = open
	}
	if last == "alert/scene" {
		return "scene"
	}
	if last != "scene" && slices.Contains(Names(), last) {
		return last
	}
	return ""
}

// File is the schema's own text.
func File(name string) ([]byte, error) { return files.ReadFile(name + ".json") }

// Set is the compiled schemas.
type Set struct{ schemas map[string]*jsonschema.Schema }

// Load compiles the schemas.
func Load() (*Set, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.DefaultDraft(jsonschema.Draft2020)
	set := &Set{map[string]*jsonschema.Schema{}}
	for _, name := range append(Names(), Documents()...) {
		raw, err := File(name)
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		url := "urn:alprd:v1:" + name
		if err := c.AddResource(url, doc); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
		if set.schemas[name], err = c.Compile(url); err != nil {
			return nil, fmt.Errorf("schema %s: %w", name, err)
		}
	}
	return set, nil
}

// Check reports where a message breaks the schema of that name. The error names places and rules, never values: it may
// be logged (R17).
func (s *Set) Check(name string, message []byte) error {
	schema := s.schemas[name]
	if schema == nil {
		return fmt.Errorf("no schema is called %q", name)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(message))
	if err != nil {
		return fmt.Errorf("%s: not JSON", name)
	}
	err = schema.Validate(doc)
	var invalid *jsonschema.ValidationError
	if !errors.As(err, &invalid) {
		return err
	}
	return fmt.Errorf("%s: %s", name, strings.Join(broken(invalid), "; "))
}

// broken lists the places where an innermost rule does not hold.
func broken(e *jsonschema.ValidationError) []string {
	if len(e.Causes) == 0 {
		return []string{"/" + strings.Join(e.InstanceLocation, "/") + " breaks " + strings.Join(e.ErrorKind.KeywordPath(), "/")}
	}
	var all []string
	for _, c := range e.Causes {
		all = append(all, broken(c)...)
	}
	return all
}
