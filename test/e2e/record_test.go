package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"
)

// record is what the tests read of a record.
type record struct {
	Type    string `json:"type"`
	ID      string `json:"id"`
	Cluster string `json:"cluster"`
	Event   struct {
		UID             string `json:"uid"`
		ResourceVersion string `json:"resource_version"`
		Namespace       string `json:"namespace"`
		Name            string `json:"name"`
		Reason          string `json:"reason"`
		Message         string `json:"message"`
		Count           int64  `json:"count"`
		CountDelta      int64  `json:"count_delta"`
	} `json:"event"`
	Object      object     `json:"object"`
	Owner       object     `json:"owner"`
	Application tied       `json:"application"`
	Correlation string     `json:"correlation"`
	Deployment  deployment `json:"deployment"`
	Audit       struct {
		AuditID string `json:"audit_id"`
		Stage   string `json:"stage"`
		Level   string `json:"level"`
		Verb    string `json:"verb"`
		Code    int64  `json:"code"`
		User    struct {
			Name string `json:"name"`
		} `json:"user"`
		Actor struct {
			Class string `json:"class"`
			Tool  string `json:"tool"`
		} `json:"actor"`
		// Request is read of ConfigMaps only.
		Request configured `json:"request"`
	} `json:"audit"`
	Change struct {
		Type     string   `json:"type"`
		Paths    []string `json:"paths"`
		Compared bool     `json:"compared"`
	} `json:"change"`
	Monitor struct {
		Phase    string           `json:"phase"`
		Counters map[string]any   `json:"counters"`
		Sources  []map[string]any `json:"sources"`
		Objects  struct {
			Kinds    int64     `json:"kinds"`
			Synced   int64     `json:"synced"`
			Objects  int64     `json:"objects"`
			Gone     int64     `json:"gone"`
			Troubled []trouble `json:"troubled"`
		} `json:"objects"`
		Redaction struct {
			Values   int64            `json:"values"`
			Retired  int64            `json:"retired"`
			Skipped  int64            `json:"skipped"`
			Found    map[string]int64 `json:"found"`
			Withheld map[string]int64 `json:"withheld"`
			Blocked  string           `json:"blocked"`
		} `json:"redaction"`
	} `json:"monitor"`
	Redaction struct {
		Withheld []struct {
			Path   string `json:"path"`
			Reason string `json:"reason"`
		} `json:"withheld"`
	} `json:"redaction"`
}

// configured is what a ConfigMap holds. Bodies of other shapes are nothing.
type configured struct{ Data map[string]string }

// UnmarshalJSON implements json.Unmarshaler.
func (c *configured) UnmarshalJSON(text []byte) error {
	var body struct {
		Kind string            `json:"kind"`
		Data map[string]string `json:"data"`
	}
	if json.Unmarshal(text, &body) == nil && body.Kind == "ConfigMap" {
		c.Data = body.Data
	}
	return nil
}

// object is an object as records name it.
type object struct {
	APIVersion  string `json:"api_version"`
	Kind        string `json:"kind"`
	Resource    string `json:"resource"`
	Subresource string `json:"subresource"`
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
}

// tied is what a record says of the application.
type tied struct {
	Name         string `json:"name"`
	Namespace    string `json:"namespace"`
	Tool         string `json:"tool"`
	Version      string `json:"version"`
	Chart        string `json:"chart"`
	Environment  string `json:"environment"`
	Tenant       string `json:"tenant"`
	DeploymentID string `json:"deployment_id"`
	Via          struct {
		Rule   string `json:"rule"`
		Object object `json:"object"`
	} `json:"via"`
}

// deployment is what a record says of a rollout.
type deployment struct {
	Phase    string   `json:"phase"`
	Action   string   `json:"action"`
	Tool     string   `json:"tool"`
	Status   string   `json:"status"`
	Revision string   `json:"revision"`
	Version  string   `json:"version"`
	Chart    string   `json:"chart"`
	Objects  []object `json:"objects"`
}

// trouble is a kind that is not watched as it should be.
type trouble struct {
	Resource  string `json:"resource"`
	Namespace string `json:"namespace"`
	State     string `json:"state"`
	Error     string `json:"error"`
}

// version names the version of an event that a record reports.
func (r record) version() version { return version{r.Event.UID, r.Event.ResourceVersion} }

// step names the audit event that a record reports.
func (r record) step() step { return step{r.Audit.AuditID, r.Audit.Stage} }

// version is one version of one event.
type version struct{ uid, resourceVersion string }

// reader follows the records that a run puts out, over restarts of the host.
type reader struct {
	path   string
	offset int64
	all    []record
	// torn counts lines that a killed host had not finished.
	torn int
	// each is called with every record, its line and where that ends.
	each func(rec record, line []byte, end int64)
}

// read reads what has come since and returns all records so far. The last
// line is left until it is whole.
func (r *reader) read(t testing.TB) []record {
	t.Helper()
	f, err := os.Open(r.path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := f.Seek(r.offset, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReaderSize(f, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return r.all
		}
		if err != nil {
			t.Fatal(err)
		}
		r.offset += int64(len(line))
		var rec record
		if json.Unmarshal(line, &rec) == nil {
			r.take(rec, line)
			continue
		}
		// A killed host leaves half a line, and the next one continues it.
		i := bytes.LastIndex(line, []byte(`{"schema":`))
		if i <= 0 {
			if bytes.HasPrefix(line, []byte("{")) {
				t.Fatalf("not JSON: %s", line)
			}
			continue
		}
		r.torn++
		if err := json.Unmarshal(line[i:], &rec); err != nil {
			t.Fatalf("not JSON: %s", line)
		}
		r.take(rec, line[i:])
	}
}

func (r *reader) take(rec record, line []byte) {
	r.all = append(r.all, rec)
	if r.each != nil {
		r.each(rec, line, r.offset)
	}
}

// events returns the event records so far.
func (r *reader) events(t testing.TB) []record {
	t.Helper()
	return r.of(t, "event")
}

// audits returns the audit records so far.
func (r *reader) audits(t testing.TB) []record {
	t.Helper()
	return r.of(t, "audit")
}

func (r *reader) of(t testing.TB, kind string) []record {
	t.Helper()
	var some []record
	for _, rec := range r.read(t) {
		if rec.Type == kind {
			some = append(some, rec)
		}
	}
	return some
}
