package chart

import (
	"os"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/yaml"
)

// values are those that decide where a profile can be installed.
type values struct {
	Kind             string   `json:"kind"`
	HostNetwork      bool     `json:"hostNetwork"`
	TargetNamespaces []string `json:"targetNamespaces"`
	Input            struct {
		Enabled *bool `json:"enabled"`
	} `json:"input"`
	Metrics struct {
		Enabled bool  `json:"enabled"`
		Auth    *bool `json:"auth"`
	} `json:"metrics"`
	RBAC struct {
		HelmReleases         bool `json:"helmReleases"`
		RedactClusterSecrets bool `json:"redactClusterSecrets"`
	} `json:"rbac"`
	Registration struct {
		Enabled bool `json:"enabled"`
	} `json:"registration"`
}

func valuesOf(t *testing.T, profile string) values {
	t.Helper()
	data, err := os.ReadFile(valuesFile(profile))
	if err != nil {
		t.Fatal(err)
	}
	var v values
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// privileged reports whether the profile needs what Pod Security forbids: folders of
// the node, or its network.
func (v values) privileged() bool { return v.Kind == "DaemonSet" || v.HostNetwork }

// Every profile is taken by a real API server to the letter, under Pod Security
// restricted where it needs nothing of the node, and its pods are admitted.
func TestAdmission(t *testing.T) {
	c := cluster(t)
	for _, profile := range profiles(t) {
		t.Run(profile, func(t *testing.T) {
			t.Parallel()
			v := valuesOf(t, profile)
			ns := "admit-" + profile
			if v.privileged() {
				namespace(t, c, ns, "privileged", "")
			} else {
				namespace(t, c, ns, "restricted", "restricted")
			}
			docs := render(t, profile, ns)
			for _, d := range docs {
				if other := d.object.GetNamespace(); other != "" && other != ns {
					namespace(t, c, other, "restricted", "restricted")
				}
			}
			a := newApplier(t, c)
			// Hooks are applied, too: their pods are held to the same.
			claims := slices.Clone(docs)
			claims = slices.DeleteFunc(claims, func(d document) bool { return d.object.GetKind() != "PersistentVolumeClaim" })
			a.applyAll(t, claims, ns)
			provision(t, c, ns)
			a.applyAll(t, docs, ns)
			for _, d := range docs {
				switch d.object.GetKind() {
				case "Deployment", "DaemonSet":
					running(t, c, d, ns)
				case "Job", "Pod":
					finished(t, c, d, ns)
				}
			}
			if found := troubles(t, c, ns); strings.Contains(found, "FailedCreate") {
				t.Errorf("something was refused: %s", found)
			}
		})
	}
}

// What the profile for the nodes of the control plane needs beyond what Pod Security
// grants anyone is the log of the node, in a folder, and to be root, which alone may
// read it: nothing else.
func TestNodeProfileViolatesNothingElse(t *testing.T) {
	c := cluster(t)
	allowed := map[string][]string{
		"baseline":   {"hostPath volumes"},
		"restricted": {"restricted volume types", "runAsNonRoot != true", "runAsUser=0"},
	}
	found := false
	for _, profile := range profiles(t) {
		if valuesOf(t, profile).Kind != "DaemonSet" {
			continue
		}
		found = true
		for _, level := range []string{"baseline", "restricted"} {
			t.Run(profile+"/"+level, func(t *testing.T) {
				ns := namespace(t, c, "violations-"+level, "privileged", level)
				docs := slices.DeleteFunc(render(t, profile, ns), func(d document) bool { return d.object.GetKind() != "DaemonSet" })
				if len(docs) != 1 {
					t.Fatalf("%d DaemonSets", len(docs))
				}
				a := newApplier(t, c)
				if err := a.apply(t, docs[0], ns, "All"); err != nil {
					t.Fatal(err)
				}
				warnings := a.warned()
				if len(warnings) != 1 {
					t.Fatalf("warned of %q", warnings)
				}
				got := violations(t, warnings[0])
				if !slices.Contains(got, allowed[level][0]) {
					t.Errorf("no violation is %q: %s", allowed[level][0], warnings[0])
				}
				for _, v := range got {
					if !slices.Contains(allowed[level], v) {
						t.Errorf("it violates %q as well: %s", v, warnings[0])
					}
				}
				onlyHostPaths(t, only[*appsv1.DaemonSet](t, docs))
			})
		}
	}
	if !found {
		t.Error("no profile is a DaemonSet")
	}
}

// violations takes a warning of Pod Security apart: would violate PodSecurity "...":
// NAME (DETAILS), NAME (DETAILS).
func violations(t *testing.T, warning string) []string {
	t.Helper()
	_, list, ok := strings.Cut(warning, `": `)
	if !ok || !strings.HasPrefix(warning, "would violate PodSecurity") {
		t.Fatalf("no warning of Pod Security: %s", warning)
	}
	var names []string
	depth, name := 0, strings.Builder{}
	for _, r := range list {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth > 0:
		case r == ',':
			names = append(names, strings.TrimSpace(name.String()))
			name.Reset()
		default:
			name.WriteRune(r)
		}
	}
	return append(names, strings.TrimSpace(name.String()))
}

// onlyHostPaths checks that the folders of the node are mounted as narrowly as can be:
// the log read-only, and one folder of its own to write.
func onlyHostPaths(t *testing.T, set *appsv1.DaemonSet) {
	t.Helper()
	pod := set.Spec.Template.Spec
	written := 0
	for _, volume := range pod.Volumes {
		if volume.HostPath == nil {
			continue
		}
		for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
			for _, mount := range container.VolumeMounts {
				if mount.Name == volume.Name && !mount.ReadOnly {
					written++
					if volume.HostPath.Path != "/var/lib/live-status" || mount.SubPathExpr != "$(NODE_NAME)" {
						t.Errorf("%s may write %s of the node", container.Name, volume.HostPath.Path)
					}
				}
			}
		}
	}
	if written != 1 {
		t.Errorf("%d folders of the node may be written", written)
	}
	if pod.HostNetwork || pod.HostPID || pod.HostIPC {
		t.Error("it is in namespaces of the node")
	}
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		s := container.SecurityContext
		if s == nil || s.Privileged != nil && *s.Privileged || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
			s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.Capabilities == nil || len(s.Capabilities.Add) > 0 ||
			!slices.Contains(s.Capabilities.Drop, "ALL") {
			t.Errorf("%s: security context is %+v", container.Name, s)
		}
	}
}
