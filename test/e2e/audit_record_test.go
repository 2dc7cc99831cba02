package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fluent-live/live-status/test/controlplane"
)

// canary is what a Secret holds; it must not come out in any form.
const canary = "c4nary-5f2e9a71-must-not-leak"

// What a person does with kubectl and a program does with a client makes records
// that say who did it, to what, and which fields it changed.
func TestAuditRecords(t *testing.T) {
	eachHost(t, func(t *testing.T, h host) {
		r := newRun(t, h)
		c := clusterWith(t, controlplane.Options{
			AuditPolicyFile: auditPolicy(t), StateDir: filepath.Join(r.dir, "cluster"),
		})
		input := auditOptions(filepath.Join(r.dir, "cursor.db"))
		input["audit_path"] = c.AuditLog()
		input["audit_stages"] = "ResponseComplete"
		input["audit_verbs"] = "create,update,patch,delete"
		input["audit_users"] = "alice"
		input["audit_bodies"] = "all"
		r.inputs = append(r.inputs, input)
		r.configure(t)
		p := r.start(t)
		newRequester(t, c) // It makes the namespace, which alice has not done.
		act(t, c)

		arrived := &reader{path: r.out}
		eventually(t, time.Minute, "the last request's record", func() bool {
			return slices.ContainsFunc(arrived.audits(t), func(rec record) bool { return rec.Object.Name == "the-end" })
		})
		p.terminate(t)
		want := []string{
			"create deployments/web 201",
			"patch deployments/scale/web 200 patch spec.replicas",
			"create configmaps/settings 201",
			"update configmaps/settings 200 update data[colour]",
			"update configmaps/settings 200 update data[shape],metadata.labels[tier]",
			"patch configmaps/settings 200 json_patch data[colour],data[size]",
			"create services/web 201",
			"patch services/web 200 strategic_merge_patch metadata.annotations[kubectl.kubernetes.io/last-applied-configuration],spec.ports[port=80].targetPort",
			"patch services/api 201 apply spec.ports[port=80].targetPort,spec.selector[app]",
			"create pods/exec/web-0 404",
			"create secrets/token 201",
			"delete deployments/web 200",
			"create configmaps/the-end 201",
		}
		if rejected := arrived.of(t, "rejected"); len(rejected) > 0 {
			t.Errorf("%d audit events could not be read: %+v", len(rejected), rejected[0])
		}
		var got []string
		for _, rec := range arrived.audits(t) {
			got = append(got, told(rec))
			if rec.Audit.User.Name != "alice" || rec.Object.Namespace != audited {
				t.Errorf("a record of what alice has not done: %+v", rec)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("the records are\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
		for _, file := range []string{r.out, r.log, filepath.Join(r.dir, "cursor.db"), filepath.Join(r.dir, "cursor.db-wal")} {
			leaks(t, file)
		}
	})
}

// told renders a record: the verb, the object, the code and what was changed.
func told(rec record) string {
	resource := rec.Object.Resource
	if rec.Object.Subresource != "" {
		resource += "/" + rec.Object.Subresource
	}
	line := fmt.Sprintf("%s %s/%s %d", rec.Audit.Verb, resource, rec.Object.Name, rec.Audit.Code)
	if rec.Change.Type != "" {
		line += " " + strings.TrimSpace(rec.Change.Type+" "+strings.Join(rec.Change.Paths, ","))
	}
	return line
}

// leaks looks for the canary in a file, as it is and as a Secret holds it.
func leaks(t testing.TB, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{canary, base64.StdEncoding.EncodeToString([]byte(canary))} {
		if i := bytes.Index(data, []byte(form)); i >= 0 {
			t.Errorf("%s shows the secret: ...%s...", filepath.Base(file), data[max(i-80, 0):min(i+80, len(data))])
		}
	}
}

const service = `apiVersion: v1
kind: Service
metadata: {name: %s, namespace: audited}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: %d}]
`

// act does as alice what a person and a program do.
func act(t testing.TB, c *controlplane.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	kubeconfig, err := c.KubeconfigFor("alice", "system:masters")
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	kubectl := func(stdin string, args ...string) {
		t.Helper()
		args = append([]string{"--kubeconfig", kubeconfig, "-n", audited}, args...)
		if _, err := c.Kubectl(ctx, strings.NewReader(stdin), args...); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	maps := client.CoreV1().ConfigMaps(audited)

	kubectl("", "create", "deployment", "web", "--image=example.com/web:1")
	kubectl("", "scale", "deployment/web", "--replicas=3")

	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings"}, Data: map[string]string{"colour": "red"}}
	settings, err = maps.Create(ctx, settings, metav1.CreateOptions{})
	must(err)
	settings.Data["colour"] = "green"
	settings, err = maps.Update(ctx, settings, metav1.UpdateOptions{})
	must(err)
	settings.Data["shape"] = "round"
	settings.Labels = map[string]string{"tier": "front"}
	_, err = maps.Update(ctx, settings, metav1.UpdateOptions{})
	must(err)
	kubectl("", "patch", "configmap/settings", "--type=json", "-p",
		`[{"op":"replace","path":"/data/colour","value":"blue"},{"op":"add","path":"/data/size","value":"xl"}]`)

	kubectl(fmt.Sprintf(service, "web", 8080), "apply", "-f", "-")
	kubectl(fmt.Sprintf(service, "web", 8081), "apply", "-f", "-")
	kubectl(fmt.Sprintf(service, "api", 8080), "apply", "--server-side", "-f", "-")

	err = client.CoreV1().RESTClient().Post().Namespace(audited).Resource("pods").Name("web-0").SubResource("exec").
		Param("command", "sh").Do(ctx).Error()
	if !apierrors.IsNotFound(err) {
		t.Fatalf("exec in a pod that is not there: %v", err)
	}
	kubectl("", "create", "secret", "generic", "token", "--from-literal=token="+canary)
	kubectl("", "delete", "deployment/web")
	_, err = maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "the-end"}}, metav1.CreateOptions{})
	must(err)
}
