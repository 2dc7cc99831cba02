package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// step is a stage of a request: what an audit event is about.
type step struct{ auditID, stage string }

// The stages that the tests speak of.
const (
	received = "RequestReceived"
	complete = "ResponseComplete"
)

// trail is a set of audit events.
type trail map[step]bool

// without returns what is in the trail and not in the other.
func (tr trail) without(other trail) trail {
	missing := trail{}
	for s := range tr {
		if !other[s] {
			missing[s] = true
		}
	}
	return missing
}

// some returns a few of the trail's steps, to show.
func (tr trail) some() []step {
	var few []step
	for s := range tr {
		if few = append(few, s); len(few) == 5 {
			break
		}
	}
	return few
}

// logged reads all the files that the API server's log backend has written,
// rotated and compressed ones as well: what was audited. The log backend blocks
// and comes before the webhook backend, and each is given every event whatever
// the other did with it (k8s.io/apiserver/pkg/audit.Union): an event is in the
// files before anybody is told of it.
func logged(t testing.TB, c *controlplane.Cluster) trail {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		before, err := c.AuditLogs()
		if err != nil {
			t.Fatal(err)
		}
		tr, err := readLogs(before)
		if err == nil {
			// A rotation in between could have hidden a file.
			after, listErr := c.AuditLogs()
			if listErr != nil {
				t.Fatal(listErr)
			}
			if slices.Equal(before, after) {
				return tr
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("the audit log does not come to rest: %v", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func readLogs(files []string) (trail, error) {
	tr := trail{}
	for _, file := range files {
		if err := readLog(file, files, tr); err != nil {
			return nil, err
		}
	}
	return tr, nil
}

// readLog adds the events of one file.
func readLog(file string, all []string, to trail) (err error) {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var content io.Reader = f
	original, compressed := strings.CutSuffix(file, ".gz")
	if compressed {
		if slices.Contains(all, original) {
			return nil // It is being compressed.
		}
		if content, err = gzip.NewReader(f); err != nil {
			return err
		}
	}
	lines := bufio.NewReaderSize(content, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil // The rest is still being written.
		}
		if err != nil {
			return err
		}
		var ev struct {
			AuditID string `json:"auditID"`
			Stage   string `json:"stage"`
		}
		if err := json.Unmarshal(line, &ev); err != nil {
			return err
		}
		to[step{ev.AuditID, ev.Stage}] = true
	}
}

// rotated returns how many files of the log were rotated, and how many of them
// compressed.
func rotated(t testing.TB, c *controlplane.Cluster) (files, compressed int) {
	t.Helper()
	all, err := c.AuditLogs()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range all {
		if strings.HasSuffix(file, ".gz") {
			compressed++
		}
	}
	return len(all) - 1, compressed
}

// impacted is how the API server complains of an event that a backend did not
// take (k8s.io/apiserver/pkg/audit.HandlePluginError).
var impacted = regexp.MustCompile(`AUDIT: id="([^"]+)" stage="([^"]+)"`)

// givenUp returns what the API server has tried in vain to hand to the webhook,
// five times each, and then has dropped. A try of which only the answer was lost
// may have succeeded.
func givenUp(t testing.TB, c *controlplane.Cluster) trail {
	t.Helper()
	data, err := os.ReadFile(c.LogFile("kube-apiserver"))
	if errors.Is(err, fs.ErrNotExist) {
		return trail{}
	}
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(data, []byte("audit plugin 'log'")) {
		t.Fatal("the API server could not write its audit log: there is nothing to compare with")
	}
	dropped := trail{}
	for _, m := range impacted.FindAllSubmatch(data, -1) {
		dropped[step{string(m[1]), string(m[2])}] = true
	}
	return dropped
}

// arrivals follows the audit records of a run.
type arrivals struct {
	reader *reader
	// read is how many records were looked at.
	read int
	// trail has what has arrived, and ids the record's ID of each.
	trail trail
	ids   map[step]string
	// order has the IDs of all records as they came.
	order   []string
	repeats int
}

func newArrivals(r *run) *arrivals {
	return &arrivals{reader: &reader{path: r.out}, trail: trail{}, ids: map[step]string{}}
}

// follow reads what has come since, and returns all that has.
func (a *arrivals) follow(t testing.TB) trail {
	t.Helper()
	all := a.reader.read(t)
	for _, rec := range all[a.read:] {
		switch rec.Type {
		case "audit":
		case "rejected":
			t.Errorf("the plugin could not read what the API server wrote: record %s", rec.ID)
			continue
		default:
			continue
		}
		a.order = append(a.order, rec.ID)
		if id, ok := a.ids[rec.step()]; ok {
			a.repeats++
			if id != rec.ID {
				t.Errorf("%v has the IDs %s and %s", rec.step(), id, rec.ID)
			}
		}
		a.ids[rec.step()], a.trail[rec.step()] = rec.ID, true
	}
	a.read = len(all)
	return a.trail
}

// await waits until all of the trail has arrived.
func (a *arrivals) await(t testing.TB, within time.Duration, want trail) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		missing := want.without(a.follow(t))
		if len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d audit events are missing, for example %v", len(missing), len(want), missing.some())
		}
		time.Sleep(200 * time.Millisecond)
	}
}
