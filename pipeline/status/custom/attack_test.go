package custom

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Ends may be slower than the budget where the machine is shared; more memory than
// this no run may have at a time.
const (
	slack    = 4 * time.Second
	maxInUse = 160 << 20
)

// run runs a script of its own on an object.
func run(t testing.TB, box *sandbox, source string, obj map[string]any) (verdict, error) {
	t.Helper()
	s, err := compile(source)
	if err != nil {
		t.Fatalf("%v\n%s", err, source)
	}
	return luaRule{box, s}.assess(t.Context(), &unstructured.Unstructured{Object: obj})
}

// inUse returns the most memory that is in use while f runs.
func inUse(f func()) int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := int64(m.HeapAlloc+m.StackInuse), int64(0)
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			runtime.ReadMemStats(&m)
			most = max(most, int64(m.HeapAlloc+m.StackInuse)-before)
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return most
}

// TestAttacks shows that no script gets away: each ends with an error, in time,
// within its memory, and leaves nothing to the next.
func TestAttacks(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/attack/scripts.txtar")
	if err != nil || len(archive.Files) < 60 {
		t.Fatal(len(archive.Files), err)
	}
	box := newSandbox()
	obj := map[string]any{"kind": "Widget", "status": map[string]any{"list": []any{"a", "b", int64(1)}}}
	for _, f := range archive.Files {
		t.Run(strings.TrimSuffix(f.Name, ".lua"), func(t *testing.T) {
			var err error
			start := time.Now()
			most := inUse(func() { _, err = run(t, box, string(f.Data), obj) })
			took := time.Since(start)
			if err == nil {
				t.Error("no error")
			} else if len(err.Error()) > 2*maxError || strings.Contains(err.Error(), "0x") || strings.Contains(err.Error(), "\n") {
				t.Errorf("an error that is too long or tells too much: %.300s", err)
			}
			if took > maxTime+slack || most > maxInUse {
				t.Errorf("took %v and %d MiB", took, most>>20)
			}
			t.Logf("%v, %d MiB: %.100v", took.Round(time.Millisecond), most>>20, err)
			v, err := run(t, box, "return {status = 'Healthy', message = tostring(1) .. string.upper(('x'):upper())}", obj)
			if err != nil || v.health != event.HealthHealthy || v.message != "1X" {
				t.Errorf("the next script: %+v, %v", v, err)
			}
		})
	}
}

// TestHostileObjects shows that whoever makes an object cannot make a harmless
// script take long.
func TestHostileObjects(t *testing.T) {
	box := newSandbox()
	deep := any("x")
	for range 5_000 {
		deep = map[string]any{"a": deep}
	}
	wide := make([]any, 0, 500_000)
	for range cap(wide) {
		wide = append(wide, map[string]any{})
	}
	conditions := make([]any, 0, 20_000)
	for range cap(conditions) {
		conditions = append(conditions, map[string]any{"type": "Ready", "message": strings.Repeat("m", 50)})
	}
	const whole = "local o = obj return {status = 'Healthy'}"
	const message = "local s = '' for i, c in ipairs(obj.status.conditions) do s = s .. c.message end return {status = 'Healthy', message = s}"
	for name, c := range map[string]struct {
		script string
		status any
	}{
		"deep":             {whole, deep},
		"wide":             {whole, wide},
		"many conditions":  {message, map[string]any{"conditions": conditions}},
		"conditions odd":   {message, map[string]any{"conditions": "none"}},
		"conditions mixed": {message, map[string]any{"conditions": []any{nil, int64(1), []any{}}}},
		"long for pattern": {"return {status = obj.status:match('(.-)(.-)(.-)(.-)x')}", strings.Repeat("a", 100_000)},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			start := time.Now()
			most := inUse(func() { _, err = run(t, box, c.script, map[string]any{"status": c.status}) })
			if err == nil || time.Since(start) > maxTime+slack || most > maxInUse {
				t.Errorf("%v and %d MiB: %v", time.Since(start), most>>20, err)
			}
			t.Logf("%v, %d MiB: %v", time.Since(start).Round(time.Millisecond), most>>20, err)
			// What is not read is not converted.
			if v, err := run(t, box, "return {status = obj.metadata and 'Degraded' or 'Healthy'}", map[string]any{"status": c.status}); err != nil || v.health != event.HealthHealthy {
				t.Errorf("a script that does not read it: %+v, %v", v, err)
			}
		})
	}
}

// TestCanceled shows that a script ends with the process, and that this is no
// fault of the rule's.
func TestCanceled(t *testing.T) {
	path := t.TempDir()
	write(t, path+"/example.com/Widget/health.lua", "while true do end")
	set, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	a, ok := set.Assess(ctx, &unstructured.Unstructured{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Widget"}})
	if !ok || a.Health != event.HealthUnknown || set.Errors()["health/Widget.example.com"] != 0 {
		t.Errorf("%+v, %v, %v", a, ok, set.Errors())
	}
}

// TestRunsAreApart shows that globals do not outlive a run, with runs at the same
// time.
func TestRunsAreApart(t *testing.T) {
	box := newSandbox()
	s, err := compile(`
seen = (seen or 0) + 1
string.count = (string.count or 0) + 1
local mine = obj.metadata.name
obj.metadata.name = "changed"
function tostring(x) return "changed" end
if seen ~= 1 or string.count ~= 1 then return {status = "Degraded"} end
return {status = "Healthy", message = mine .. tostring(1)}`)
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "x"}}}
	done := make(chan error)
	for range 8 {
		go func() {
			var err error
			for range 50 {
				v, e := luaRule{box, s}.assess(t.Context(), obj)
				if e != nil || v.health != event.HealthHealthy || v.message != "xchanged" {
					err = &mismatch{v, e}
				}
			}
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

type mismatch struct {
	v   verdict
	err error
}

func (m *mismatch) Error() string {
	return string(m.v.health) + " " + m.v.message + " " + m.v.reason + errorText(m.err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
