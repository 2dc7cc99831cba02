package monitoring

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"
	"sigs.k8s.io/yaml"
)

// unitTests is a file as `promtool test rules` reads it, as far as it is used here. It
// is taken more strictly: what is not listed for a time must not fire then. And less:
// annotations that are not given are not compared.
type unitTests struct {
	RuleFiles          []string       `json:"rule_files"`
	EvaluationInterval model.Duration `json:"evaluation_interval"`
	Tests              []unitTest     `json:"tests"`
}

type unitTest struct {
	Name           string         `json:"name"`
	Interval       model.Duration `json:"interval"`
	InputSeries    []inputSeries  `json:"input_series"`
	AlertRuleTests []alertTest    `json:"alert_rule_test"`
}

type inputSeries struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

type alertTest struct {
	EvalTime  model.Duration  `json:"eval_time"`
	Alertname string          `json:"alertname"`
	ExpAlerts []expectedAlert `json:"exp_alerts"`
}

type expectedAlert struct {
	Labels      map[string]string `json:"exp_labels"`
	Annotations map[string]string `json:"exp_annotations"`
}

// read returns what a file holds.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestAlerts runs the rules over series of which it is known when an alert is due.
func TestAlerts(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no unit tests: %v", err)
	}
	rung, silent := map[string]bool{}, map[string]bool{}
	for _, file := range files {
		var tests unitTests
		if err := yaml.UnmarshalStrict([]byte(read(t, file)), &tests); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, test := range tests.Tests {
			for _, a := range test.AlertRuleTests {
				if len(a.ExpAlerts) > 0 {
					rung[a.Alertname] = true
				} else {
					silent[a.Alertname] = true
				}
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml")+"/"+test.Name, func(t *testing.T) {
				test.run(t, tests)
			})
		}
	}
	for _, name := range alerts(t) {
		if !rung[name] || !silent[name] {
			t.Errorf("%s: no test has it fire, or none has it not fire", name)
		}
		delete(rung, name)
		delete(silent, name)
	}
	if len(rung)+len(silent) > 0 {
		t.Errorf("tests of alerts that there are not: %v %v", slices.Collect(maps.Keys(rung)), slices.Collect(maps.Keys(silent)))
	}
}

// load writes the series in the language of Prometheus' own tests.
func (u unitTest) load() string {
	var b strings.Builder
	fmt.Fprintf(&b, "load %s\n", u.Interval)
	for _, s := range u.InputSeries {
		fmt.Fprintf(&b, "  %s %s\n", s.Series, s.Values)
	}
	return b.String()
}

func (u unitTest) run(t *testing.T, file unitTests) {
	t.Helper()
	storage, err := promqltest.NewLazyLoader(u.load(), promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := storage.Close(); err != nil {
			t.Error(err)
		}
	}()
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:  rules.EngineQueryFunc(storage.QueryEngine(), storage.Storage()),
		Appendable: storage.Storage(),
		Context:    t.Context(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
		Logger:     promslog.NewNopLogger(),
		Parser:     parser.NewParser(parser.Options{}),
	})
	paths := make([]string, 0, len(file.RuleFiles))
	for _, f := range file.RuleFiles {
		paths = append(paths, filepath.Join("testdata", f))
	}
	step := time.Duration(file.EvaluationInterval)
	groups, errs := manager.LoadGroups(step, labels.EmptyLabels(), "", nil, false, paths...)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	expected := map[model.Duration][]alertTest{}
	var last time.Duration
	for _, a := range u.AlertRuleTests {
		if time.Duration(a.EvalTime)%step != 0 {
			t.Fatalf("%s is no multiple of %s", a.EvalTime, step)
		}
		expected[a.EvalTime] = append(expected[a.EvalTime], a)
		last = max(last, time.Duration(a.EvalTime))
	}
	for at := time.Duration(0); at <= last; at += step {
		now := time.Unix(0, 0).UTC().Add(at)
		storage.WithSamplesTill(now, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
			evaluate(t, storage.Context(), groups, now)
		})
		if want, ok := expected[model.Duration(at)]; ok {
			compare(t, at, want, firing(groups))
		}
	}
}

// evaluate runs every rule once, and fails where one cannot be: a join that finds two
// partners, or an annotation that cannot be expanded.
//
//nolint:revive // the context is that of the storage, not of the test.
func evaluate(t *testing.T, ctx context.Context, groups map[string]*rules.Group, now time.Time) {
	t.Helper()
	for _, g := range groups {
		g.Eval(ctx, now)
		for _, r := range g.Rules() {
			if err := r.LastError(); err != nil {
				t.Fatalf("%s: %v", r.Name(), err)
			}
		}
	}
}

// firing returns the alerts that fire, by their names.
func firing(groups map[string]*rules.Group) map[string][]*rules.Alert {
	found := map[string][]*rules.Alert{}
	for _, g := range groups {
		for _, r := range g.AlertingRules() {
			for _, a := range r.ActiveAlerts() {
				if a.State == rules.StateFiring {
					found[r.Name()] = append(found[r.Name()], a)
				}
			}
		}
	}
	return found
}

func compare(t *testing.T, at time.Duration, want []alertTest, got map[string][]*rules.Alert) {
	t.Helper()
	for _, w := range want {
		for _, e := range w.ExpAlerts {
			exp := maps.Clone(e.Labels)
			if exp == nil {
				exp = map[string]string{}
			}
			exp[labels.AlertName] = w.Alertname
			key := labels.FromMap(exp)
			i := slices.IndexFunc(got[w.Alertname], func(a *rules.Alert) bool { return labels.Equal(a.Labels, key) })
			if i < 0 {
				t.Errorf("at %s %s does not fire", at, key)
				continue
			}
			a := got[w.Alertname][i]
			got[w.Alertname] = slices.Delete(got[w.Alertname], i, i+1)
			for name, text := range e.Annotations {
				if have := a.Annotations.Get(name); have != text {
					t.Errorf("at %s %s: %s\n got %q\nwant %q", at, key, name, have, text)
				}
			}
			a.Annotations.Range(func(l labels.Label) {
				if strings.Contains(l.Value, "<error expanding template") || strings.Contains(l.Value, "<no value>") {
					t.Errorf("at %s %s: %s is %q", at, key, l.Name, l.Value)
				}
			})
		}
	}
	for _, rest := range got {
		for _, a := range rest {
			t.Errorf("at %s %s fires and should not", at, a.Labels)
		}
	}
}
