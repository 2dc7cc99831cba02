package custom

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// option is what users set the paths with.
const option = "health_rules_path"

// Limits of what is read.
const (
	maxFile     = 8 << 20
	maxEntries  = 10_000
	maxRules    = 2_000
	maxWarnings = 100
)

// forms are what a path may be, for errors.
const forms = "give a YAML file of rules, a manifest of argocd-cm, or a folder of <group>/<kind>/health.lua"

var (
	errForm  = errors.New("has no health rules; " + forms)
	errRules = fmt.Errorf("has more than %d rules; leave some out", maxRules)
)

// loader collects the rules of one path.
type loader struct {
	layer    layer
	sandbox  *sandbox
	compiler *compiler
	warnings []string
	more     int
	// openLibs is how many scripts ask for all libraries.
	openLibs int
}

// Load reads rules of health. The path may be several, separated by commas; a rule
// of an earlier one goes before those of the later ones. Each is one of
//
//   - a YAML file of rules in CEL,
//   - a YAML or JSON file of manifests with an argocd-cm among them,
//   - a folder of scripts <group>/<kind>/health.lua, as Argo CD's repository has,
//   - a folder of such files, or a mounted argocd-cm.
//
// An empty path is for no rules: the Set is nil. A path that cannot be read, or is
// none of these, and a mistake in a file of ours are errors that name the option,
// the path and the way out. A script that cannot be compiled is none: it makes
// what it is for Unknown, and is in Warnings.
func Load(path string) (*Set, error) {
	if strings.TrimSpace(path) == "" {
		return nil, nil
	}
	s := &Set{}
	box := newSandbox()
	for p := range strings.SplitSeq(path, ",") {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		l := loader{sandbox: box}
		if err := l.path(p); err != nil {
			return nil, fmt.Errorf("%s %q: %w", option, p, err)
		}
		if l.openLibs > 0 {
			l.warnf("%s: useOpenLibs is set for %d kinds: their scripts get string, table, math, os.time and os.date, as all do, and nothing else", p, l.openLibs)
		}
		if l.more > 0 {
			l.warnings = append(l.warnings, fmt.Sprintf("%s: and %d more warnings", p, l.more))
		}
		s.layers = append(s.layers, l.layer)
		s.warnings = append(s.warnings, l.warnings...)
	}
	return s, nil
}

func (l *loader) warnf(format string, args ...any) {
	if len(l.warnings) == maxWarnings {
		l.more++
		return
	}
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// path reads a path.
func (l *loader) path(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("cannot be read: %w; check the path and its permissions", cause(err))
	}
	if !info.IsDir() {
		return l.file(path)
	}
	if err := l.folder(path); err != nil {
		return err
	}
	if l.layer.len() == 0 {
		return errForm
	}
	return nil
}

// file reads a file, which must have rules.
func (l *loader) file(path string) error {
	b, err := read(path, maxFile)
	if err != nil {
		return err
	}
	switch form := formOf(b); form {
	case formRules:
		return l.rules(b)
	case formManifests:
		before := l.layer.len()
		if err := l.manifests(path, b); err != nil {
			return err
		}
		if l.layer.len() == before {
			return errors.New("has no resource.customizations with a health.lua in it; " + forms)
		}
		return nil
	default:
		return formless(b)
	}
}

// formless is the error for a file that is none of the forms.
func formless(b []byte) error {
	if err := yaml.Unmarshal(b, new(yaml.Node)); err != nil {
		return fmt.Errorf("is not YAML: %s; %s", shorten(strings.TrimPrefix(err.Error(), "yaml: ")), forms)
	}
	return errForm
}

// folder reads a folder. What is in it is found by its name: files of rules and
// manifests, the keys of a mounted argocd-cm, and folders of scripts. What has
// another name is not looked at, such as tests that stand next to a script.
func (l *loader) folder(root string) error {
	entries, err := list(root)
	if err != nil {
		return err
	}
	data := map[string]string{}
	for _, name := range entries {
		path := filepath.Join(root, name)
		info, err := os.Stat(path)
		switch {
		case err != nil:
			return fmt.Errorf("%s cannot be read: %w; check its permissions", name, cause(err))
		case info.IsDir():
			if err := l.group(root, name); err != nil {
				return err
			}
		case strings.HasPrefix(name, customizations):
			b, err := read(path, maxFile)
			if err != nil {
				return fmt.Errorf("%s %w", name, err)
			}
			data[name] = string(b)
		case slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(name)):
			if err := l.member(path, name); err != nil {
				return err
			}
		}
	}
	return l.configMap(root, data)
}

// member reads a file in a folder, which may also have nothing to do with rules as
// long as it is a manifest.
func (l *loader) member(path, name string) error {
	b, err := read(path, maxFile)
	if err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	switch formOf(b) {
	case formRules:
		err = l.rules(b)
	case formManifests:
		before := l.layer.len()
		if err = l.manifests(path, b); err == nil && l.layer.len() == before {
			l.warnf("%s: has no health rules", path)
		}
	default:
		err = formless(b)
	}
	if err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	return nil
}

// group reads the folder of a group, or of a kind of the core group.
func (l *loader) group(root, group string) error {
	if err := l.kind(root, group); err != nil {
		return err
	}
	kinds, err := list(filepath.Join(root, group))
	if err != nil {
		return fmt.Errorf("%s %w", group, err)
	}
	for _, kind := range kinds {
		if info, err := os.Stat(filepath.Join(root, group, kind)); err != nil || !info.IsDir() {
			continue
		}
		if err := l.kind(root, group+"/"+kind); err != nil {
			return err
		}
	}
	return nil
}

// kind reads the script of a kind, if there is one. In the names of folders _
// stands for any characters.
func (l *loader) kind(root, kind string) error {
	path := filepath.Join(root, filepath.FromSlash(kind), scriptName)
	b, err := read(path, maxScript+1)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("%s/%s %w", kind, scriptName, err)
	}
	p, err := newPattern(strings.ReplaceAll(kind, "_", "*"), true)
	if err != nil {
		l.warnf("%s: the folder's name %v", path, err)
		return nil
	}
	return l.lua(path, p, string(b))
}

// lua adds a script.
func (l *loader) lua(where string, kind pattern, source string) error {
	s, err := compile(source)
	var by assessor = luaRule{sandbox: l.sandbox, script: s}
	switch {
	case err != nil:
		l.warnf("%s: the health script of %s %v; its objects will be Unknown", where, kind, err)
		by = broken{fmt.Errorf("the script %w", err)}
	case len(s.closed) > 0:
		l.warnf("%s: the health script of %s names %s, which scripts do not get", where, kind, strings.Join(s.closed, ", "))
	}
	return l.add(where, kind, by)
}

func (l *loader) add(where string, kind pattern, by assessor) error {
	if !l.layer.add(kind, by) {
		l.warnf("%s: there is a health rule for %s already; this one is left out", where, kind)
		return nil
	}
	if l.layer.len() > maxRules {
		return errRules
	}
	return nil
}

// list returns the names in a folder in their order, less those that begin with a
// dot: the inner workings of a mounted ConfigMap do.
func list(path string) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w; check its permissions", cause(err))
	}
	defer f.Close() //nolint:errcheck // nothing was written
	names, err := f.Readdirnames(maxEntries + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	if len(names) > maxEntries {
		return nil, fmt.Errorf("has more than %d entries; %s", maxEntries, forms)
	}
	slices.Sort(names)
	return slices.DeleteFunc(names, func(name string) bool { return strings.HasPrefix(name, ".") }), nil
}

// read returns the content of a file.
func read(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w; check the path and its permissions", cause(err))
	}
	defer f.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be read: %w", cause(err))
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("is longer than %d KiB; leave out what is not needed", limit>>10)
	}
	return b, nil
}

// cause is an error without the path, which the message has already.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

func shorten(s string) string { return cut(s, 120) }
