package auditfile

import (
	"cmp"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// Log is a log that a path names.
type Log struct {
	// Path is the live file; empty where there are backups only.
	Path string
	// Modified is when it was last written to.
	Modified time.Time
	Size     int64
	// Backups are the files that rotations left, by name.
	Backups []string
}

// Survey lists the logs that a path names, as a Source with that path takes them, by
// name. Problems say what kept from looking.
func Survey(path string) (logs []Log, problems []error) {
	listed := look(path)
	byName := map[string]*Log{}
	for _, f := range listed.files {
		dir, name := filepath.Split(f.path)
		base, rotated := logOf(name)
		if filepath.Clean(f.path) == filepath.Clean(path) {
			// What is named is what is meant, whatever it is called.
			base, rotated = name, false
		}
		l := byName[dir+base]
		if l == nil {
			l = &Log{}
			byName[dir+base] = l
		}
		if rotated {
			l.Backups = append(l.Backups, f.path)
		} else {
			l.Path, l.Modified, l.Size = f.path, f.mtime, f.size
		}
	}
	for _, l := range byName {
		slices.Sort(l.Backups)
		logs = append(logs, *l)
	}
	slices.SortFunc(logs, func(a, b Log) int { return cmp.Compare(a.name(), b.name()) })
	for _, at := range slices.Sorted(maps.Keys(listed.problems)) {
		problems = append(problems, advise(at, listed.problems[at]))
	}
	return logs, problems
}

func (l Log) name() string {
	if l.Path == "" && len(l.Backups) > 0 {
		return l.Backups[0]
	}
	return l.Path
}
