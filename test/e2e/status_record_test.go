package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// stated is what the tests read of a record of a status, be it an object's or an
// application's.
type stated struct {
	Type        string     `json:"type"`
	ID          string     `json:"id"`
	Time        time.Time  `json:"time"`
	Object      identified `json:"object"`
	Owner       object     `json:"owner"`
	Application tied       `json:"application"`

	Status   string    `json:"status"`
	Health   string    `json:"health"`
	Sync     string    `json:"sync"`
	Reason   string    `json:"reason"`
	Message  string    `json:"message"`
	Since    time.Time `json:"since"`
	Previous *struct {
		Status          string  `json:"status"`
		Health          string  `json:"health"`
		Sync            string  `json:"sync"`
		DurationSeconds float64 `json:"duration_seconds"`
	} `json:"previous"`
	Deleted bool `json:"deleted"`
	Stale   bool `json:"stale"`
	Resync  bool `json:"resync"`

	Evidence  evidence `json:"evidence"`
	DesiredBy string   `json:"desired_by"`
	Drift     []struct {
		Path    string          `json:"path"`
		Desired json.RawMessage `json:"desired"`
		Live    json.RawMessage `json:"live"`
		Manager string          `json:"manager"`
	} `json:"drift"`

	Objects   int64            `json:"objects"`
	ObjectsBy map[string]int64 `json:"objects_by"`
	Deciding  []finding        `json:"deciding"`
	// Deployment is an application's last.
	Deployment deployment `json:"deployment"`

	// raw is the whole record, and came when it had come.
	raw  string
	came time.Time
}

// identified is an object as records name the one that they are about.
type identified struct {
	object
	UID             string `json:"uid"`
	ResourceVersion string `json:"resource_version"`
}

// evidence is what a record tells to look at.
type evidence struct {
	Condition struct {
		Type   string `json:"type"`
		Status string `json:"status"`
		Reason string `json:"reason"`
	} `json:"condition"`
	Containers []struct {
		Name     string `json:"name"`
		State    string `json:"state"`
		Reason   string `json:"reason"`
		ExitCode int64  `json:"exit_code"`
	} `json:"containers"`
	Objects []finding `json:"objects"`
	Events  []struct {
		Object  object `json:"object"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
		Count   int64  `json:"count"`
	} `json:"events"`
}

// finding is an object within a record about another.
type finding struct {
	Object  object `json:"object"`
	Status  string `json:"status"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// gone is the word for the last record of an object or application.
const gone = "gone"

// word is what the record says in a word.
func (s stated) word() string {
	switch {
	case s.Deleted:
		return gone
	case s.Status == "":
		return "none"
	default:
		return s.Status
	}
}

// topic is what a record is about.
type topic struct{ kind, namespace, name string }

func (s topic) String() string { return s.kind + " " + s.namespace + "/" + s.name }

// about returns what the record is about. An application has its tool for a kind.
func (s stated) about() topic {
	if s.Type == "application_status" {
		return topic{"application:" + s.Application.Tool, s.Application.Namespace, s.Application.Name}
	}
	return topic{s.Object.Kind, s.Object.Namespace, s.Object.Name}
}

// says reports whether what a person would look at mentions the text.
func (s stated) says(text string) bool {
	e := s.Evidence
	for _, c := range e.Containers {
		if strings.Contains(c.Reason, text) {
			return true
		}
	}
	for _, o := range e.Objects {
		if strings.Contains(o.Reason, text) || strings.Contains(o.Message, text) {
			return true
		}
	}
	for _, ev := range e.Events {
		if strings.Contains(ev.Reason, text) || strings.Contains(ev.Message, text) {
			return true
		}
	}
	return false
}

// stamps notes when what a host puts out had come.
type stamps struct {
	file *os.File

	mu   sync.Mutex
	ends []int64
	at   []time.Time
}

// Write passes on what a host puts out.
func (s *stamps) Write(p []byte) (int, error) {
	now := time.Now()
	s.mu.Lock()
	var before int64
	if n := len(s.ends); n > 0 {
		before = s.ends[n-1]
	}
	s.ends, s.at = append(s.ends, before+int64(len(p))), append(s.at, now)
	s.mu.Unlock()
	return s.file.Write(p)
}

// until returns when everything before the offset had come.
func (s *stamps) until(offset int64) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, _ := slices.BinarySearch(s.ends, offset)
	return s.at[min(i, len(s.at)-1)]
}

// teller is a host that tells statuses, over its lives.
type teller struct {
	run     *run
	process *process

	mu     sync.Mutex
	reader *reader
	stamps *stamps
	all    []stated
	err    error
}

func newTeller(t testing.TB, r *run) *teller {
	t.Helper()
	tl := &teller{run: r, reader: &reader{path: r.out}, stamps: &stamps{file: r.appendTo(t, r.out)}}
	tl.reader.each = func(rec record, line []byte, end int64) {
		if rec.Type != "object_status" && rec.Type != "application_status" {
			return
		}
		s := stated{raw: string(line), came: tl.stamps.until(end)}
		if err := json.Unmarshal(line, &s); err != nil {
			tl.err = fmt.Errorf("read %s: %w", line, err)
		}
		tl.all = append(tl.all, s)
	}
	return tl
}

// start starts the host, again if it has ended.
func (tl *teller) start(t testing.TB) {
	t.Helper()
	tl.process = tl.run.startWith(t, func(cmd *exec.Cmd) { cmd.Stdout = tl.stamps })
}

// told returns the records of statuses so far.
func (tl *teller) told(t testing.TB) []stated {
	t.Helper()
	tl.mu.Lock()
	defer tl.mu.Unlock()
	tl.reader.read(t)
	if tl.err != nil {
		t.Error(tl.err)
	}
	return slices.Clone(tl.all)
}

// of returns what was told of one topic.
func (tl *teller) of(t testing.TB, about topic) []stated {
	t.Helper()
	return slices.DeleteFunc(tl.told(t), func(s stated) bool { return s.about() != about })
}

// synced waits until a report that is made from now on says that every kind is
// watched which may be.
func (tl *teller) synced(t testing.TB) {
	t.Helper()
	reports := func() []record {
		tl.mu.Lock()
		defer tl.mu.Unlock()
		return tl.reader.of(t, "monitor_status")
	}
	before := len(reports())
	eventually(t, time.Minute, "all kinds are watched", func() bool {
		return slices.ContainsFunc(reports()[before:], func(rec record) bool {
			o := rec.Monitor.Objects
			forbidden := 0
			for _, kind := range o.Troubled {
				if kind.State == "forbidden" {
					forbidden++
				}
			}
			return o.Synced > 0 && o.Synced+int64(forbidden) == o.Kinds
		})
	})
}
