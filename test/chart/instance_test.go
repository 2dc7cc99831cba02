package chart

import (
	"bytes"
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/config"
)

// instance is what runs in the container of a profile, with folders of this machine
// in the place of its volumes.
type instance struct {
	dir string
	// config is the configuration as Fluent Bit reads it, and path its file.
	config, path string
	env          []string
}

// podOf is the pod of the Deployment or DaemonSet.
func podOf(t *testing.T, docs []document) corev1.PodSpec {
	t.Helper()
	for _, d := range released(docs) {
		switch object := typed(t, d).(type) {
		case *appsv1.Deployment:
			return object.Spec.Template.Spec
		case *appsv1.DaemonSet:
			return object.Spec.Template.Spec
		}
	}
	t.Fatal("neither a Deployment nor a DaemonSet")
	return corev1.PodSpec{}
}

// newInstance mounts the volumes of a profile.
func newInstance(t *testing.T, docs []document) *instance {
	t.Helper()
	i := &instance{dir: t.TempDir()}
	pod := podOf(t, docs)
	container := pod.Containers[0]
	volumes := map[string]corev1.Volume{}
	for _, v := range pod.Volumes {
		volumes[v.Name] = v
	}
	mounts := slices.SortedFunc(slices.Values(container.VolumeMounts), func(a, b corev1.VolumeMount) int {
		return cmp.Compare(len(b.MountPath), len(a.MountPath))
	})
	moved := []string{"/fluent-bit/plugins/in_live_status.so", inPlugin, "/fluent-bit/plugins/out_live_status.so", outPlugin}
	for _, m := range mounts {
		if m.MountPath == "/tmp" {
			continue
		}
		moved = append(moved, m.MountPath, filepath.Join(i.dir, "mounts", m.Name))
	}
	move := strings.NewReplacer(moved...)
	for _, m := range mounts {
		volume, ok := volumes[m.Name]
		if !ok {
			t.Errorf("nothing is mounted at %s: there is no volume %s", m.MountPath, m.Name)
		}
		folder := filepath.Join(i.dir, "mounts", m.Name)
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for name, data := range content(t, docs, volume) {
			i.write(t, filepath.Join(folder, name), move.Replace(string(data)))
		}
	}
	i.path = move.Replace(configArgument(t, container))
	data, err := os.ReadFile(i.path)
	if err != nil {
		t.Fatalf("the configuration of the container: %v", err)
	}
	i.config = string(data)
	i.env = environment(container, i.config)
	if m := regexp.MustCompile(`(?m)^\s*(?:- )?audit_path: (.*)$`).FindStringSubmatch(i.config); m != nil {
		i.write(t, m[1], "")
	}
	i.ports(t)
	return i
}

// configArgument is the file that Fluent Bit is started with.
func configArgument(t *testing.T, container corev1.Container) string {
	t.Helper()
	for _, arg := range container.Args {
		if path, ok := strings.CutPrefix(arg, "--config="); ok {
			return path
		}
	}
	t.Fatalf("no --config among %q", container.Args)
	return ""
}

func (i *instance) write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// content is what is in a volume: of the chart's own ConfigMaps and Secrets, and for
// those that users bring something that will do.
func content(t *testing.T, docs []document, volume corev1.Volume) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	var items []corev1.KeyToPath
	all := map[string][]byte{}
	switch {
	case volume.ConfigMap != nil:
		items = volume.ConfigMap.Items
		for _, d := range docs {
			if object, ok := typed(t, d).(*corev1.ConfigMap); ok && object.Name == volume.ConfigMap.Name {
				for key, text := range object.Data {
					all[key] = []byte(text)
				}
			}
		}
	case volume.Secret != nil:
		items = volume.Secret.Items
		for _, d := range docs {
			if object, ok := typed(t, d).(*corev1.Secret); ok && object.Name == volume.Secret.SecretName {
				all = object.Data
			}
		}
		if len(all) == 0 {
			all = brought(t, items)
		}
	}
	if len(items) == 0 {
		return all
	}
	for _, item := range items {
		if _, ok := all[item.Key]; !ok {
			t.Errorf("volume %s: there is no key %s", volume.Name, item.Key)
		}
		files[item.Path] = all[item.Key]
	}
	return files
}

// brought is what users put into a Secret of their own.
func brought(t *testing.T, items []corev1.KeyToPath) map[string][]byte {
	t.Helper()
	crt, key := certificate(t)
	out := map[string][]byte{}
	if len(items) == 0 {
		out["password"] = []byte("correct-horse-battery")
	}
	for _, item := range items {
		switch item.Path {
		case "tls.crt", "ca.crt":
			out[item.Key] = crt
		case "tls.key":
			out[item.Key] = key
		default:
			out[item.Key] = bytes.Repeat([]byte("s"), 48)
		}
	}
	return out
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// environment is that of the container. What comes from Secrets has some value.
func environment(container corev1.Container, config string) []string {
	set := map[string]string{}
	for _, m := range variable.FindAllStringSubmatch(config, -1) {
		set[m[1]] = "value-of-" + strings.ToLower(m[1])
	}
	for _, e := range container.Env {
		if e.Value != "" {
			set[e.Name] = e.Value
		}
	}
	set["NODE_NAME"] = "node-1"
	env := os.Environ()
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	return env
}

var (
	httpPort = regexp.MustCompile(`(?m)^(\s*http_port: ).*$`)
	listen   = regexp.MustCompile(`(?m)^(\s*(?:- )?(?:metrics_listen|audit_webhook_listen): ).*$`)
)

// ports has free ports taken, on this machine alone.
func (i *instance) ports(t *testing.T) {
	t.Helper()
	i.config = httpPort.ReplaceAllStringFunc(i.config, func(line string) string {
		return httpPort.FindStringSubmatch(line)[1] + fmt.Sprint(freePort(t))
	})
	i.config = strings.ReplaceAll(i.config, "http_listen: 0.0.0.0", "http_listen: 127.0.0.1")
	i.config = listen.ReplaceAllStringFunc(i.config, func(line string) string {
		return listen.FindStringSubmatch(line)[1] + fmt.Sprintf("127.0.0.1:%d", freePort(t))
	})
	i.save(t)
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func (i *instance) save(t *testing.T) {
	t.Helper()
	i.write(t, i.path, i.config)
}

var pluginName = regexp.MustCompile(`(?m)^(\s*)(- )?name: live_status$`)

// reach has the input talk to an API server with a token.
func (i *instance) reach(t *testing.T, url, ca, token string) {
	t.Helper()
	file := filepath.Join(i.dir, "token")
	i.write(t, file, token)
	n := 0
	i.config = pluginName.ReplaceAllStringFunc(i.config, func(line string) string {
		n++
		m := pluginName.FindStringSubmatch(line)
		indent := "\n" + m[1] + strings.Repeat(" ", len(m[2]))
		return line + indent + "kube_url: " + url + indent + "kube_ca_file: " + ca + indent + "kube_token_file: " + file
	})
	if n == 0 {
		t.Fatalf("no plugin live_status in\n%s", i.config)
	}
	i.save(t)
}

// toStdout has records printed, in the place of all outputs.
func (i *instance) toStdout(t *testing.T) {
	t.Helper()
	before, _, ok := strings.Cut(i.config, "\n  outputs:")
	if !ok {
		t.Fatalf("no outputs in\n%s", i.config)
	}
	i.config = before + "\n  outputs:\n    - name: stdout\n      match: '*'\n      format: json_lines\n      json_date_key: \"false\"\n"
	i.save(t)
}

// options are those of the input, with variables filled in.
func (i *instance) options(t *testing.T) config.Map {
	t.Helper()
	var file struct {
		Pipeline struct {
			Inputs []map[string]any `json:"inputs"`
		} `json:"pipeline"`
	}
	if err := yaml.Unmarshal([]byte(i.config), &file); err != nil {
		t.Fatal(err)
	}
	out := config.Map{}
	for _, input := range file.Pipeline.Inputs {
		if input["name"] != "live_status" {
			continue
		}
		for key, value := range input {
			if !config.HostKey(key) {
				out[key] = strings.ReplaceAll(fmt.Sprint(value), "${NODE_NAME}", "node-1")
			}
		}
	}
	return out
}
