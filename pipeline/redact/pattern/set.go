package pattern

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

//go:embed rules/*.yaml
var builtin embed.FS

// Options say which rules there are.
type Options struct {
	// Files add rules and allow-lists, in the format of rules/*.yaml.
	Files []string
	// Off are the ids of rules that are not wanted, or globs (path.Match) such
	// as github/*.
	Off []string
}

// Set is a compiled set of rules. It is safe for concurrent use; a nil one
// finds nothing.
type Set struct {
	rules     []*rule
	allow     []allowance
	prefilter *prefilter
	// shortest is the length of the shortest text in which a rule can find
	// anything, in bytes.
	shortest int
}

// Info describes a rule.
type Info struct {
	// ID is FAMILY/NAME, as it stands in marks and in Options.Off.
	ID          string
	Family      string
	Description string
}

// Load returns the rules that come with the program and those of the files,
// without those that are off. An error names the file, the line and the rule.
func Load(o Options) (*Set, error) {
	s, err := loadBuiltin()
	if err != nil {
		return nil, err
	}
	for _, name := range o.Files {
		text, err := readLimited(name)
		if err != nil {
			return nil, err
		}
		if err := s.add(name, text, true); err != nil {
			return nil, err
		}
	}
	if err := s.bindAllowances(); err != nil {
		return nil, err
	}
	if err := s.off(o.Off); err != nil {
		return nil, err
	}
	s.ready()
	return s, nil
}

// ready compiles what depends on all rules.
func (s *Set) ready() {
	s.prefilter = newPrefilter(s.rules)
	s.shortest = MaxText
	for _, r := range s.rules {
		s.shortest = min(s.shortest, r.shortest)
	}
}

// Rules returns what there is to know of the rules that come with the program,
// in the order of their ids.
func Rules() []Info {
	s, err := loadBuiltin()
	if err != nil {
		// A test reads the same files.
		panic(err)
	}
	return s.Rules()
}

// Rules returns what there is to know of the rules of the set, in the order of
// their ids.
func (s *Set) Rules() []Info {
	if s == nil {
		return nil
	}
	out := make([]Info, 0, len(s.rules))
	for _, r := range s.rules {
		out = append(out, Info{ID: r.id, Family: r.family(), Description: r.description})
	}
	slices.SortFunc(out, func(a, b Info) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func loadBuiltin() (*Set, error) {
	s := new(Set)
	names, err := fs.Glob(builtin, "rules/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		text, err := builtin.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := s.add(name, text, false); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// maxFile is the size of the largest rules file that is read, in bytes.
const maxFile = 4 << 20

func readLimited(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("read redaction rules: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil, fmt.Errorf("read redaction rules %s: it is no file of at most %d bytes", name, maxFile)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read redaction rules: %w", err)
	}
	return text, nil
}

// find returns the rule with the id, or nil.
func (s *Set) find(id string) *rule {
	for _, r := range s.rules {
		if r.id == id {
			return r
		}
	}
	return nil
}

// off removes rules.
func (s *Set) off(patterns []string) error {
	removed := map[string]bool{}
	for _, p := range patterns {
		ids, err := s.matching(p)
		if err != nil {
			return fmt.Errorf("redact_rules_off: %w", err)
		}
		for _, id := range ids {
			removed[id] = true
		}
	}
	s.rules = slices.DeleteFunc(s.rules, func(r *rule) bool { return removed[r.id] })
	return nil
}

// matching returns the ids that a glob matches, at least one.
func (s *Set) matching(glob string) ([]string, error) {
	var ids []string
	for _, r := range s.rules {
		ok, err := path.Match(glob, r.id)
		if err != nil {
			return nil, fmt.Errorf("%q is no glob: write a rule's id or FAMILY/*", glob)
		}
		if ok {
			ids = append(ids, r.id)
		}
	}
	if ids == nil {
		return nil, fmt.Errorf("there is no rule %q: %s", glob, s.suggest(glob))
	}
	return ids, nil
}

// suggest names the rules whose ids are like one that does not exist.
func (s *Set) suggest(id string) string {
	type candidate struct {
		id       string
		distance int
	}
	var all []candidate
	for _, r := range s.rules {
		all = append(all, candidate{r.id, distance(id, r.id)})
	}
	slices.SortFunc(all, func(a, b candidate) int {
		if a.distance != b.distance {
			return a.distance - b.distance
		}
		return strings.Compare(a.id, b.id)
	})
	var near []string
	for _, c := range all[:min(3, len(all))] {
		near = append(near, c.id)
	}
	return "near it are " + strings.Join(near, ", ") + "; live-status redact --list-rules lists all"
}

// distance is Levenshtein's between the first 64 bytes of each.
func distance(a, b string) int {
	a, b = a[:min(64, len(a))], b[:min(64, len(b))]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			d := last
			if a[i] != b[j] {
				d = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], d
		}
	}
	return row[len(b)]
}
