package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

// Without the values that are to be found no host starts, and the log says which
// are missing.
func TestNoStartWithoutValues(t *testing.T) {
	s := newSensitive()
	broken := map[string]func(dir string) (path, says string){
		"missing": func(dir string) (string, string) {
			return filepath.Join(dir, "no-such-values"), "no such file or directory"
		},
		"empty": func(dir string) (string, string) {
			path := filepath.Join(dir, "mounted")
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Error(err)
			}
			return path, "there is no value in it"
		},
		"half written": func(dir string) (string, string) {
			path := filepath.Join(dir, "values.json")
			replaceFile(t, path, []byte(`{"password":"`+s.told[0].text+`"`))
			return path, "it is no JSON"
		},
		"no assignments": func(dir string) (string, string) {
			path := filepath.Join(dir, "app.env")
			replaceFile(t, path, []byte("A=1234567890\n"+s.told[0].text+"\n"))
			return path, "line 2"
		},
	}
	eachHost(t, func(t *testing.T, h host) {
		for name, write := range broken {
			t.Run(name, func(t *testing.T) {
				r := newRun(t, h)
				path, says := write(t.TempDir())
				input := auditOptions(filepath.Join(r.dir, "cursor.db"))
				maps.Copy(input, map[string]string{"audit_path": filepath.Join(r.dir, "audit.log"), "redact_values_path": path, "plugin_log_level": "trace"})
				r.inputs = append(r.inputs, input)
				r.configure(t)
				if code := r.start(t).wait(t, 30*time.Second); code == 0 {
					t.Error("exit code 0")
				}
				log := r.logged(t)
				if !strings.Contains(log, path) || !strings.Contains(log, says) {
					t.Errorf("the log should name %s and say %q:\n%s", path, says, log)
				}
				for value, way := range plant.NewSearch(s.all()).In(log, textLevels) {
					t.Errorf("the log shows %q, %s", value, way)
				}
			})
		}
	})
}

// closed is a host that reads an audit log, of which each line holds a value.
type closed struct {
	*suspect
	sensitive *sensitive
	values    string
	log       *os.File
	lines     int
}

// tell logs a request, and returns its record.
func (c *closed) tell(t *testing.T) record {
	t.Helper()
	c.lines++
	id := fmt.Sprintf("5f0c2a1e-0000-4000-8000-%012d", c.lines)
	now := time.Now().UTC().Format("2006-01-02T15:04:05.000000Z")
	body := planted("v1", "ConfigMap", "settings", members{"data": members{"plain": "harmless", "setting": c.sensitive.told[0].text, "noted": c.sensitive.forms[1].Write(c.sensitive.random, c.sensitive.told[0].text)}})
	line := marshalled(t, members{
		"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "RequestResponse", "auditID": id, "stage": "ResponseComplete",
		"requestURI": in("configmaps") + "?note=" + c.sensitive.told[0].text, "verb": "create", "user": members{"username": "alice"}, "userAgent": "kubectl/v1.36.0 " + c.sensitive.told[0].text,
		"objectRef":      members{"resource": "configmaps", "namespace": grove, "name": "settings", "apiVersion": "v1"},
		"responseStatus": members{"code": 201, "message": c.sensitive.told[0].text}, "requestObject": body, "responseObject": body,
		"requestReceivedTimestamp": now, "stageTimestamp": now,
	})
	if _, err := c.log.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
	var told record
	eventually(t, 30*time.Second, "record of request "+id, func() bool {
		for _, rec := range c.records(t, "audit") {
			if strings.Contains(rec.ID, id) || rec.Audit.AuditID == id {
				told = rec
				return true
			}
		}
		return false
	})
	return told
}

// passes checks that payloads come, and withholds that they do not.
func (c *closed) passes(t *testing.T) {
	t.Helper()
	c.reports(t, 30*time.Second, "nothing is withheld", func(rec record) bool { return rec.Monitor.Redaction.Blocked == "" })
	told := c.tell(t)
	plain, secret := told.Audit.Request.Data["plain"], told.Audit.Request.Data["setting"]
	if plain != "harmless" || secret != "[redacted:"+c.sensitive.told[0].name+"]" || len(told.Redaction.Withheld) > 0 {
		t.Errorf("the request's body should come redacted, not with %q, %q, withheld %v", plain, secret, told.Redaction.Withheld)
	}
}

func (c *closed) withholds(t *testing.T) {
	t.Helper()
	c.reports(t, 30*time.Second, "payloads are withheld", func(rec record) bool { return rec.Monitor.Redaction.Blocked == "known values unreadable" })
	told := c.tell(t)
	if len(told.Redaction.Withheld) == 0 || told.Redaction.Withheld[0].Reason != "known values unreadable" || told.Audit.Request.Data != nil {
		t.Errorf("the payload should be withheld, and the record say why: %+v", told)
	}
	if told.Audit.Code != 201 || told.Type != "audit" {
		t.Errorf("what is no payload should come: %+v", told)
	}
	t.Logf("withheld: %+v; left: object %+v, verb %q, user %q", told.Redaction.Withheld, told.Object, told.Audit.Verb, told.Audit.User.Name)
}

// unreadable makes the file so, for the superuser too.
func (c *closed) unreadable(t *testing.T) {
	t.Helper()
	if err := os.Chmod(c.values, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.ReadFile(c.values); err != nil {
		return
	}
	if err := os.Remove(c.values); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(c.values, 0o700); err != nil {
		t.Fatal(err)
	}
}

func (c *closed) readable(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(c.values); err != nil {
		t.Fatal(err)
	}
	replaceFile(t, c.values, marshalled(t, map[string]string{c.sensitive.told[0].name: c.sensitive.told[0].text}))
}

// A host that is to start without the values withholds payloads until it has them,
// and again when it cannot read them any more. None is let through in between.
func TestPayloadsAreWithheldWithoutValues(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		t.Parallel()
		r := newRun(t, h)
		c := &closed{suspect: &suspect{run: r, reader: &reader{path: r.out}}, sensitive: newSensitive(), values: filepath.Join(t.TempDir(), "values.json")}
		path := filepath.Join(t.TempDir(), "audit.log")
		c.log = r.appendTo(t, path)
		input := auditOptions(filepath.Join(r.dir, "cursor.db"))
		maps.Copy(input, map[string]string{
			"audit_path": path, "audit_bodies": "all", "monitor_interval": "1s", "plugin_log_level": "trace",
			"redact_values_path": c.values, "redact_start": "withhold",
		})
		r.inputs = append(r.inputs, input)
		r.configure(t)
		c.process = r.start(t)
		c.withholds(t)
		c.readable(t)
		c.passes(t)
		c.unreadable(t)
		c.withholds(t)
		replaced := filepath.Join(filepath.Dir(c.values), "old")
		if err := os.Rename(c.values, replaced); err != nil {
			t.Fatal(err)
		}
		c.withholds(t)
		c.readable(t)
		c.passes(t)
		// What is half written is not taken for what is there.
		replaceFile(t, c.values, []byte(`{"other": "0123456789"`))
		c.withholds(t)
		// The cursor does not forget, and neither does a start.
		c.process.kill()
		c.process = r.start(t)
		c.withholds(t)
		c.readable(t)
		c.passes(t)
		c.process.terminate(t)
		log := r.logged(t)
		if !strings.Contains(log, "payloads are withheld") || !strings.Contains(log, c.values) {
			t.Errorf("the log should say that payloads are withheld, and name %s", c.values)
		}
		in := newInspection(plant.NewSearch([]string{c.sensitive.told[0].text}))
		c.inspect(t, in)
		in.report(t)
		t.Logf("records %v, withheld %v", in.types, in.withheld)
	})
}
