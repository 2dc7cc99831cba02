package chart

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// What is wrong in the values is said with the name of the value, and the way out where
// the kind of the value does not tell.
func TestWrongValues(t *testing.T) {
	for _, tt := range []struct {
		name, values string
		want         []string
	}{
		{"no cluster name", "clusterName: ''", []string{"clusterName is not set", "--set clusterName=production"}},
		{"a misspelt key", "clustername: a", []string{"additional properties 'clustername' not allowed"}},
		{"a misspelt key below", "metrics: {enabeld: true}", []string{"'/metrics'", "'enabeld' not allowed"}},
		{"a kind", "kind: StatefulSet", []string{"'/kind'", "'Deployment', 'DaemonSet'"}},
		{"two replicas", "replicaCount: 2", []string{"'/replicaCount'", "must be 1"}},
		{"a tag that is a number", "image: {tag: 1.0}", []string{"'/image/tag'", "got number, want string"}},
		{"a digest without its algorithm", "image: {digest: abc}", []string{"'/image/digest'"}},
		{"a namespace", "targetNamespaces: [Shop]", []string{"'/targetNamespaces/0'"}},
		{"one namespace and no list", "targetNamespaces: shop", []string{"'/targetNamespaces'", "want array"}},
		{"a port", "metrics: {port: 99999}", []string{"'/metrics/port'", "65,535"}},
		{"objects of the metrics", "metrics: {objects: some}", []string{"'/metrics/objects'", "'unhealthy'"}},
		{"a size", "persistence: {size: big}", []string{"'/persistence/size'"}},
		{"access by many readers", "persistence: {accessModes: [ReadOnlyMany]}", []string{"'/persistence/accessModes/0'"}},
		{"a relative path", "audit: {file: {path: audit.log}}", []string{"'/audit/file/path'"}},
		{"a list for an option", "pluginOptions: {log_level: [a]}", []string{"'/pluginOptions/log_level'"}},
		{"a boolean as text", "rbac: {helmReleases: 'yes'}", []string{"'/rbac/helmReleases'", "want boolean"}},
		{"an interval", "serviceMonitor: {interval: often}", []string{"'/serviceMonitor/interval'"}},
		{
			"several at once", "kind: Pod\nreplicaCount: 3\nmetrics: {port: 0}",
			[]string{"'/kind'", "'/replicaCount'", "'/metrics/port'"},
		},
		{"nothing to do", "input: {enabled: false}", []string{"neither plugin is on", "input.enabled"}},
		{"an output to nowhere", "output: {enabled: true}", []string{"output.forwardTo is not set", "https://HOST/PATH"}},
		{"a DaemonSet that reads nothing", "kind: DaemonSet", []string{"the input has nothing to read", "audit.file.enabled"}},
		{"a webhook without a certificate", "audit: {webhook: {enabled: true}}", []string{"audit.webhook.tls has no certificate", "audit.webhook.tls.secretName"}},
		{
			"a webhook for anyone", "audit: {webhook: {enabled: true, tls: {generate: true}, token: {enabled: false}}}",
			[]string{"audit.webhook takes audit events from anyone", "audit.webhook.token.enabled=true"},
		},
		{
			"two certificates", "audit: {webhook: {enabled: true, tls: {generate: true, secretName: a}}}",
			[]string{"audit.webhook.tls has two certificates"},
		},
		{
			"cert-manager without an issuer", "audit: {webhook: {enabled: true, tls: {certManager: {enabled: true}}}}",
			[]string{"audit.webhook.tls.certManager.issuerRef.name is not set"},
		},
		{"metrics for anyone", "metrics: {enabled: true, auth: false}", []string{"metrics are served to anyone", "metrics.auth=true"}},
		{"metrics in the clear", "metrics: {enabled: true, tls: {generate: false}}", []string{"without encryption", "metrics.tls.generate=true"}},
		{"a token in the clear", "metrics: {enabled: true, insecure: true, tls: {generate: false}}\nserviceMonitor: {enabled: true}", []string{"without encryption", "metrics.tls.generate=true"}},
		{"a ServiceMonitor of nothing", "serviceMonitor: {enabled: true}", []string{"serviceMonitor", "metrics.enabled=true"}},
		{"a kind without its group", "kinds: {only: [deployments]}", []string{`"deployments" is no kind of the core group`, "deployments.apps"}},
		{"a pattern of kinds", "kinds: {include: ['pods*']}", []string{`"pods*" cannot be granted`}},
		{"Secrets without the right", "kinds: {only: [secrets]}", []string{"rbac.helmReleases=true"}},
		{"an option of the chart's", "pluginOptions: {DB: /tmp/x}", []string{"pluginOptions: DB is set by the chart", "persistence"}},
		{"a grace too long", "config: {service: {grace: 60}}", []string{"terminationGracePeriodSeconds (30)", "config.service.grace (60)"}},
		{
			"hot reload of a Go output", "hotReload: {enabled: true}\noutput: {enabled: true, forwardTo: stdout}\nconfig: {inputs: [{name: dummy}]}",
			[]string{"hotReload.enabled", "hotReload.enabled=false"},
		},
		{"a key for the salt", "registration: {enabled: true, keys: [salt]}", []string{"registration.keys names salt"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "values.yaml")
			text := tt.values
			if !strings.Contains(text, "clusterName:") {
				text += "\nclusterName: production"
			}
			if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, err := output(helm(t, "", "monitoring").Command(t.Context(), "template", "r", chartDir, "--values", file))
			if err == nil {
				t.Fatalf("it is rendered: %.300s", stdout)
			}
			for _, want := range tt.want {
				if !strings.Contains(stderr, want) {
					t.Errorf("no %q in\n%s", want, stderr)
				}
			}
		})
	}
}

// Each value is in values.yaml, in the schema and in the table of the README, and none
// is in one of them alone.
func TestValuesAreDocumented(t *testing.T) {
	read := func(name string) []byte {
		data, err := os.ReadFile(filepath.Join(chartDir, name))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	var schema property
	if err := json.Unmarshal(read("values.schema.json"), &schema); err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := yaml.UnmarshalStrict(read("values.yaml"), &defaults); err != nil {
		t.Fatal(err)
	}
	// What Helm gives to a chart within another.
	delete(schema.Properties, "global")
	delete(schema.Properties, "enabled")

	// Leaves of the schema are what is a value; a map that users fill is one as a whole.
	want := schema.leaves("")
	for _, path := range want {
		if !has(defaults, strings.Split(path, ".")) && !strings.Contains(path, "issuerRef.") {
			t.Errorf("values.yaml has no %s", path)
		}
	}
	for _, path := range unknown(defaults, schema, "") {
		t.Errorf("values.schema.json has no %s", path)
	}

	documented := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ").FindAllSubmatch(section(t, string(read("README.md")), "## Values"), -1) {
		documented[string(m[1])] = true
	}
	for _, path := range want {
		if !slices.ContainsFunc(parents(path), func(p string) bool { return documented[p] }) {
			t.Errorf("README.md does not tell of %s", path)
		}
	}
	for path := range documented {
		if !has(defaults, strings.Split(path, ".")) {
			t.Errorf("README.md tells of %s, which is no value", path)
		}
	}
}

// property is a part of a JSON schema.
type property struct {
	Description string              `json:"description"`
	Properties  map[string]property `json:"properties"`
	Additional  any                 `json:"additionalProperties"`
}

// leaves are the paths of the properties that have none of their own.
func (p property) leaves(path string) []string {
	if len(p.Properties) == 0 {
		return []string{path}
	}
	var out []string
	for name, inner := range p.Properties {
		out = append(out, inner.leaves(strings.TrimPrefix(path+"."+name, "."))...)
	}
	slices.Sort(out)
	return out
}

// unknown are the paths of values that a schema does not have.
func unknown(values map[string]any, p property, path string) []string {
	var out []string
	for name, value := range values {
		at := strings.TrimPrefix(path+"."+name, ".")
		inner, ok := p.Properties[name]
		if !ok {
			out = append(out, at)
			continue
		}
		if below, ok := value.(map[string]any); ok && len(inner.Properties) > 0 {
			out = append(out, unknown(below, inner, at)...)
		}
	}
	return out
}

// has reports whether there is a value, be it null.
func has(values map[string]any, path []string) bool {
	value, ok := values[path[0]]
	if !ok || len(path) == 1 {
		return ok
	}
	below, ok := value.(map[string]any)
	return ok && has(below, path[1:])
}

// parents are a path and what it is below of.
func parents(path string) []string {
	out := []string{path}
	for {
		i := strings.LastIndexByte(path, '.')
		if i < 0 {
			return out
		}
		path = path[:i]
		out = append(out, path)
	}
}

// section is the text of a Markdown file below a heading.
func section(t *testing.T, text, heading string) []byte {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("no %q", heading)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	return []byte(rest)
}
