package docs

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/test/fluentbit"
)

// lookAtYAML finds out what a block is, and tests it as that.
func lookAtYAML(t *testing.T, place *place, b block) string {
	t.Helper()
	if strings.HasPrefix(b.file, "charts/") || hasMark(b, "values") {
		return place.values(t, b)
	}
	var list []map[string]any
	if yaml.UnmarshalStrict([]byte(b.text), &list) == nil {
		if len(list) > 0 && list[0]["name"] != nil {
			return place.hosted(t, map[string]any{"pipeline": map[string]any{"inputs": list}})
		}
		return "YAML, parsed"
	}
	what := "YAML, parsed"
	for document := range strings.SplitSeq(b.text, "\n---\n") {
		var top map[string]any
		if err := yaml.UnmarshalStrict([]byte(document), &top); err != nil {
			t.Fatalf("no YAML: %v", err)
		}
		switch {
		case top["kind"] != nil:
			what = place.manifest(t, document)
		case top["pipeline"] != nil:
			what = place.hosted(t, top)
		case top["forward_to"] != nil:
			top["name"] = "live_status"
			what = place.hosted(t, map[string]any{"pipeline": map[string]any{"outputs": []map[string]any{top}}})
		case top["rules"] != nil && strings.Contains(document, "application:"):
			what = place.rules(t, document)
		case top["rules"] != nil && strings.Contains(document, "apiGroups:"):
			if err := yaml.UnmarshalStrict([]byte(document), &rbacv1.ClusterRole{}); err != nil {
				t.Errorf("no rules of RBAC: %v", err)
			}
			what = "rules of RBAC, decoded strictly"
		case top["spec"] != nil:
			if err := yaml.UnmarshalStrict([]byte(document), &corev1.Pod{}); err != nil {
				t.Errorf("no part of a Pod: %v", err)
			}
			what = "part of a Pod, decoded strictly"
		}
	}
	return what
}

func hasMark(b block, name string) bool {
	_, found := b.mark(name)
	return found
}

// elsewhere are kinds that no API server of Kubernetes serves by itself, and who
// tests them.
var elsewhere = map[string]string{
	"kubeadm.k8s.io/v1beta4": "kubeadm's and kind's configuration (test/conf)",
	"kind.x-k8s.io/v1alpha4": "kubeadm's and kind's configuration (test/conf)",
}

// manifest has the API server look at an object, strictly and without keeping it.
func (p *place) manifest(t *testing.T, document string) string {
	t.Helper()
	var object metav1.PartialObjectMetadata
	if err := yaml.Unmarshal([]byte(document), &object); err != nil {
		t.Fatal(err)
	}
	if who := elsewhere[object.APIVersion]; who != "" {
		return who
	}
	if object.Namespace != "" {
		p.namespace(t, object.Namespace)
	}
	out, err := p.cluster.Kubectl(t.Context(), strings.NewReader(document), "apply", "--dry-run=server", "--validate=strict", "-f", "-")
	if err != nil && strings.Contains(err.Error(), "no matches for kind") {
		if strings.HasSuffix(strings.Split(object.APIVersion, "/")[0], "example.com") {
			return "custom resources, parsed"
		}
		// What an operator brings, decoded by the tests of what is made of it.
		return "kinds of operators that are not here, parsed: " + object.Kind
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return "manifests, taken by the API server (dry run)"
}

// hostKeys are those that Fluent Bit keeps for itself.
var hostKeys = []string{"name", "tag", "alias", "match", "match_regex", "workers", "retry_limit", "storage.type", "mem_buf_limit"}

func unknownKeys(t *testing.T, section string, instances []map[string]any) {
	t.Helper()
	options := config.Options()
	if section == "outputs" {
		options = config.OutputOptions()
	}
	for _, instance := range instances {
		if instance["name"] != "live_status" {
			continue
		}
		for key := range instance {
			if !slices.Contains(hostKeys, key) && !slices.ContainsFunc(options, func(o config.Option) bool { return o.Key == key }) {
				t.Errorf("live_status has no option %s in %s", key, section)
			}
		}
	}
}

// hosted looks for keys that the plugin does not know; where Fluent Bit is there, it
// looks at all the others.
func (p *place) hosted(t *testing.T, top map[string]any) string {
	t.Helper()
	pipeline, _ := top["pipeline"].(map[string]any)
	for _, section := range []string{"inputs", "outputs"} {
		data, err := yaml.Marshal(pipeline[section])
		if err != nil {
			t.Fatal(err)
		}
		var instances []map[string]any
		if err := yaml.Unmarshal(data, &instances); err != nil {
			t.Fatalf("%s is no list of plugins: %v", section, err)
		}
		unknownKeys(t, section, instances)
		if len(instances) == 0 {
			pipeline[section] = []map[string]any{{"name": map[string]string{"inputs": "dummy", "outputs": "stdout"}[section]}}
		}
	}
	const done = "Fluent Bit's configuration, its keys known"
	if fluentbit.Path() == "" {
		return done + " to the plugin (no Fluent Bit here)"
	}
	// A fragment names no plugins; the options of Go plugins are in the table.
	top["plugins"] = []string{repository(t, "build", "in_live_status.so"), repository(t, "build", "out_live_status.so")}
	data, err := yaml.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	dryRun(t, "-c", p.write(t, "fluent-bit.yaml", p.adapted(string(data))))
	return done + " to the plugin and to Fluent Bit"
}

var badLine = regexp.MustCompile(`(?m)^.*\[ *(?:error|warn)\].*$`)

func dryRun(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), fluentbit.Path(), append(args, "--dry-run")...).CombinedOutput()
	if err != nil || badLine.Match(out) {
		t.Errorf("fluent-bit --dry-run: %v\n%s", err, out)
	}
}

// classic reads Fluent Bit's older format as far as our plugin goes, and has Fluent
// Bit read all of it.
func (p *place) classic(t *testing.T, b block) string {
	t.Helper()
	var section string
	instances := map[string][]map[string]any{}
	for line := range strings.Lines(b.text) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || strings.HasPrefix(fields[0], "#"):
		case strings.HasPrefix(fields[0], "["):
			section = strings.ToLower(strings.Trim(fields[0], "[]")) + "s"
			instances[section] = append(instances[section], map[string]any{})
		case section == "" || len(fields) < 2:
			t.Errorf("%q is no key with a value", line)
		default:
			all := instances[section]
			all[len(all)-1][strings.ToLower(fields[0])] = fields[1]
		}
	}
	for section, all := range instances {
		unknownKeys(t, section, all)
	}
	if fluentbit.Path() == "" {
		return "Fluent Bit's classic format, its keys known to the plugin (no Fluent Bit here)"
	}
	dryRun(t, "-e", repository(t, "build", "in_live_status.so"), "-c", p.write(t, "classic.conf", p.adapted(b.text)))
	return "Fluent Bit's classic format, its keys known to the plugin and to Fluent Bit"
}

// rules starts the plugin with own rules for applications.
func (p *place) rules(t *testing.T, document string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), repository(t, "build", "live-status-host"),
		"-e", repository(t, "build", "in_live_status.so"), "-i", "live_status", "-p", "kube_config="+p.cluster.Kubeconfig(),
		"-p", "application_rules_file="+p.write(t, "rules.yaml", document), "--check").CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	return "rules for applications, taken by the plugin"
}
