package custom

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// What Argo CD names the keys of its health scripts in argocd-cm, see
// https://argo-cd.readthedocs.io/en/stable/operator-manual/health/.
const (
	customizations = "resource.customizations"
	healthKey      = customizations + ".health."
	openLibsKey    = customizations + ".useOpenLibs."
	allKinds       = "all"
)

// form is what a file is.
type form int

const (
	formOther form = iota
	formRules
	formManifests
)

// manifest is what is read of a manifest.
type manifest struct {
	APIVersion string            `json:"apiVersion" yaml:"apiVersion"`
	Kind       string            `json:"kind"       yaml:"kind"`
	Rules      anything          `json:"rules"      yaml:"rules"`
	Items      []manifest        `json:"items"      yaml:"items"`
	Data       map[string]string `json:"data"       yaml:"data"`
}

// anything is set where there is a value, whatever it is.
type anything bool

// UnmarshalJSON sets it.
func (a *anything) UnmarshalJSON([]byte) error { *a = true; return nil }

// UnmarshalYAML sets it.
func (a *anything) UnmarshalYAML(*yaml.Node) error { *a = true; return nil }

// formOf tells the forms apart by the keys of the first document.
func formOf(b []byte) form {
	found := formOther
	err := documents(b, func(m manifest) error {
		switch {
		case m.Kind != "" && m.APIVersion != "":
			found = formManifests
		case bool(m.Rules):
			found = formRules
		default:
			return nil
		}
		return io.EOF
	})
	if err != nil && !errors.Is(err, io.EOF) && found == formOther && bytes.Contains(b, []byte("rules:")) {
		// The mistake is told by who reads the rules.
		return formRules
	}
	return found
}

// documents calls f for each document that is a mapping.
func documents(b []byte, f func(manifest) error) error {
	decode := yaml.NewDecoder(bytes.NewReader(b)).Decode
	if t := bytes.TrimLeft(b, " \t\r\n\ufeff"); len(t) > 0 && t[0] == '{' {
		// JSON may be indented by tabs, which YAML may not.
		decode = json.NewDecoder(bytes.NewReader(t)).Decode
	}
	for {
		var m manifest
		err := decode(&m)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case other(err):
			// A document that is no manifest of ours.
		case err != nil:
			return err
		default:
			if err := f(m); err != nil {
				return err
			}
		}
	}
}

// other reports whether a document was read, and has other things in it.
func other(err error) bool {
	if _, ok := errors.AsType[*yaml.TypeError](err); ok {
		return true
	}
	_, ok := errors.AsType[*json.UnmarshalTypeError](err)
	return ok
}

// manifests reads the ConfigMaps among manifests.
func (l *loader) manifests(path string, b []byte) error {
	err := documents(b, func(m manifest) error {
		for _, m := range append([]manifest{m}, m.Items...) {
			if m.Kind != "ConfigMap" {
				continue
			}
			if err := l.configMap(path, m.Data); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && strings.HasPrefix(err.Error(), "yaml: ") {
		return fmt.Errorf("is not YAML: %s; check the indentation", shorten(strings.TrimPrefix(err.Error(), "yaml: ")))
	}
	return err
}

// override is what Argo CD takes for a kind, as far as it is read.
type override struct {
	Health   string `yaml:"health.lua"`
	OpenLibs bool   `yaml:"health.lua.useOpenLibs"`
}

// configMap reads the data of an argocd-cm.
func (l *loader) configMap(path string, data map[string]string) error {
	overrides := map[string]override{}
	if all := data[customizations]; all != "" {
		if err := yaml.Unmarshal([]byte(all), &overrides); err != nil {
			return fmt.Errorf("has a %s that is not a mapping of kinds: %s", customizations, oneLine(strings.TrimPrefix(err.Error(), "yaml: ")))
		}
	}
	for _, key := range sorted(data) {
		if kind, ok := strings.CutPrefix(key, healthKey); ok {
			l.override(path, overrides, kind, func(o *override) error { o.Health = data[key]; return nil })
		}
		if kind, ok := strings.CutPrefix(key, openLibsKey); ok {
			l.override(path, overrides, kind, func(o *override) (err error) {
				o.OpenLibs, err = strconv.ParseBool(strings.TrimSpace(data[key]))
				return err
			})
		}
	}
	for _, kind := range sorted(overrides) {
		o := overrides[kind]
		if o.Health == "" {
			continue
		}
		if o.OpenLibs {
			l.openLibs++
		}
		alternatives, err := alternatives(kind)
		if err != nil {
			l.warnf("%s: %s %q %v; its health.lua is left out", path, customizations, shorten(kind), err)
			continue
		}
		for _, p := range alternatives {
			if err := l.lua(path, p, o.Health); err != nil {
				return err
			}
		}
	}
	return nil
}

// override changes the override for a kind that is written as in a key of its own:
// group_kind, or kind for the core group.
func (l *loader) override(path string, overrides map[string]override, kind string, change func(*override) error) {
	key := kind
	switch parts := strings.Split(kind, "_"); {
	case kind == allKinds:
		key = "*/*"
	case len(parts) == 2:
		key = parts[0] + "/" + parts[1]
	case len(parts) > 2:
		l.warnf("%s: the key for %q has more than one _; write group_kind", path, shorten(kind))
		return
	}
	o := overrides[key]
	if err := change(&o); err != nil {
		l.warnf("%s: useOpenLibs of %q is not true or false", path, shorten(kind))
		return
	}
	overrides[key] = o
}

// alternatives are the patterns of a kind in argocd-cm, where {a,b} stands for
// each of them.
func alternatives(kind string) ([]pattern, error) {
	texts := []string{kind}
	for i := 0; i < len(texts); {
		before, rest, ok := strings.Cut(texts[i], "{")
		if !ok {
			i++
			continue
		}
		inner, after, ok := strings.Cut(rest, "}")
		if !ok || strings.Contains(inner, "{") || len(texts) > 64 {
			return nil, errors.New("is a pattern that is not understood; the wildcards are *, ? and {a,b}")
		}
		var expanded []string
		for alternative := range strings.SplitSeq(inner, ",") {
			expanded = append(expanded, before+alternative+after)
		}
		texts = slices.Replace(texts, i, i+1, expanded...)
	}
	patterns := make([]pattern, 0, len(texts))
	for _, text := range texts {
		p, err := newPattern(text, false)
		if err != nil {
			return nil, err
		}
		patterns = append(patterns, p)
	}
	return patterns, nil
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
