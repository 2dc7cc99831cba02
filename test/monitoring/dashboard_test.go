package monitoring

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// dashboard is what is looked at of the dashboard.
type dashboard struct {
	UID           string  `json:"uid"`
	Title         string  `json:"title"`
	SchemaVersion int     `json:"schemaVersion"`
	Panels        []panel `json:"panels"`
	Templating    struct {
		List []variable `json:"list"`
	} `json:"templating"`
}

type variable struct {
	Name       string     `json:"name"`
	Type       string     `json:"type"`
	Definition string     `json:"definition"`
	AllValue   string     `json:"allValue"`
	Datasource datasource `json:"datasource"`
}

type datasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

type panel struct {
	ID          int        `json:"id"`
	Type        string     `json:"type"`
	Title       string     `json:"title"`
	Description string     `json:"description"`
	Datasource  datasource `json:"datasource"`
	GridPos     grid       `json:"gridPos"`
	Panels      []panel    `json:"panels"`
	Targets     []struct {
		Expr       string     `json:"expr"`
		RefID      string     `json:"refId"`
		Legend     string     `json:"legendFormat"`
		Datasource datasource `json:"datasource"`
	} `json:"targets"`
	FieldConfig struct {
		Defaults struct {
			Mappings []mapping `json:"mappings"`
		} `json:"defaults"`
		Overrides []struct {
			Matcher struct {
				Options string `json:"options"`
			} `json:"matcher"`
			Properties []struct {
				ID    string          `json:"id"`
				Value json.RawMessage `json:"value"`
			} `json:"properties"`
		} `json:"overrides"`
	} `json:"fieldConfig"`
}

type grid struct{ X, Y, W, H int }

type mapping struct {
	Type    string            `json:"type"`
	Options map[string]mapped `json:"options"`
}

type mapped struct {
	Text  string `json:"text"`
	Color string `json:"color"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	var d dashboard
	if err := json.Unmarshal([]byte(read(t, chartFile("dashboard.json"))), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// builtIn are the panels that Grafana has without a plugin.
var builtIn = []string{"row", "stat", "table", "timeseries", "state-timeline"}

// TestDashboard looks for what Grafana would not complain of, but draw wrongly.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || d.SchemaVersion < 39 || len(d.Panels) == 0 {
		t.Fatalf("uid %q, title %q, schema %d, %d panels", d.UID, d.Title, d.SchemaVersion, len(d.Panels))
	}
	ids := map[int]string{}
	titles := map[string]bool{}
	for i, p := range d.Panels {
		if before, ok := ids[p.ID]; ok || p.ID == 0 {
			t.Errorf("%s has the id %d of %q", p.Title, p.ID, before)
		}
		ids[p.ID] = p.Title
		if p.Title == "" || titles[p.Title] {
			t.Errorf("panel %d has no title of its own: %q", p.ID, p.Title)
		}
		titles[p.Title] = true
		if !slices.Contains(builtIn, p.Type) {
			t.Errorf("%s is a %s, which wants a plugin", p.Title, p.Type)
		}
		if g := p.GridPos; g.W < 1 || g.H < 1 || g.X < 0 || g.X+g.W > 24 || g.Y < 0 {
			t.Errorf("%s is outside of the grid: %+v", p.Title, g)
		}
		for _, q := range d.Panels[:i] {
			if overlap(p.GridPos, q.GridPos) {
				t.Errorf("%s lies over %s", p.Title, q.Title)
			}
		}
		if p.Type != "row" {
			checkPanel(t, p)
		} else if len(p.Panels) > 0 {
			t.Errorf("row %s is folded: its panels would not be looked at", p.Title)
		}
	}
}

func overlap(a, b grid) bool {
	return a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H
}

func checkPanel(t *testing.T, p panel) {
	t.Helper()
	if p.Description == "" || len(p.Targets) == 0 {
		t.Errorf("%s: description %q, %d targets", p.Title, p.Description, len(p.Targets))
	}
	want := datasource{Type: "prometheus", UID: "${datasource}"}
	if p.Datasource != want {
		t.Errorf("%s asks %v", p.Title, p.Datasource)
	}
	refs := map[string]bool{}
	for _, target := range p.Targets {
		if target.Datasource != want || target.Expr == "" || refs[target.RefID] {
			t.Errorf("%s: target %q asks %v for %q", p.Title, target.RefID, target.Datasource, target.Expr)
		}
		refs[target.RefID] = true
	}
}

// TestDashboardVariables wants the data source to be chosen, and All to include what
// has no namespace.
func TestDashboardVariables(t *testing.T) {
	d := readDashboard(t)
	var names []string
	for _, v := range d.Templating.List {
		names = append(names, v.Name)
		if v.Type == "query" && (v.AllValue != ".*" || v.Datasource.UID != "${datasource}") {
			t.Errorf("%s: all is %q, asked of %v", v.Name, v.AllValue, v.Datasource)
		}
	}
	if want := []string{"datasource", "cluster", "namespace", "application"}; !slices.Equal(names, want) {
		t.Errorf("variables %v, want %v", names, want)
	}
	used := regexp.MustCompile(`\$\{?(\w+)`)
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			for _, m := range used.FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(names, m[1]) && m[1] != "__rate_interval" {
					t.Errorf("%s uses the variable %s, which there is not", p.Title, m[1])
				}
			}
		}
	}
}

// statuses are all that objects and applications can have, read off the code: a new
// one is then missed here.
func statuses(t *testing.T) (all, ofApplications []string) {
	t.Helper()
	for _, file := range []string{"status.go", "deployment.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", "..", "pipeline", "event", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			kind, _ := spec.Type.(*ast.Ident)
			value, _ := spec.Values[0].(*ast.BasicLit)
			if kind == nil || value == nil || kind.Name != "Status" && kind.Name != "ApplicationStatus" || value.Value == `""` {
				return true
			}
			status, err := strconv.Unquote(value.Value)
			if err != nil {
				t.Fatal(err)
			}
			if kind.Name == "ApplicationStatus" {
				ofApplications = append(ofApplications, status)
			}
			if !slices.Contains(all, status) {
				all = append(all, status)
			}
			return true
		})
	}
	if len(all) < 10 || len(ofApplications) < 8 {
		t.Fatalf("the code has the statuses %v, applications %v", all, ofApplications)
	}
	return all, ofApplications
}

var code = regexp.MustCompile(`(\d+) \* live_status_application_status\{[^}]*status="([^"]*)"\}`)

// TestDashboardKnowsEveryStatus compares words, codes and colours with the statuses of
// the code: one that the dashboard does not know has no colour, or no place in time.
func TestDashboardKnowsEveryStatus(t *testing.T) {
	all, ofApplications := statuses(t)
	d := readDashboard(t)
	timelines := 0
	colours := map[string]string{}
	note := func(where, status, colour string) {
		if colour == "" || colours[status] != "" && colours[status] != colour {
			t.Errorf("%s: %s is %q, elsewhere %q", where, status, colour, colours[status])
		}
		colours[status] = colour
	}
	for _, p := range d.Panels {
		checkOverrides(t, p, all, note)
		if p.Title != "Status over time" {
			continue
		}
		timelines++
		known := p.FieldConfig.Defaults.Mappings[0].Options
		byCode := map[string]string{}
		for _, m := range code.FindAllStringSubmatch(p.Targets[0].Expr, -1) {
			byCode[m[2]] = m[1]
		}
		var told []string
		for number, m := range known {
			told = append(told, m.Text)
			note(p.Title, m.Text, m.Color)
			if _, err := strconv.Atoi(number); err != nil {
				t.Errorf("%s: %q is no number", p.Title, number)
			}
			if n := byCode[m.Text]; n != "" && n != number {
				t.Errorf("%s: %s is drawn as %s and read as %s", p.Title, m.Text, n, number)
			}
		}
		same(t, p.Title, told, all)
		var drawn []string
		for status := range byCode {
			drawn = append(drawn, status)
		}
		same(t, p.Title+": codes", drawn, ofApplications)
	}
	if timelines != 1 {
		t.Errorf("%d panels with the status over time", timelines)
	}
	for _, s := range all {
		if colours[s] == "" {
			t.Errorf("%s has no colour", s)
		}
	}
}

// checkOverrides looks at panels that colour series or cells by the names of statuses.
func checkOverrides(t *testing.T, p panel, all []string, note func(where, status, colour string)) {
	t.Helper()
	var named []string
	for _, o := range p.FieldConfig.Overrides {
		if slices.Contains(all, o.Matcher.Options) {
			named = append(named, o.Matcher.Options)
		}
		for _, property := range o.Properties {
			switch property.ID {
			case "color":
				var c struct {
					FixedColor string `json:"fixedColor"`
				}
				if err := json.Unmarshal(property.Value, &c); err != nil {
					t.Fatal(err)
				}
				note(p.Title, o.Matcher.Options, c.FixedColor)
			case "mappings":
				var ms []mapping
				if err := json.Unmarshal(property.Value, &ms); err != nil {
					t.Fatal(err)
				}
				var told []string
				for status, m := range ms[0].Options {
					told = append(told, status)
					note(p.Title, status, m.Color)
				}
				same(t, p.Title, told, all)
			}
		}
	}
	byStatus := len(p.Targets) > 0 && p.Targets[0].Legend == "{{status}}"
	if len(named) > 0 || byStatus {
		same(t, p.Title, named, all)
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s: statuses\n%s\nwant\n%s", what, strings.Join(got, ", "), strings.Join(want, ", "))
	}
}

// substitute gives Grafana's variables a value.
func substitute(expr string) string {
	return strings.NewReplacer("$__rate_interval", "2m", "$cluster", ".*", "$namespace", ".*", "$application", ".*").Replace(expr)
}

// expressions are those of the dashboard, by panel and target.
func (d dashboard) expressions() map[string]string {
	all := map[string]string{}
	for _, p := range d.Panels {
		for _, target := range p.Targets {
			all[fmt.Sprintf("dashboard: %s (%s)", p.Title, target.RefID)] = substitute(target.Expr)
		}
	}
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			selector, _, _ := strings.Cut(strings.TrimPrefix(v.Definition, "label_values("), ", ")
			all["dashboard: $"+v.Name] = substitute(selector)
		}
	}
	return all
}
