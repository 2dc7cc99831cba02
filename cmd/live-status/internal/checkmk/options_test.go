package checkmk

import (
	"strings"
	"testing"
	"time"
)

func TestParseLevels(t *testing.T) {
	for _, tt := range []struct{ text, want, wrong string }{
		{"60,300", "60;300", ""},
		{"60;300", "60;300", ""},
		{"60", "60", ""},
		{",300", ";300", ""},
		{"", "", ""},
		{"3:,1:", "3:;1:", ""},
		{"40:60,30:70", "40:60;30:70", ""},
		{"0.5,1.5", "0.5;1.5", ""},
		{"300,60", "", "upper bound of WARN"},
		{"1:,3:", "", "lower bound of WARN"},
		{"9:1", "", "leaves no room"},
		{"a", "", "is no number"},
		{"1e3", "", "is no number"},
		{"NaN", "", "is no number"},
		{"1,2,3", "", "is no number"},
		{"0x1", "", "is no number"},
		{"1|b=2", "", "is no number"},
		{"1 2", "", "is no number"},
	} {
		got, err := ParseLevels(tt.text)
		if string(got) != tt.want || (err == nil) != (tt.wrong == "") || (err != nil && !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%q: got %q, %v", tt.text, got, err)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"Healthy": "write STATUS=STATE", "Sick=1": "is no status: write one of Healthy, In Sync,", "Healthy=4": `"4" is no state`, "Healthy=": "is no state",
	} {
		if err := (States{}).Set(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", text, err)
		}
	}
	for text, want := range map[string]string{
		"lag_seconds": "write METRIC=WARN,CRIT", "lag=1": "write one of applications, lag_seconds, queue_percent, watch_age_seconds", "lag_seconds=x": "no number",
	} {
		if err := DefaultLevels().Set(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct {
		set  func(*Options)
		want string
	}{
		{func(*Options) {}, ""},
		{func(o *Options) { o.HostPrefix = "k8s-" }, ""},
		{func(o *Options) { o.HostPrefix = "-k8s" }, "cannot begin the name of a host"},
		{func(o *Options) { o.HostPrefix = "k8s>>>>\n" }, "cannot begin the name of a host"},
		{func(o *Options) { o.Form, o.Piggyback = FormLocal, PiggybackCluster }, "has no piggyback hosts"},
		{func(o *Options) { o.ProgressingCrit = time.Minute }, "would be CRIT after 1m0s"},
	} {
		o := usual()
		tt.set(&o)
		if err := o.Check(); (err == nil) != (tt.want == "") || (err != nil && !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("error %v, want %q", err, tt.want)
		}
	}
}

// The names of services and hosts, as an administrator sees them.
func TestNames(t *testing.T) {
	for _, tt := range []struct {
		key           applicationKey
		service, host string
	}{
		{applicationKey{"prod", "shop", "cart", "helm", "", ""}, "Application shop/cart", "application_prod_shop_cart"},
		{applicationKey{"prod", "", "cart", "octopus", "Test", "acme"}, "Application cart [Test] {acme}", "application_prod__cart_Test_acme"},
		{applicationKey{"prod", "shop", "Über 100% fein", "helm", "", ""}, "Application shop/Über 100％ fein", "application_prod_shop__ber_100__fein-957a4fd9bbfeaa0f"},
		{applicationKey{"prod", "shop", `a"b'c`, "helm", "", ""}, "Application shop/a＂b＇c", "application_prod_shop_a_b_c-dd67aa26312a8441"},
		{applicationKey{"gke_p_z_c", "shop", "a_b", "helm", "", ""}, "Application shop/a_b", "application_gke_p_z_c_shop_a_b-b8958e4125242cd5"},
		{applicationKey{"prod", "shop", " two  blanks ", "helm", "", ""}, "Application shop/two  blanks-753542a66f4233f1", ""},
	} {
		if got := serviceOf(tt.key); got != tt.service {
			t.Errorf("service %q, want %q", got, tt.service)
		}
		rest := []string{tt.key.namespace, tt.key.name}
		if tt.key.environment != "" {
			rest = append(rest, tt.key.environment, tt.key.tenant)
		}
		if got := hostName("", "application", tt.key.cluster, rest...); tt.host != "" && got != tt.host {
			t.Errorf("host %q, want %q", got, tt.host)
		}
	}
}
