package metrics

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/fluent-live/live-status/pipeline/event"
)

// scraped returns what a scrape of a state tells.
func scraped(t testing.TB, o Options) string {
	t.Helper()
	o.Now = now
	o = o.complete()
	g, err := newGatherer(&o)
	if err != nil {
		t.Fatal(err)
	}
	return text(t, g.own())
}

func text(t testing.TB, families []*dto.MetricFamily) string {
	t.Helper()
	var b bytes.Buffer
	for _, mf := range families {
		if _, err := expfmt.MetricFamilyToText(&b, mf); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// valid fails the test unless Prometheus would take a scrape: it can be read, and no
// series is there twice.
func valid(t testing.TB, scrape string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	if _, err := parser.TextToMetricFamilies(strings.NewReader(scrape)); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(scrape) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		series := line[:strings.LastIndexByte(line, ' ')]
		if seen[series] {
			t.Fatalf("twice: %s", series)
		}
		seen[series] = true
	}
}

// lines returns the lines of a scrape that are of a metric.
func lines(scrape, name string) []string {
	var all []string
	for line := range strings.Lines(scrape) {
		if strings.HasPrefix(line, name+"{") || strings.HasPrefix(line, name+" ") {
			all = append(all, strings.TrimSpace(line))
		}
	}
	return all
}

// TestScrape compares a scrape of everything with testdata/full.prom.
func TestScrape(t *testing.T) {
	got := scraped(t, Options{State: full(), Objects: ObjectsAll, MaxSeries: 1000})
	valid(t, got)
	path := filepath.Join("testdata", "full.prom")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	problems, err := promlint.New(strings.NewReader(got)).Lint()
	if err != nil || len(problems) > 0 {
		t.Error(err, problems)
	}
}

func TestWhichObjectsAreTold(t *testing.T) {
	for which, want := range map[Objects]int{ObjectsOff: 0, ObjectsUnhealthy: 1, ObjectsAll: 3} {
		got := scraped(t, Options{State: full(), Objects: which, MaxSeries: 1000})
		if n := len(lines(got, "live_status_object_status")); n != want {
			t.Errorf("%s: %d objects, want %d", which, n, want)
		}
		if n := len(lines(got, "live_status_objects")); n != 3 {
			t.Errorf("%s: %d counts of objects", which, n)
		}
		if omitted := lines(got, "live_status_metrics_omitted"); omitted[1] != `live_status_metrics_omitted{what="objects"} 0` {
			t.Errorf("%s: what is not asked for is no omission: %v", which, omitted)
		}
	}
}

// However little room there is, the worst is told, always the same, and what is not is
// counted.
func TestRoomForSeries(t *testing.T) {
	count := func(scrape string) (series, applications, objects int) {
		for line := range strings.Lines(scrape) {
			if strings.HasPrefix(line, "live_status_application_") && !strings.HasPrefix(line, "live_status_application_transitions") {
				series++
			}
		}
		applications, objects = len(lines(scrape, "live_status_application_status")), len(lines(scrape, "live_status_object_status"))
		return series + objects, applications, objects
	}
	state := crowd(50, 400)
	for most := range 800 {
		scrape := scraped(t, Options{State: state, Objects: ObjectsAll, MaxSeries: most})
		series, applications, objects := count(scrape)
		if series > most {
			t.Fatalf("at most %d, got %d series", most, series)
		}
		want := fmt.Sprintf("[live_status_metrics_omitted{what=\"applications\"} %d live_status_metrics_omitted{what=\"objects\"} %d live_status_metrics_omitted{what=\"watches\"} 0]", 50-applications, 400-objects)
		if got := fmt.Sprint(lines(scrape, "live_status_metrics_omitted")); got != want {
			t.Fatalf("at most %d: %s, want %s", most, got, want)
		}
		for what, few := range map[string]int{"application": min(applications, 5), "object": min(objects, 40)} {
			if got := strings.Count(scrape, "\nlive_status_"+what+"_status{") - strings.Count(strings.Join(lines(scrape, "live_status_"+what+"_status"), "\n"), `status="Healthy"`); got != few {
				t.Fatalf("at most %d: %d that are ill, want %d", most, got, few)
			}
		}
		shuffled := *state
		shuffled.applications, shuffled.objects = append([]event.ApplicationView(nil), state.applications...), append([]event.ObjectView(nil), state.objects...)
		rand.Shuffle(len(shuffled.applications), func(i, j int) {
			shuffled.applications[i], shuffled.applications[j] = shuffled.applications[j], shuffled.applications[i]
		})
		rand.Shuffle(len(shuffled.objects), func(i, j int) { shuffled.objects[i], shuffled.objects[j] = shuffled.objects[j], shuffled.objects[i] })
		if most%20 == 0 && scraped(t, Options{State: &shuffled, Objects: ObjectsAll, MaxSeries: most}) != scrape {
			t.Fatalf("at most %d: the order in which they come matters", most)
		}
	}
}

// Names that look the same once they were cleaned do not fail the scrape.
func TestNamesThatLookTheSame(t *testing.T) {
	state := full()
	state.applications, state.objects = nil, nil
	for i, status := range []event.ApplicationStatus{event.ApplicationHealthy, event.ApplicationDegraded, event.ApplicationHealthy} {
		state.applications = append(state.applications, event.ApplicationView{
			Application: event.Application{Name: fmt.Sprintf("db-hunter%d", i), Version: fmt.Sprint(i)}, Status: status, Since: now(), Stale: i == 2,
			Statuses: map[event.Status]int64{event.StatusHealthy: 1, event.Status(status): 2},
		})
	}
	for i, status := range []event.Status{event.StatusHealthy, event.StatusDegraded, event.StatusInSync} {
		state.objects = append(state.objects, event.ObjectView{
			Object: event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: fmt.Sprintf("db-hunter%d", i)}, Status: status,
		})
	}
	state.monitor.Watches = []event.WatchState{
		{Resource: event.GroupResource{Resource: "hunter1"}, Heard: now()}, {Resource: event.GroupResource{Resource: "hunter2"}, Heard: now().Add(-60e9)},
	}
	clean := func(name string) (string, bool) {
		if before, _, found := strings.Cut(name, "hunter"); found {
			return before + "[redacted]", true
		}
		return name, name != "shop-2.1.0"
	}
	scrape := scraped(t, Options{State: state, Objects: ObjectsAll, MaxSeries: 1000, Clean: clean})
	valid(t, scrape)
	if strings.Contains(scrape, "hunter") {
		t.Error(scrape)
	}
	const of = `application="db-[redacted]",cluster="prod-eu-1",environment="",namespace="",`
	for name, want := range map[string][]string{
		"live_status_application_status": {of + `status="Degraded",tenant="",tool=""} 1`},
		"live_status_application_objects": {
			of + `status="Degraded",tenant="",tool=""} 2`, of + `status="Healthy",tenant="",tool=""} 5`,
		},
		"live_status_application_stale": {of + `tenant="",tool=""} 1`},
		"live_status_object_status":     {`api_group="",application="",application_namespace="",cluster="prod-eu-1",kind="Pod",name="db-[redacted]",namespace="shop",status="Degraded"} 1`},
		"live_status_watch_age_seconds": {`namespace="",resource="[redacted]"} 60`},
	} {
		var full []string
		for _, w := range want {
			full = append(full, name+"{"+w)
		}
		if diff := cmp.Diff(full, lines(scrape, name)); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
}

// What cannot be examined is not told, and is counted.
func TestNamesThatAreWithheld(t *testing.T) {
	scrape := scraped(t, Options{State: full(), Objects: ObjectsAll, MaxSeries: 1000, Clean: func(string) (string, bool) { return "leak", false }})
	valid(t, scrape)
	for _, word := range []string{"leak", "shop", "bank", `"web"`, "prod-eu", "node-1", "9443"} {
		if strings.Contains(scrape, word) {
			t.Errorf("%s is told", word)
		}
	}
	if got := fmt.Sprint(lines(scrape, "live_status_metrics_omitted")); got != `[live_status_metrics_omitted{what="applications"} 2 live_status_metrics_omitted{what="objects"} 3 live_status_metrics_omitted{what="watches"} 2]` {
		t.Error(got)
	}
	if got := lines(scrape, "live_status_applications"); len(got) != 2 || !strings.Contains(got[0], `cluster="[withheld]"`) {
		t.Error(got)
	}
}

// Whoever may create an object chooses names.
func TestHostileNames(t *testing.T) {
	state := full()
	for i, name := range []string{"a\"b\\c\nd{}", "\xff\xfe", strings.Repeat("ä", 300), strings.Repeat("x", 5000), "", "\x00", "# HELP x", "{}", "a\xe2\x80"} {
		state.applications = append(state.applications, event.ApplicationView{
			Application: event.Application{Name: name, Namespace: event.Namespace(name), Tool: event.Tool(name), Version: name, Chart: name, Environment: name, Tenant: name},
			Status:      event.ApplicationDegraded, Statuses: map[event.Status]int64{event.StatusDegraded: int64(i)},
			Deciding: &event.ObjectFinding{Object: event.ObjectRef{Kind: name, Name: name, Namespace: event.Namespace(name)}, Reason: name},
		})
		state.objects = append(state.objects, event.ObjectView{
			Object: event.ObjectRef{APIVersion: name, Kind: name, Name: name, Namespace: event.Namespace(name)}, Status: event.StatusDegraded,
		})
		state.monitor.Watches = append(state.monitor.Watches, event.WatchState{Resource: event.GroupResource{Group: name, Resource: name}, Namespace: event.Namespace(name)})
	}
	scrape := scraped(t, Options{State: state, Objects: ObjectsAll, MaxSeries: 1000})
	valid(t, scrape)
	if strings.Contains(scrape, strings.Repeat("x", maxLabel+1)) || strings.Contains(scrape, strings.Repeat("ä", maxLabel/2+1)) {
		t.Error("a value is too long")
	}
}

// As many kinds as somebody defines are not told apart.
func TestManyKinds(t *testing.T) {
	state := full()
	state.objects = nil
	for i := range 2 * maxKinds {
		state.objects = append(state.objects, event.ObjectView{
			Object: event.ObjectRef{APIVersion: "example.com/v1", Kind: fmt.Sprintf("Kind%d", i), Name: "x"}, Status: event.StatusHealthy,
		})
	}
	for i := range 2 * maxWatches {
		state.monitor.Watches = append(state.monitor.Watches, event.WatchState{Resource: event.GroupResource{Resource: fmt.Sprintf("kind%d", i)}})
	}
	scrape := scraped(t, Options{State: state})
	valid(t, scrape)
	all := lines(scrape, "live_status_objects")
	if want := fmt.Sprintf(`live_status_objects{api_group="",cluster="prod-eu-1",kind="(others)",status="Healthy"} %d`, maxKinds); len(all) != maxKinds+1 || all[0] != want {
		t.Errorf("%d kinds, the first %s", len(all), all[0])
	}
	if n := len(lines(scrape, "live_status_watch_age_seconds")); n != maxWatches {
		t.Errorf("%d watches", n)
	}
}
