package chart

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	certmanagerv1 "github.com/cert-manager/cert-manager/pkg/apis/certmanager/v1"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/test/helmcli"
)

// hookKey is the annotation that makes a hook of an object.
const hookKey = "helm.sh/hook"

// profiles are the names of the values in charts/live-status/ci.
func profiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(chartDir, "ci", "*-values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 8 {
		t.Fatalf("%d profiles in charts/live-status/ci", len(files))
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), "-values.yaml")
	}
	return files
}

func valuesFile(profile string) string {
	return filepath.Join(chartDir, "ci", profile+"-values.yaml")
}

// helm prepares Helm without a cluster, or with that of a kubeconfig.
func helm(t *testing.T, kubeconfig, namespace string) helmcli.CLI {
	t.Helper()
	binary, err := helmcli.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return helmcli.CLI{Binary: binary, Kubeconfig: kubeconfig, Namespace: namespace, Home: t.TempDir()}
}

// output runs a command and returns what it prints, and what it complains of.
func output(cmd *exec.Cmd) (stdout, stderr string, err error) {
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err = cmd.Run()
	return out.String(), complaints.String(), err
}

// document is one object of a rendered chart.
type document struct {
	text   []byte
	object *unstructured.Unstructured
	// source is the template.
	source string
}

func (d document) String() string { return d.object.GetKind() + " " + d.object.GetName() }

// hook is when it is made, empty for what belongs to the release.
func (d document) hook() string { return d.object.GetAnnotations()[hookKey] }

// render renders a profile as the release of a namespace, and of the same name.
func render(t *testing.T, profile, namespace string, args ...string) []document {
	t.Helper()
	args = append([]string{"template", namespace, chartDir, "--values", valuesFile(profile)}, args...)
	stdout, stderr, err := output(helm(t, "", namespace).Command(t.Context(), args...))
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, stderr)
	}
	if stderr != "" {
		t.Errorf("helm %s warns: %s", strings.Join(args, " "), stderr)
	}
	var out []document
	reader := utilyaml.NewYAMLReader(bufio.NewReader(strings.NewReader(stdout)))
	for {
		text, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		d := document{text: text, object: &unstructured.Unstructured{}}
		for line := range strings.Lines(string(text)) {
			if source, ok := strings.CutPrefix(line, "# Source: "); ok {
				d.source = strings.TrimSpace(source)
			}
		}
		if err := yaml.Unmarshal(text, &d.object.Object); err != nil {
			t.Fatalf("%s: %v\n%s", d.source, err, text)
		}
		if len(d.object.Object) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// released are the documents that are no hooks.
func released(docs []document) []document {
	return slices.DeleteFunc(slices.Clone(docs), func(d document) bool { return d.hook() != "" })
}

// typed decodes a document as the type that it names. Unknown and repeated fields
// are errors.
func typed(t *testing.T, d document) runtime.Object {
	t.Helper()
	known := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, monitoringv1.AddToScheme, certmanagerv1.AddToScheme} {
		if err := add(known); err != nil {
			t.Fatal(err)
		}
	}
	codecs := serializer.NewCodecFactory(known, serializer.EnableStrict)
	object, _, err := codecs.UniversalDeserializer().Decode(d.text, nil, nil)
	if err != nil {
		t.Fatalf("%s: %v\n%s", d.source, err, d.text)
	}
	return object
}

// only returns the single document of a kind, decoded.
func only[T runtime.Object](t *testing.T, docs []document, suits ...func(document) bool) T {
	t.Helper()
	var found []T
	for _, d := range docs {
		if slices.ContainsFunc(suits, func(f func(document) bool) bool { return !f(d) }) {
			continue
		}
		if object, ok := typed(t, d).(T); ok {
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		var none T
		t.Fatalf("%d documents are %T, want 1", len(found), none)
	}
	return found[0]
}

// Every profile can be linted and rendered, and what comes out is what Kubernetes
// knows.
func TestRender(t *testing.T) {
	for _, profile := range profiles(t) {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, err := output(helm(t, "", "monitoring").Command(t.Context(), "lint", "--strict", chartDir, "--values", valuesFile(profile)))
			if err != nil || strings.Contains(stdout+stderr, "[WARNING]") {
				t.Errorf("helm lint: %v\n%s%s", err, stdout, stderr)
			}
			docs := render(t, profile, "monitoring")
			names := map[string]bool{}
			for _, d := range docs {
				typed(t, d)
				name := d.object.GetAPIVersion() + " " + d.String() + " " + d.object.GetNamespace()
				if names[name] {
					t.Errorf("%s is there twice", name)
				}
				names[name] = true
				// What users add is theirs.
				if !strings.HasSuffix(d.source, "extraobjects.yaml") {
					checkLabels(t, d)
				}
			}
			if len(docs) == 0 {
				t.Error("nothing is rendered")
			}
		})
	}
}

// checkLabels checks what everything that the chart makes has in common.
func checkLabels(t *testing.T, d document) {
	t.Helper()
	labels := d.object.GetLabels()
	for key, want := range map[string]string{"app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "", "app.kubernetes.io/instance": "", "helm.sh/chart": ""} {
		if got := labels[key]; got == "" || want != "" && got != want {
			t.Errorf("%s: label %s is %q", d, key, got)
		}
	}
}
