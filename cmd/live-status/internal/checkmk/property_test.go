package checkmk

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fluent-live/live-status/cmd/live-status/internal/checkmk/agenttest"
	"github.com/fluent-live/live-status/cmd/live-status/internal/scrape"
)

// hostile are names as nobody should choose them, and pieces of them.
func hostile() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		"shop", "a", "a", " ", "  ", "%", "％", `"`, `'`, `\`, `\n`, "|", "❘", ";", "=", "/", "／", "[", "]", "{", "}", "_", "-", ".", "\t",
		"\n", "\r\n", "\x00", "\x1b[31m", "\u2028", "\u200b", "\u202e", "\u00a0", "ü", "u\u0308", "日本", "🚀", "\xff", "\xed\xa0\x80",
		"<<<<h>>>>", "<<<local>>>", "<<<<>>>>", "(!!)", "$HOSTNAME$", "`id`", "-0123456789abcdef", ">>>", "cached(1,2)", "P", "0", "",
	})
	return rapid.OneOf(
		rapid.Map(rapid.SliceOfN(piece, 0, 6), func(p []string) string { return strings.Join(p, "") }),
		rapid.String(), rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 40), func(b []byte) string { return string(b) }),
		rapid.Map(rapid.IntRange(60, 300), func(n int) string { return strings.Repeat("x", n) }),
		rapid.Map(rapid.IntRange(20, 200), func(n int) string { return strings.Repeat("%", n) }),
	)
}

// Two texts never become the same part of a name.
func TestPartTellsTextsApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := hostile().Draw(t, "a"), hostile().Draw(t, "b")
		if rapid.Bool().Draw(t, "again") {
			// What became of one is a name that somebody else may choose.
			b = part(a, maxPart)
		}
		pa, pb := part(a, maxPart), part(b, maxPart)
		if a != b && pa == pb {
			t.Fatalf("%q and %q become %q", a, b, pa)
		}
		if len(pa) > maxPart {
			t.Fatalf("%q has %d bytes", pa, len(pa))
		}
	})
}

// Two namespaces or applications never become the same host.
func TestHostNameTellsPlacesApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []string { return rapid.SliceOfN(hostile(), 1, 3).Draw(t, label) }
		a, b := draw("a"), draw("b")
		if rapid.Bool().Draw(t, "moved") {
			// The same name, cut elsewhere.
			b = strings.Split(strings.Join(a, "_"), "_")
		}
		na, nb := hostName("", "application", a[0], a[1:]...), hostName("", "application", b[0], b[1:]...)
		if fmt.Sprintf("%q", a) != fmt.Sprintf("%q", b) && len(a) == len(b) && na == nb {
			t.Fatalf("%q and %q become %q", a, b, na)
		}
		if _, err := agenttest.Parse("<<<<" + na + ">>>>\n"); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever a scrape says, Checkmk reads it, and each application has one service.
func TestAnyScrapeIsRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m Model
		m.Add(scrape.Sample{Name: "live_status_info", Labels: labels("cluster", "c", "instance_name", hostile().Draw(t, "instance"), "version", hostile().Draw(t, "version")), Value: 1})
		names := map[string]bool{}
		for range rapid.IntRange(0, 8).Draw(t, "series") {
			name := rapid.SampledFrom([]string{
				"live_status_application_status", "live_status_application_status", "live_status_application_deciding",
				"live_status_application_objects", "live_status_application_status_since_seconds", "live_status_application_info",
				"live_status_object_status", "live_status_objects", "live_status_watch_broken", "live_status_rejected_total",
				"live_status_source_lag_seconds", "live_status_queue_bytes", "live_status_queue_max_bytes", "live_status_uptime_seconds",
				"live_status_permissions", "live_status_metrics_omitted", "live_status_application_stale",
			}).Draw(t, "name")
			l := labels("cluster", "c")
			for _, key := range []string{
				"application", "namespace", "tool", "environment", "tenant", "status", "kind", "object", "object_namespace",
				"reason", "name", "resource", "version", "what",
			} {
				l = append(l, scrape.Label{Name: key, Value: hostile().Draw(t, key)})
			}
			s := scrape.Sample{Name: name, Labels: l, Value: rapid.OneOf(rapid.Just(1.0), rapid.Float64()).Draw(t, "value")}
			if name == "live_status_application_status" && s.Value > 0 {
				names[fmt.Sprintf("%q", []string{s.Get("namespace"), s.Get("application"), s.Get("environment"), s.Get("tenant")})] = true
			}
			m.Add(s)
		}
		o := Options{
			Form:      rapid.SampledFrom([]Form{FormAgent, FormPlugin, FormLocal}).Draw(t, "form"),
			Piggyback: rapid.SampledFrom([]Piggyback{PiggybackOff, PiggybackCluster, PiggybackNamespace, PiggybackApplication}).Draw(t, "piggyback"),
			States:    States{}, Levels: DefaultLevels(), ProgressingWarn: 15 * time.Minute, Objects: true, Version: "dev",
		}
		if o.Form == FormLocal {
			o.Piggyback = PiggybackOff
		}
		got := read(t, o, &m)
		n := 0
		for _, services := range got.Hosts {
			for name := range services {
				if strings.HasPrefix(name, "Application ") {
					n++
				}
			}
		}
		if n != len(names) {
			t.Fatalf("%d services of applications, want %d: %v", n, len(names), got)
		}
	})
}

func labels(pairs ...string) []scrape.Label {
	var out []scrape.Label
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, scrape.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return out
}

// fataler is a test, or a property's.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// read writes services and reads them as Checkmk does.
func read(t fataler, o Options, m *Model) agenttest.Output {
	t.Helper()
	services, err := o.Services(m, time.Unix(1769256000, 0))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := o.Write(&out, services); err != nil {
		t.Fatal(err)
	}
	parse := agenttest.Parse
	if o.Form == FormLocal {
		parse = agenttest.ParseLocal
	}
	got, err := parse(out.String())
	if err != nil {
		t.Fatalf("%v in\n%s", err, &out)
	}
	return got
}
