package conf

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// arguments are the flags of kube-apiserver as kubeadm takes them, as a list or
// as a map.
func arguments(t *testing.T, document string) map[string]string {
	t.Helper()
	var config struct {
		APIServer struct {
			ExtraArgs    any              `json:"extraArgs"`
			ExtraVolumes []map[string]any `json:"extraVolumes"`
		} `json:"apiServer"`
	}
	if err := yaml.Unmarshal([]byte(document), &config); err != nil {
		t.Fatal(err)
	}
	mounted := map[string]bool{}
	for _, v := range config.APIServer.ExtraVolumes {
		path, _ := v["mountPath"].(string)
		readOnly, _ := v["readOnly"].(bool)
		mounted[path] = readOnly
	}
	if want := map[string]bool{"/etc/kubernetes/audit": true, "/var/log/kubernetes/audit": false}; !maps.Equal(mounted, want) {
		t.Errorf("volumes (read-only) %v, want %v", mounted, want)
	}
	out := map[string]string{}
	switch args := config.APIServer.ExtraArgs.(type) {
	case map[string]any:
		for name, value := range args {
			out[name], _ = value.(string)
		}
	case []any:
		for _, arg := range args {
			pair, _ := arg.(map[string]any)
			name, _ := pair["name"].(string)
			out[name], _ = pair["value"].(string)
		}
	}
	return out
}

// What is said about kubeadm and kind sets the flags that are tested, with text
// for values: kubeadm takes no numbers.
func TestDistributionsUseTheFlags(t *testing.T) {
	doc := read(t, file(t, "docs", "AUDIT.md"))
	want := map[string]string{}
	for _, line := range section(t, doc, "flags: file") {
		name, value, _ := strings.Cut(strings.TrimPrefix(line, "--"), "=")
		want[name] = value
	}
	kind := strings.Join(section(t, doc, "kind"), "\n")
	var cluster struct {
		Nodes []struct {
			KubeadmConfigPatches []string
		}
	}
	if err := yaml.Unmarshal([]byte(kind), &cluster); err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]map[string]string{
		"kubeadm": arguments(t, strings.Join(section(t, doc, "kubeadm: v1beta4"), "\n")),
		"kind":    arguments(t, cluster.Nodes[0].KubeadmConfigPatches[0]),
	} {
		if len(got) == 0 {
			t.Errorf("%s: no flags", name)
		}
		for flag, value := range got {
			if want[flag] != value {
				t.Errorf("%s: %s is %q, want %q", name, flag, value, want[flag])
			}
		}
	}
}

var option = regexp.MustCompile("`((?:audit_|kube_events)[a-z_]*)`")

func options(text string) []string {
	found := map[string]bool{}
	for _, m := range option.FindAllStringSubmatch(text, -1) {
		found[m[1]] = true
	}
	return slices.Sorted(maps.Keys(found))
}

// The options of the audit trail are those that the program has.
func TestOptionsAreKnown(t *testing.T) {
	_, table, found := strings.Cut(read(t, file(t, "docs", "CONFIGURATION.md")), "<!-- options:begin -->")
	if !found {
		t.Fatal("no table of options")
	}
	table, _, _ = strings.Cut(table, "<!-- options:end -->")
	known := options(table)
	if len(known) == 0 {
		t.Fatal("no options of the audit trail")
	}
	_, chapter, _ := strings.Cut(read(t, file(t, "docs", "AUDIT.md")), "## The plugin's options")
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	if told := options(chapter); !slices.Equal(told, known) {
		t.Errorf("docs/AUDIT.md tells of %v, the program has %v", told, known)
	}

	var config struct {
		Pipeline struct {
			Inputs []map[string]any `json:"inputs"`
		} `json:"pipeline"`
	}
	if err := yaml.Unmarshal([]byte(read(t, file(t, "conf", "live-status-audit.yaml"))), &config); err != nil {
		t.Fatal(err)
	}
	for key := range config.Pipeline.Inputs[0] {
		if strings.HasPrefix(key, "audit_") && !slices.Contains(known, key) {
			t.Errorf("conf/live-status-audit.yaml has the unknown option %s", key)
		}
	}
}

var field = regexp.MustCompile(`\.((?:audit|object|change)\.[a-z_.]+)`)

// The queries ask for fields that there are.
func TestQueriesNameFields(t *testing.T) {
	doc, records := read(t, file(t, "docs", "AUDIT.md")), read(t, file(t, "docs", "RECORDS.md"))
	for _, query := range []string{"scaled", "entered", "person", "secret", "rights", "unfinished"} {
		lines := strings.Join(section(t, doc, "query: "+query), "\n")
		matches := field.FindAllStringSubmatch(lines, -1)
		if len(matches) == 0 {
			t.Errorf("query %s asks for nothing", query)
		}
		for _, m := range matches {
			name := strings.TrimSuffix(m[1], ".")
			if !strings.Contains(records, "`"+name+"`") && !strings.Contains(records, "`"+name+"[]`") {
				t.Errorf("query %s: docs/RECORDS.md has no field %s", query, name)
			}
		}
	}
}

// What is proposed to leave out, in both files the same, hides nobody who enters
// a pod or reads a Secret: an exclusion of the verb get would.
func TestFiltersKeepWhatMatters(t *testing.T) {
	example := read(t, file(t, "conf", "live-status-audit.yaml"))
	proposed := section(t, read(t, file(t, "docs", "AUDIT.md")), "filters")
	for _, line := range proposed {
		key, list, _ := strings.Cut(line, " ")
		if !strings.Contains(example, "# "+key+": "+list+"\n") {
			t.Errorf("conf/live-status-audit.yaml does not propose %s", line)
		}
		switch key {
		case "audit_resources_exclude":
			for pattern := range strings.SplitSeq(list, ",") {
				for _, kept := range []string{"secrets", "pods", "pods/exec", "pods/attach", "pods/portforward", "pods/log", "nodes/proxy", "serviceaccounts/token", "/"} {
					name, _, _ := strings.Cut(pattern, ".")
					if hidden, err := path.Match(name, kept); hidden || err != nil || pattern == "*" {
						t.Errorf("%s hides %s (%v)", pattern, kept, err)
					}
				}
			}
		case "audit_users_exclude":
			if strings.Contains(list, "*") {
				t.Errorf("%s hides users that nobody has looked at", line)
			}
		default:
			t.Errorf("%s is proposed", key)
		}
	}
	if regexp.MustCompile(`audit_verbs[a-z_]*:`).MatchString(example) {
		t.Error("conf/live-status-audit.yaml filters by verb")
	}
}
