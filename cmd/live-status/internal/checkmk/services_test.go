package checkmk

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fluent-live/live-status/cmd/live-status/internal/checkmk/agenttest"
	"github.com/fluent-live/live-status/cmd/live-status/internal/scrape"
)

// base is what each scrape has. It was made a day after the instance began.
const base = `live_status_info{cluster="prod",instance_name="i",version="v1"} 1
live_status_start_time_seconds 1.7e9
live_status_uptime_seconds 86400
`

// model is what a scrape says.
func model(t *testing.T, text string) *Model {
	t.Helper()
	var m Model
	if err := scrape.Parse(strings.NewReader(text), scrape.Limits{Prefix: Prefix}, m.Add); err != nil {
		t.Fatal(err)
	}
	return &m
}

func usual() Options {
	return Options{
		Form: FormAgent, Piggyback: PiggybackOff, States: States{}, Levels: DefaultLevels(),
		ProgressingWarn: 15 * time.Minute, Objects: true, Version: "v1",
	}
}

// app is an application that has a status for so long.
func app(name, status string, lasts time.Duration, more string) string {
	of := fmt.Sprintf(`application=%q,cluster="prod",namespace="shop",tool="helm",environment="",tenant=""`, name)
	text := fmt.Sprintf("live_status_application_status{%s,status=%q} 1\nlive_status_application_status_since_seconds{%s} %d\n",
		of, status, of, 1700086400-int64(lasts.Seconds()))
	if more != "" {
		text += strings.ReplaceAll(more, "OF", of) + "\n"
	}
	return text
}

// The states of an application, by its status, how long it lasts and what was asked
// for.
func TestApplicationState(t *testing.T) {
	const stale = "live_status_application_stale{OF} 1"
	for _, tt := range []struct {
		status string
		lasts  time.Duration
		more   string
		set    []string
		state  State
		text   string
	}{
		{"Healthy", time.Hour, "", nil, OK, "Healthy, for 1 h"},
		{"In Sync", 0, "", nil, OK, "In Sync, for 0 s"},
		{"Suspended", 90 * time.Second, "", nil, OK, "Suspended, for 1 min 30 s"},
		{"Progressing", 15*time.Minute - time.Second, "", nil, OK, "Progressing, for 14 min 59 s"},
		{"Progressing", 15 * time.Minute, "", nil, Warn, "Progressing, for 15 min (WARN after 15 min)"},
		{"Waiting", 2 * time.Hour, "", nil, Warn, "Waiting, for 2 h (WARN after 15 min)"},
		{"Progressing", time.Hour, "", []string{"Progressing=CRIT"}, Crit, "Progressing, for 1 h (WARN after 15 min)"},
		{"Out of Sync", 50 * time.Hour, "", nil, Warn, "Out of Sync, for 2 d 2 h"},
		{"Out of Sync", 0, "", []string{"out-of-sync=0"}, OK, "Out of Sync, for 0 s"},
		{"Degraded", 0, "", nil, Crit, "Degraded, for 0 s"},
		{"Missing", 0, "", nil, Crit, "Missing, for 0 s"},
		{"Unavailable", 0, "", nil, Crit, "Unavailable, for 0 s"},
		{"Unknown", 0, "", nil, Unknown, "Unknown, for 0 s"},
		{"Of Tomorrow", 0, "", nil, Unknown, "Of Tomorrow, for 0 s"},
		{"", 0, "", nil, Unknown, "Unknown, for 0 s"},
		{"Healthy", 0, stale, nil, Unknown, "Healthy, for 0 s, stale: nothing was heard lately"},
		{"Out of Sync", 0, stale, nil, Unknown, "Out of Sync, for 0 s, stale: nothing was heard lately"},
		{"Degraded", 0, stale, nil, Crit, "Degraded, for 0 s, stale: nothing was heard lately"},
		{"Healthy", 0, stale, []string{"stale=warn"}, Warn, "Healthy, for 0 s, stale: nothing was heard lately"},
		{"Healthy", -time.Hour, "", nil, OK, "Healthy, for 0 s"},
		{
			"Degraded", 720 * time.Second, `live_status_application_deciding{OF,kind="Deployment",object_namespace="shop",object="checkout",status="Degraded",reason="ProgressDeadlineExceeded"} 1`,
			nil, Crit, "Degraded: Deployment shop/checkout ProgressDeadlineExceeded, for 12 min",
		},
		{
			"Degraded", 0, `live_status_application_deciding{OF,kind="Node",object_namespace="",object="(!!) a|b\\n",status="Degraded",reason=""} 1`,
			nil, Crit, "Degraded: Node [!!] a❘b＼n, for 0 s",
		},
	} {
		t.Run(tt.status+" "+tt.text, func(t *testing.T) {
			o := usual()
			for _, s := range tt.set {
				if err := o.States.Set(s); err != nil {
					t.Fatal(err)
				}
			}
			got, ok := read(t, o, model(t, base+app("web", tt.status, tt.lasts, tt.more))).Hosts[""]["Application shop/web"]
			if !ok || got.State != int(tt.state) || got.Summary != tt.text {
				t.Errorf("got %d %q, want %d %q", got.State, got.Summary, tt.state, tt.text)
			}
			if got.Metrics["live_status_status_age_seconds"] != max(tt.lasts.Seconds(), 0) {
				t.Errorf("metrics %v", got.Metrics)
			}
		})
	}
}

// Two applications that differ by their tool share a service, and the second one
// does not rename the first.
func TestSiblings(t *testing.T) {
	one := base + app("web", "Healthy", time.Hour, `live_status_application_objects{OF,status="Healthy"} 2`)
	two := one + strings.ReplaceAll(app("web", "Degraded", time.Minute, `live_status_application_objects{OF,status="Degraded"} 3`), `tool="helm"`, `tool="argocd"`)
	alone := read(t, usual(), model(t, one)).Hosts[""]
	both := read(t, usual(), model(t, two)).Hosts[""]
	if a, b := slices.Sorted(maps.Keys(alone)), slices.Sorted(maps.Keys(both)); !slices.Equal(a, b) {
		t.Errorf("services %q became %q", a, b)
	}
	got := both["Application shop/web"]
	if got.State != int(Crit) || got.Summary != "Degraded, for 1 min; by helm Healthy" ||
		got.Metrics["live_status_objects_healthy"] != 2 || got.Metrics["live_status_objects_degraded"] != 3 {
		t.Errorf("got %+v", got)
	}
	for _, want := range []string{"argocd: CRIT, Degraded", "helm: OK, Healthy"} {
		if !strings.Contains(got.Details, want) {
			t.Errorf("%q is not in %q", want, got.Details)
		}
	}
}

// The state of Live Status Monitor is Checkmk's to compute.
func TestMonitorLevels(t *testing.T) {
	for _, tt := range []struct {
		text  string
		set   []string
		state State
	}{
		{"", nil, OK},
		{"live_status_source_lag_seconds{source=\"a\"} 59\nlive_status_source_lag_seconds{source=\"b\"} 1\n", nil, OK},
		{"live_status_source_lag_seconds{source=\"a\"} 1\nlive_status_source_lag_seconds{source=\"b\"} 60\n", nil, Warn},
		{"live_status_source_lag_seconds 300\n", nil, Crit},
		{"live_status_source_lag_seconds 300\n", []string{"lag_seconds=301,"}, OK},
		{"live_status_queue_bytes 51\nlive_status_queue_max_bytes 100\n", nil, Warn},
		{"live_status_queue_bytes 80\nlive_status_queue_max_bytes 100\n", nil, Crit},
		{"live_status_queue_bytes 80\n", nil, OK},
		{"live_status_watch_age_seconds{resource=\"pods\",namespace=\"\"} 3600\n", nil, Crit},
		{"", []string{"applications=2:,1:"}, Warn},
		{"", []string{"live_status_applications=3:9;2:99"}, Crit},
		{"live_status_source_lag_seconds NaN\n", nil, OK},
	} {
		t.Run(tt.text+strings.Join(tt.set, " "), func(t *testing.T) {
			o := usual()
			for _, s := range tt.set {
				if err := o.Levels.Set(s); err != nil {
					t.Fatal(err)
				}
			}
			got := read(t, o, model(t, base+app("web", "Healthy", 0, "")+tt.text)).Hosts[""]["Live Status Monitor"]
			if !got.Computed || got.State != int(tt.state) {
				t.Errorf("got %+v, want %s", got, tt.state)
			}
		})
	}
}

// What is wrong with Live Status itself.
func TestLiveStatusItself(t *testing.T) {
	for _, tt := range []struct {
		text  string
		set   string
		state State
		want  string
	}{
		{"", "", OK, "Live Status v1 of cluster prod, instance i"},
		{"live_status_redaction_blocked 1\n", "", Crit, "redaction holds all records back; Live Status v1"},
		{"live_status_redaction_blocked 0\n", "", OK, "Live Status v1"},
		{"live_status_watch_broken{resource=\"pods\",namespace=\"shop\"} 1\n", "", Warn, "watch broken: pods in shop; "},
		{"live_status_watch_broken{resource=\"pods\",namespace=\"\"} 1\nlive_status_watch_troubled{resource=\"pods\",namespace=\"\",state=\"forbidden\"} 1\n", "", Warn, "watch troubled: pods forbidden; "},
		{"live_status_permissions{state=\"missing\"} 4\nlive_status_permissions{state=\"excess\"} 0\n", "", Warn, "permissions missing: 4; "},
		{"live_status_permissions{state=\"excess\"} 1\n", "permissions-excess=ok", OK, "permissions excess: 1; "},
		{"live_status_metrics_omitted{what=\"applications\"} 7\n", "", Warn, "metrics omitted: 7; "},
		{"live_status_source_state{source=\"kubernetes_events\",scope=\"*\",state=\"backing_off\"} 1\n", "", Warn, "source down: kubernetes_events backing_off; "},
		{"live_status_source_state{source=\"kubernetes_events\",scope=\"*\",state=\"watching\"} 1\n", "", OK, "Live Status v1"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			o := usual()
			if tt.set != "" {
				if err := o.States.Set(tt.set); err != nil {
					t.Fatal(err)
				}
			}
			got := read(t, o, model(t, base+tt.text)).Hosts[""]["Live Status"]
			if got.State != int(tt.state) || !strings.HasPrefix(got.Summary, tt.want) {
				t.Errorf("got %+v, want %s %q", got, tt.state, tt.want)
			}
		})
	}
	if _, err := usual().Services(model(t, "live_status_uptime_seconds 1\n"), time.Now()); err == nil {
		t.Error("metrics of somebody else were taken")
	}
}

// Services of objects neither come with a failure nor go with it.
func TestObjects(t *testing.T) {
	object := func(namespace, name, status, application string) string {
		return fmt.Sprintf("live_status_object_status{cluster=\"prod\",application=%q,namespace=%q,kind=\"Job\",name=%q,status=%q} 1\n", application, namespace, name, status)
	}
	quiet := base + app("web", "Healthy", 0, "")
	bad := quiet + object("shop", "import", "Degraded", "") + object("shop", "web", "Degraded", "web") +
		object("lab", "a", "Out of Sync", "") + object("", "b", "Missing", "") + object("lab", "c", "Progressing", "")
	before, after := read(t, usual(), model(t, quiet)).Hosts[""], read(t, usual(), model(t, bad)).Hosts[""]
	if a, b := slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)); !slices.Equal(a, b) {
		t.Errorf("services %q became %q", a, b)
	}
	if s := after["Objects shop"]; s.State != int(Crit) || s.Summary != "Degraded: Job shop/import" || s.Metrics["live_status_objects_degraded"] != 1 {
		t.Errorf("got %+v", s)
	}
	s := after["Objects elsewhere"]
	if s.State != int(Crit) || s.Summary != "2 objects that belong to no application: Missing: Job b, ..." || s.Details != "Missing: Job b\nOut of Sync: Job lab/a" {
		t.Errorf("got %+v", s)
	}
	off := read(t, usual(), model(t, quiet+"live_status_objects{cluster=\"prod\",kind=\"Job\",api_group=\"batch\",status=\"Degraded\"} 3\n")).Hosts[""]["Objects elsewhere"]
	if off.State != int(Unknown) || !strings.Contains(off.Summary, "set metrics_objects to unhealthy") {
		t.Errorf("got %+v", off)
	}
}

// Which hosts services are of.
func TestPiggyback(t *testing.T) {
	text := base + app("web", "Healthy", 0, "") +
		strings.ReplaceAll(app("db", "Healthy", 0, ""), `namespace="shop"`, `namespace="bank"`) +
		strings.ReplaceAll(app("web", "Healthy", 0, ""), `environment=""`, `environment="Test"`)
	for piggyback, want := range map[Piggyback][]string{
		PiggybackOff:         {""},
		PiggybackCluster:     {"", "k8s-cluster_prod"},
		PiggybackNamespace:   {"", "k8s-namespace_prod_bank", "k8s-namespace_prod_shop"},
		PiggybackApplication: {"", "k8s-application-in_prod_shop_web_Test_", "k8s-application_prod_bank_db", "k8s-application_prod_shop_web", "k8s-namespace_prod_bank", "k8s-namespace_prod_shop"},
	} {
		o := usual()
		o.Piggyback, o.HostPrefix = piggyback, "k8s-"
		if got := slices.Sorted(maps.Keys(read(t, o, model(t, text)).Hosts)); !slices.Equal(got, want) {
			t.Errorf("%s: hosts %q, want %q", piggyback, got, want)
		}
	}
	// Services of two clusters are told apart by their hosts, or not at all.
	two := text + strings.ReplaceAll(text, `"prod"`, `"test"`)
	if _, err := usual().Services(model(t, two), time.Now()); err == nil || !strings.Contains(err.Error(), "2 clusters (prod, test)") {
		t.Errorf("error %v", err)
	}
	o := usual()
	o.Piggyback = PiggybackCluster
	if got := slices.Sorted(maps.Keys(read(t, o, model(t, two)).Hosts)); !slices.Equal(got, []string{"", "cluster_prod", "cluster_test"}) {
		t.Errorf("hosts %q", got)
	}
}

// A failure is a service, where that is asked for.
func TestFailed(t *testing.T) {
	for _, form := range []Form{FormAgent, FormPlugin, FormLocal} {
		o := usual()
		o.Form = form
		var out bytes.Buffer
		if err := o.Write(&out, Failed(fmt.Errorf("dial\n<<<<h>>>>: \"refused\" \\n"))); err != nil {
			t.Fatal(err)
		}
		parse := agenttest.Parse
		if form == FormLocal {
			parse = agenttest.ParseLocal
		}
		got, err := parse(out.String())
		if err != nil {
			t.Fatal(err)
		}
		if s := got.Hosts[""]["Live Status"]; s.State != int(Unknown) || s.Summary != `no metrics: dial <<<<h>>>>: "refused" ＼n` {
			t.Errorf("got %+v", s)
		}
	}
}
