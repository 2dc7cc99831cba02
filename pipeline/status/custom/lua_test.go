package custom

import (
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/event"
)

// TestLua compares what the guarded language and the own functions yield with what
// Lua 5.1 does.
func TestLua(t *testing.T) {
	box := newSandbox()
	for source, want := range map[string]string{
		// Expressions and assignments that are rewritten.
		`"a" .. 1 .. "b" .. 2.5`: "a1b2.5",
		`#("ab" .. "cd")`:        "4",
		`(function(...) return select("#", ...) end)(nil, nil)`:                                                                                    "2",
		`(function(...) local a, b = ... return tostring(a) .. tostring(b) end)(1)`:                                                                "1nil",
		`(function(...) local t = {...} return #t end)(1, 2, 3)`:                                                                                   "3",
		`(function(...) local t = {..., 9} return #t end)(1, 2, 3)`:                                                                                "2",
		`(function(...) return (...) end)(5, 6)`:                                                                                                   "5",
		`(function() local t = {} t[#t + 1] = "x" t[#t + 1] = "y" return #t .. t[2] end)()`:                                                        "2y",
		`(function() local t = {} local function f() return 1, 2 end t["a"] = f() return t.a end)()`:                                               "1",
		`(function() local i, t = 1, {} i, t[i] = i + 1, 20 return i .. t[1] end)()`:                                                               "220",
		`(function() local t = {[3 - 2] = "a", b = "c", "d"} return t[1] .. t.b end)()`:                                                            "dc",
		`(function() local function f(n) if n == 0 then return 0 end return f(n - 1) + 1 end return f(50) end)()`:                                  "50",
		`(function() local t = {} function t.f(x) return x end function t:g() return self == t end return tostring(t:g()) .. t.f(3) end)()`:        "true3",
		`(function() local t = setmetatable({}, {__concat = function(a, b) return "meta" end}) return t .. "x" end)()`:                             "meta",
		`(function() local t = setmetatable({}, {__concat = function(a, b) return "meta" end}) return "x" .. "y" .. t end)()`:                      "xmeta",
		`(function() local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v .. "!") end}) t["a" .. ""] = "b" return t.a end)()`: "b!",
		`(function() local out = "" for i = 3, 1, -1 do out = out .. i end return out end)()`:                                                      "321",
		`(function() local t = {1, 2, nil, 4} t[200] = 1 return t[200] end)()`:                                                                     "1",
		`select(2, pcall(function() local t t[1] = 1 end)) ~= nil`:                                                                                 "true",
		`select(2, pcall(error, "x"))`:                                 "health.lua:1: x",
		`(function() goto out do return 1 end ::out:: return 2 end)()`: "2",
		// Texts.
		`("hello"):find("l")`:                                                 "3",
		`select(2, ("hello"):find("l+"))`:                                     "4",
		`select("#", ("hello"):find("(l)(l)"))`:                               "4",
		`("a.b"):find(".", 1, true)`:                                          "2",
		`tostring(("hello"):find("x"))`:                                       "nil",
		`("hello"):find("", 3)`:                                               "3",
		`("hello"):find("l", -2)`:                                             "4",
		`("2026-01-02"):match("(%d+)-(%d+)")`:                                 "2026",
		`("key = value"):match("^(%w+)%s*=%s*(%w+)$")`:                        "key",
		`("  trim  "):match("^%s*(.-)%s*$")`:                                  "trim",
		`("[[x]]"):match("%[%[(.-)%]%]")`:                                     "x",
		`("f(a(b)c)d"):match("%b()")`:                                         "(a(b)c)",
		`("aa bb"):match("(%a)%1 (%a)%2")`:                                    "a",
		`("abc"):match("()b()")`:                                              "2",
		`("a-b"):match("[%w-]+")`:                                             "a-b",
		`("]"):match("[]]")`:                                                  "]",
		`("x^"):match("[x^]+")`:                                               "x^",
		`("abc"):match("[^a]+")`:                                              "bc",
		`("A1_"):match("[%a%d]+")`:                                            "A1",
		`("price: $5"):match("%$(%d)")`:                                       "5",
		`("ab"):match("a?b?c?")`:                                              "ab",
		`tostring(("abc"):match("^b"))`:                                       "nil",
		`("hello world"):gsub("o", "0")`:                                      "hell0 w0rld",
		`select(2, ("hello world"):gsub("o", "0"))`:                           "2",
		`("hello"):gsub("", "-")`:                                             "-h-e-l-l-o-",
		`("abc"):gsub("%w", "%0%0", 2)`:                                       "aabbc",
		`("abc def"):gsub("(%w+) (%w+)", "%2 %1")`:                            "def abc",
		`("$name"):gsub("%$(%w+)", {name = "x"})`:                             "x",
		`("abc"):gsub("%w", function(c) if c == "b" then return "B" end end)`: "aBc",
		`("abc"):gsub("^a", "x")`:                                             "xbc",
		`("a%b"):gsub("%%", "%%%%")`:                                          "a%%b",
		`(function() local n = 0 for w in ("a b c"):gmatch("%a") do n = n + 1 end return n end)()`:                       "3",
		`(function() local s = "" for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do s = s .. k .. v end return s end)()`: "a1b2",
		`("x"):rep(3)`:                     "xxx",
		`("x"):rep(-1)`:                    "",
		`("abc"):sub(-2)`:                  "bc",
		`("abc"):byte(2)`:                  "98",
		`select("#", ("abc"):byte(1, -1))`: "3",
		`select("#", ("abc"):byte(7))`:     "0",
		`string.char(72, 105)`:             "Hi",
		`("Ab"):lower() .. ("Ab"):upper()`: "abAB",
		`("abc"):reverse()`:                "cba",
		`string.format("%5.2f|%-4s|%04d|%x|%%", 3.14159, "ab", 7, 255)`: " 3.14|ab  |0007|ff|%",
		`string.format("%s %s %s", nil, true, 1)`:                       "nil true 1",
		`string.format("%q", 'a"b')`:                                    `"a\"b"`,
		`string.format("%d", "3")`:                                      "3",
		// Tables.
		`table.concat({1, "b", 3}, ", ")`:   "1, b, 3",
		`table.concat({1, 2, 3}, "", 2, 3)`: "23",
		`table.concat({})`:                  "",
		`(function() local t = {3, 1, 2} table.sort(t) return table.concat(t) end)()`:                                                                                "123",
		`(function() local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) return table.concat(t) end)()`:                                               "321",
		`(function() local t = {"b", "a"} table.insert(t, 1, "c") table.insert(t, "d") return table.concat(t) .. table.remove(t, 1) .. table.remove(t) .. #t end)()`: "cbadcd2",
		`(function() local s = "" for k in pairs({a = 1, b = 2}) do s = s .. k end return s end)()`:                                                                  "ab",
		`(function() local s = "" for k in pairs(obj.spec) do s = s .. k end return s end)()`:                                                                        "abclist",
		`unpack({1, 2}, 2)`: "2",
		`next({})== nil`:    "true",
		// Others.
		`math.floor(2.7) .. math.max(1, 5) .. math.huge`: "251.7976931348623157e+308",
		`type(os.time())`:         "number",
		`os.date("!%Y-%m-%d", 0)`: "1970-01-01",
		`os.time({year = 2026, month = 1, day = 2, hour = 0}) > os.time({year = 2026, month = 1, day = 1})`: "true",
		`require("string").len("abc")`:                                         "3",
		`tostring({}) .. tostring(print)`:                                      "tablefunction",
		`tostring(setmetatable({}, {__tostring = function() return "x" end}))`: "x",
		`tonumber("10") + tonumber("0x10") + tonumber("11", 2)`:                "29",
		`tostring(tonumber("x"))`:                                              "nil",
		`_G.obj.spec.a`:                                                        "1",
		`tostring((print("x")))`:                                               "nil",
		`type(actionParams)`:                                                   "table",
		`obj.spec.list[2] .. #obj.spec.list`:                                   "y2",
	} {
		obj := map[string]any{"spec": map[string]any{"c": true, "a": int64(1), "b": 2.5, "list": []any{"x", nil, "y"}}}
		v, err := run(t, box, "local result = "+source+"\nreturn {status = 'Healthy', message = tostring(result)}", obj)
		if err != nil || v.message != want {
			t.Errorf("%s\ngot  %q, %v\nwant %q", source, v.message, err, want)
		}
	}
}

// TestLines shows that errors name the line of the script.
func TestLines(t *testing.T) {
	box := newSandbox()
	for source, want := range map[string]string{
		"local a = 1\nlocal b = 'x' .. nil\nreturn {}":                     "health.lua:2: attempt to concatenate string and nil",
		"local t = {}\n\nt[nil] = 1":                                       "health.lua:3: a key is nil",
		"local function f()\n  error('no')\nend\nf()":                      "health.lua:2: no",
		"local s = 'x'\nfor i = 1, 2 do\n  s = s:find('(')\nend\nreturn s": "health.lua:3: a pattern has a ( without a )",
		"return string.format('%d', 'x')":                                  "health.lua:1: bad argument #2 to format (number expected, got string)",
	} {
		if _, err := run(t, box, source, nil); err == nil || err.Error() != want {
			t.Errorf("%s\ngot  %v\nwant %s", source, err, want)
		}
	}
}

func benchSet(b *testing.B) *Set {
	b.Helper()
	root := b.TempDir()
	write(b, root+"/lua/example.com/Certificate/health.lua", certificateLua)
	write(b, root+"/cel.yaml", certificateCEL)
	set, err := Load(root + "/cel.yaml," + root + "/lua")
	if err != nil {
		b.Fatal(err)
	}
	return set
}

const certificateLua = `hs = {}
if obj.status ~= nil and obj.status.conditions ~= nil then
  for i, condition in ipairs(obj.status.conditions) do
    if condition.type == "Issuing" and condition.status == "True" then
      return {status = "Progressing", message = condition.message}
    end
  end
  for i, condition in ipairs(obj.status.conditions) do
    if condition.type == "Ready" then
      hs.status = condition.status == "True" and "Healthy" or "Degraded"
      hs.message = condition.message
      return hs
    end
  end
end
return {status = "Progressing", message = "waiting"}
`

const certificateCEL = `rules:
- kind: CELCertificate.example.com
  health:
  - when: "!has(object.status) || !has(object.status.conditions)"
    health: Progressing
  - when: object.status.conditions.exists(c, c.type == 'Issuing' && c.status == 'True')
    health: Progressing
    message: object.status.conditions.filter(c, c.type == 'Issuing')[0].message
  - when: object.status.conditions.exists(c, c.type == 'Ready' && c.status == 'True')
    health: Healthy
  - health: Degraded
    message: object.status.conditions.filter(c, c.type == 'Ready')[0].message
`

const certificate = `
apiVersion: example.com/v1
kind: Certificate
metadata:
  name: shop-tls
  namespace: shop
  generation: 3
  uid: 3a4f0f4e-2f3b-4a4e-9b39-6e1f0a1f1d55
  labels: {app: shop, tier: front}
  managedFields:
  - {manager: helm, operation: Update, fieldsV1: {"f:spec": {"f:dnsNames": {}, "f:issuerRef": {"f:name": {}}, "f:secretName": {}}}}
  - {manager: controller, operation: Update, fieldsV1: {"f:status": {"f:conditions": {'k:{"type":"Ready"}': {"f:type": {}, "f:status": {}}}}}}
spec: {dnsNames: [a.example.com, b.example.com], issuerRef: {name: x, kind: Issuer}, secretName: tls}
status:
  conditions:
  - {type: Ready, status: "False", reason: DoesNotExist, message: Issuing certificate as Secret does not exist, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 3}
  - {type: Issuing, status: "False", reason: Failed, message: The certificate request has failed, lastTransitionTime: "2026-01-01T00:00:00Z", observedGeneration: 3}
  nextPrivateKeySecretName: shop-tls-x7k2p
`

func BenchmarkAssess(b *testing.B) {
	set := benchSet(b)
	for _, c := range []struct{ name, kind string }{{"lua", "Certificate"}, {"cel", "CELCertificate"}, {"none", "Other"}} {
		o := objects(b, certificate)[0]
		o.SetKind(c.kind)
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if a, ok := set.Assess(b.Context(), o); ok && (a.Health != event.HealthDegraded || a.Condition == nil) {
					b.Fatalf("%+v", a)
				}
			}
		})
	}
	// What an instruction costs with its count, and how long a script without end
	// takes to be stopped.
	box := newSandbox()
	loop, err := compile("while true do end")
	if err != nil {
		b.Fatal(err)
	}
	b.Run("instruction", func(b *testing.B) {
		n := 0
		start := time.Now()
		for b.Loop() {
			if _, err := (luaRule{box, loop}).assess(b.Context(), objects(b, certificate)[0]); err == nil {
				b.Fatal("no error")
			}
			n += maxSteps
		}
		b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(n), "ns/instruction")
	})
}
