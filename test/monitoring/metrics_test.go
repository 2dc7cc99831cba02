package monitoring

import (
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/metrics"
)

// everything is a state in which every metric is told.
type everything struct{}

func (everything) Monitor() metrics.Monitor {
	now := time.Now()
	counts := map[string]int64{"some": 1}
	return metrics.Monitor{
		MonitorStatus: event.MonitorStatus{
			Phase: event.PhaseRunning, Instance: "a", Version: "1.0.0", Uptime: time.Minute,
			Sources: []event.SourceStatus{{Name: "audit_webhook", Scope: ":9443", State: event.SourceServing, LastReceived: now, Lag: time.Second, Refused: 1, Behind: 1}},
			Objects: &event.ObjectsStatus{Kinds: 1, Synced: 1, Troubled: []event.KindStatus{{
				Resource: event.GroupResource{Resource: "secrets"}, State: event.KindForbidden, Since: now,
			}}},
			Statuses: &event.StatusesStatus{
				Objects: 1, Applications: 1,
				ObjectsBy: map[event.Status]int64{event.StatusDegraded: 1}, ApplicationsBy: map[event.ApplicationStatus]int64{event.ApplicationDegraded: 1},
			},
			Forward:     &event.ForwardStatus{To: "https://example.org", State: event.ForwardDelivering},
			Permissions: &event.PermissionsStatus{Checked: now, Missing: 1},
			Redaction:   event.RedactionStatus{Values: 1, Found: counts, Withheld: counts, Blocked: "because"},
			Count:       event.Counters{Rejected: counts, Correlated: counts},
		},
		Cluster: "production", Started: now,
		Watches:           []event.WatchState{{Resource: event.GroupResource{Resource: "pods"}, Listed: true, Heard: now, Broken: now, Error: "away"}},
		Files:             map[string]int64{"db": 1},
		ObjectTransitions: []event.Transition{{From: "None", To: "Healthy", Count: 1}}, ApplicationTransitions: []event.Transition{{From: "None", To: "Healthy", Count: 1}},
	}
}

func (everything) application() event.Application {
	return event.Application{Name: "checkout", Namespace: "shop", Tool: "helm", Version: "1", Chart: "checkout-1.0.0"}
}

func (e everything) Applications(yield func(event.ApplicationView) bool) {
	pod := event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "checkout-1"}
	yield(event.ApplicationView{
		Application: e.application(), Status: event.ApplicationDegraded, Health: event.HealthDegraded, Sync: event.SyncOutOfSync, Stale: true,
		Since: time.Now(), Objects: 1, Statuses: map[event.Status]int64{event.StatusDegraded: 1},
		Deciding: &event.ObjectFinding{Object: pod, Status: event.StatusDegraded, Reason: "Error"},
	})
}

func (e everything) Objects(yield func(event.ObjectView) bool) {
	yield(event.ObjectView{
		Object:      event.ObjectRef{APIVersion: "v1", Kind: "Pod", Namespace: "shop", Name: "checkout-1"},
		Application: e.application(), Status: event.StatusDegraded, Health: event.HealthDegraded, Since: time.Now(),
	})
}

// scrape asks a server of metrics as Prometheus does, and returns what it tells.
func scrape(t *testing.T) []labels.Labels {
	t.Helper()
	server, err := metrics.New(t.Context(), metrics.Options{
		Listen: "127.0.0.1:0", Objects: metrics.ObjectsAll, MaxSeries: 1000, State: everything{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		server.Run(t.Context())
	}()
	t.Cleanup(func() {
		server.Close()
		<-done
	})
	answer, err := http.Get("http://" + server.Addr().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v: %s\n%s", err, answer.Status, body)
	}
	return parseScrape(t, body, answer.Header.Get("Content-Type"))
}

// parseScrape reads a scrape with Prometheus' own parser.
func parseScrape(t *testing.T, body []byte, contentType string) []labels.Labels {
	t.Helper()
	p, err := textparse.New(body, contentType, labels.NewSymbolTable(), textparse.ParserOptions{FallbackContentType: "text/plain"})
	if err != nil {
		t.Fatal(err)
	}
	var found []labels.Labels
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			t.Fatal(err)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var series labels.Labels
		p.Labels(&series)
		found = append(found, series)
	}
}

// labelsOf returns the labels of each metric.
func labelsOf(scraped []labels.Labels) map[string]labelSet {
	found := map[string]labelSet{}
	for _, series := range scraped {
		name := series.Get("__name__")
		if found[name] == nil {
			found[name] = labelSet{}
		}
		series.Range(func(l labels.Label) {
			if l.Name != "__name__" {
				found[name][l.Name] = true
			}
		})
	}
	return found
}

// expressions are those of the rules and of the dashboard, by where they stand.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := readDashboard(t).expressions()
	for _, g := range readRules(t) {
		for _, r := range g.Rules {
			all["rules: "+r.Alert] = r.Expr
		}
	}
	return all
}

// TestExpressions has every expression name metrics and labels that a scrape has: an
// alert on any other never fires, and a panel stays empty.
func TestExpressions(t *testing.T) {
	told := labelsOf(scrape(t))
	told["up"] = labelSet{}
	used := map[string]bool{}
	for where, text := range expressions(t) {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		c := checker{metrics: told}
		c.labels(expr)
		for _, p := range c.problems {
			t.Errorf("%s: %s", where, p)
		}
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			if s, ok := node.(*parser.VectorSelector); ok {
				used[s.Name] = true
			}
			return nil
		})
	}
	for _, name := range slices.Sorted(maps.Keys(told)) {
		if strings.HasPrefix(name, "live_status_") && !used[name] {
			t.Errorf("%s is neither in the rules nor in the dashboard", name)
		}
	}
}

var (
	templateLabel = regexp.MustCompile(`\$labels\.(\w+)`)
	legendLabel   = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
	labelValues   = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
)

// TestTextsNameLabelsThatAreThere looks for labels in annotations and legends that the
// expression took away: nothing would stand in their place.
func TestTextsNameLabelsThatAreThere(t *testing.T) {
	c := checker{metrics: labelsOf(scrape(t))}
	c.metrics["up"] = labelSet{}
	want := func(where, text string, kept labelSet, labels *regexp.Regexp) {
		for _, m := range labels.FindAllStringSubmatch(text, -1) {
			if !kept[m[1]] {
				t.Errorf("%s names %s, which the expression does not keep", where, m[1])
			}
		}
	}
	parse := func(text string) labelSet {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		return c.labels(expr)
	}
	for _, g := range readRules(t) {
		for _, r := range g.Rules {
			kept := parse(r.Expr)
			for name, text := range r.Annotations {
				want(r.Alert+": "+name, text, kept, templateLabel)
			}
		}
	}
	d := readDashboard(t)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			want(p.Title, target.Legend, parse(substitute(target.Expr)), legendLabel)
		}
	}
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		m := labelValues.FindStringSubmatch(v.Definition)
		if len(m) != 3 || !parse(substitute(m[1]))[m[2]] {
			t.Errorf("variable %s: %s", v.Name, v.Definition)
		}
	}
}

// TestDashboardAnswers asks every panel of the dashboard while one pod takes over from
// another and both are told of: none may fail on what then is there twice, and none
// may stay empty.
func TestDashboardAnswers(t *testing.T) {
	var load strings.Builder
	load.WriteString("load 1m\n")
	for _, instance := range []string{"10.0.0.1:9465", "10.0.0.2:9465"} {
		for _, series := range scrape(t) {
			b := labels.NewBuilder(series).Set("job", "live-status").Set("instance", instance)
			load.WriteString("  " + b.Labels().String() + " 1+1x20\n")
		}
	}
	storage, err := promqltest.NewLazyLoader(load.String(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := storage.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := time.Unix(600, 0)
	storage.WithSamplesTill(now, func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	})
	for where, text := range readDashboard(t).expressions() {
		query, err := storage.QueryEngine().NewInstantQuery(t.Context(), storage.Queryable(), nil, text, now)
		if err != nil {
			t.Fatal(err)
		}
		result := query.Exec(t.Context())
		vector, err := result.Vector()
		if err != nil || len(vector) == 0 {
			t.Errorf("%s: %d series: %v\n%s", where, len(vector), err, text)
		}
		query.Close()
	}
}
