package e2e

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/fluent-live/live-status/test/controlplane"
)

// injector is an admission webhook, as a service mesh has it: it adds a container
// to pods, a variable to the containers of Deployments, and a label to them and to
// Services.
type injector struct {
	pods, others atomic.Int64
}

const meshLabel = "mesh.example.com/member"

// newInjector has everything injected that is made in namespaces with the label.
func newInjector(t testing.TB, c *controlplane.Cluster) *injector {
	t.Helper()
	in := &injector{}
	place := newWebhook(t, controlplane.WebhookBearerToken)
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		ErrorLog:          slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var review admissionv1.AdmissionReview
			if err := json.NewDecoder(r.Body).Decode(&review); err != nil || review.Request == nil {
				http.Error(w, "not a review", http.StatusBadRequest)
				return
			}
			patch, err := in.patch(review.Request)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
			if patch != nil {
				review.Response.Patch, review.Response.PatchType = patch, new(admissionv1.PatchTypeJSONPatch)
			}
			review.Request = nil
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(review)
		}),
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", place.Address)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.ServeTLS(listener, place.CertFile, place.KeyFile)
	}()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	ca, err := os.ReadFile(place.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	bundle := base64.StdEncoding.EncodeToString(ca)
	config := manifest(t, "../status/injector.yaml", "URL", "https://"+place.Address, "BUNDLE", bundle)
	if err := c.Apply(t.Context(), []byte(config)); err != nil {
		t.Fatal(err)
	}
	return in
}

// operation is one of a JSON patch.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

func (in *injector) patch(request *admissionv1.AdmissionRequest) ([]byte, error) {
	member := func(labels map[string]string) operation {
		labels = maps.Clone(labels)
		if labels == nil {
			labels = map[string]string{}
		}
		labels[meshLabel] = "yes"
		return operation{"add", "/metadata/labels", labels}
	}
	var operations []operation
	switch request.Kind.Kind {
	case "Pod":
		var pod corev1.Pod
		if err := json.Unmarshal(request.Object.Raw, &pod); err != nil {
			return nil, err
		}
		if pod.Labels[meshLabel] != "" {
			// What others did to it is to be looked at, too.
			return nil, nil
		}
		in.pods.Add(1)
		sidecar := corev1.Container{Name: "mesh", Image: "registry.example/mesh:1"}
		operations = append(operations, member(pod.Labels), operation{"add", "/spec/containers/-", sidecar})
	case "Deployment":
		var d appsv1.Deployment
		if err := json.Unmarshal(request.Object.Raw, &d); err != nil {
			return nil, err
		}
		in.others.Add(1)
		operations = append(operations, member(d.Labels))
		containers := d.Spec.Template.Spec.Containers
		for i := range containers {
			env := containers[i].Env
			if len(env) > 0 && env[len(env)-1].Name == "MESH" {
				continue
			}
			env = append(env, corev1.EnvVar{Name: "MESH", Value: "on"})
			operations = append(operations, operation{"add", fmt.Sprintf("/spec/template/spec/containers/%d/env", i), env})
		}
	case "Service":
		var s corev1.Service
		if err := json.Unmarshal(request.Object.Raw, &s); err != nil {
			return nil, err
		}
		in.others.Add(1)
		operations = append(operations, member(s.Labels))
	default:
		return nil, nil
	}
	return json.Marshal(operations)
}
