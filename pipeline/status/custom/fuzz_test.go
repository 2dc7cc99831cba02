package custom

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// FuzzRulesFile gives any file to the loader, and what was loaded any rule's kind.
func FuzzRulesFile(f *testing.F) {
	f.Add([]byte(certificateCEL))
	f.Add([]byte("apiVersion: v1\nkind: ConfigMap\ndata:\n  resource.customizations.health.example.com_Widget: return {status = 'Healthy'}\n"))
	f.Add([]byte("apiVersion: v1\nkind: ConfigMap\ndata:\n  resource.customizations: |\n    '*/*': {health.lua: 'return nil', health.lua.useOpenLibs: true}\n"))
	f.Add([]byte("{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{\"kind\":\"ConfigMap\",\"data\":{\"resource.customizations.health.Pod\":\"x\"}}]}"))
	f.Add([]byte("rules: &r\n- *r\n"))
	f.Add([]byte("a: &a [x]\nb: &b [*a,*a]\nrules: [*b,*b]\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 8<<10 {
			t.Skip("long")
		}
		path := filepath.Join(t.TempDir(), "rules.yaml")
		write(t, path, string(b))
		set, err := Load(path)
		if err != nil {
			if !strings.HasPrefix(err.Error(), option+" ") {
				t.Errorf("%v", err)
			}
			return
		}
		for r := range set.rules {
			group, kind, ok := strings.Cut(r.kind.text, "/")
			if !ok {
				group, kind = "", r.kind.text
			}
			o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": group + "/v1", "kind": kind}}
			checkedAssess(t, set, o)
		}
	})
}

// FuzzLuaObject runs a script that looks at everything on any object.
func FuzzLuaObject(f *testing.F) {
	root := f.TempDir()
	write(f, root+"/lua/example.com/Widget/health.lua", `
local function walk(v, depth)
  if type(v) ~= "table" then return tostring(v):gsub("%s+", " ") .. "" end
  local parts = {}
  for k, x in pairs(v) do parts[#parts + 1] = tostring(k) .. ":" .. walk(x, depth + 1) end
  table.sort(parts)
  return table.concat(parts, ",")
end
local hs = {status = "Healthy"}
for i, c in ipairs((obj.status or {}).conditions or {}) do
  if c.status ~= "True" then hs.status = "Degraded" hs.message = c.message end
end
hs.message = hs.message or string.format("%s %5s", walk(obj, 0), #obj)
return hs
`)
	set, err := Load(root + "/lua")
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"status":{"conditions":[{"type":"Ready","status":"False","message":"x"}]}}`))
	f.Add([]byte(`{"status":{"conditions":{"a":null}},"spec":[[],{},1.5,-1,true]}`))
	f.Add([]byte(`{"status":"\ud800","":{"":""}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 16<<10 {
			t.Skip("long")
		}
		o := &unstructured.Unstructured{}
		if json.Unmarshal(b, &o.Object) != nil || o.Object == nil {
			t.Skip("no object")
		}
		o.Object["apiVersion"], o.Object["kind"] = "example.com/v1", "Widget"
		first := checkedAssess(t, set, o)
		if again := checkedAssess(t, set, o); again.Message != first.Message || again.Health != first.Health {
			t.Errorf("the same object is %q and %q", first.Message, again.Message)
		}
	})
}

// FuzzScript runs any script.
func FuzzScript(f *testing.F) {
	f.Add(certificateLua)
	f.Add("return setmetatable({}, {__index = function(t, k) return k .. k end}).x")
	f.Add("local t = {} for w in ('a b'):gmatch('%a+') do t[w] = {[w] = ...} end return t, unpack(t)")
	f.Add("::a:: x, y[1], z['a' .. 1] = f(), ..., {...} goto a")
	box := newSandbox()
	f.Fuzz(func(t *testing.T, source string) {
		if len(source) > 4<<10 {
			t.Skip("long")
		}
		s, err := compile(source)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without text")
			}
			return
		}
		v, err := luaRule{box, s}.assess(t.Context(), &unstructured.Unstructured{Object: map[string]any{"a": []any{"b"}}})
		if err != nil && err.Error() == "" {
			t.Errorf("%+v, %v", v, err)
		}
	})
}

// checkedAssess assesses an object and checks what holds for every assessment.
func checkedAssess(t *testing.T, set *Set, o *unstructured.Unstructured) event.Assessment {
	t.Helper()
	a, _ := set.Assess(t.Context(), o)
	if a.Health != event.HealthNone {
		if _, ok := healthOf(string(a.Health)); !ok {
			t.Errorf("health %q", a.Health)
		}
	}
	if len(a.Message) > maxMessage+8 || !utf8.ValidString(a.Message) || len(a.Reason) > maxReason+8 {
		t.Errorf("%+v", a)
	}
	return a
}
