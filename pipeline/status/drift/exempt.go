package drift

import (
	"bytes"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// exempt reports whether a field of the manifest is not the user's to decide.
func (w *walk) exempt(of *structType, name string, desired, live map[string]any) bool {
	depth := len(w.trail)
	if depth == 0 && (name == "apiVersion" || name == "kind" || name == "status") {
		return true
	}
	switch of.name {
	case "meta/v1.ObjectMeta":
		if exemptMeta(name, depth == 1, live) {
			return true
		}
	case "core/v1.PersistentVolumeClaim":
		// A StatefulSet's template of one need not say that it is one.
		if depth > 0 && (name == "apiVersion" || name == "kind" || name == "status") {
			return true
		}
	case "core/v1.PodSpec":
		// The older name of the field counts where the newer is not set.
		if name == "serviceAccount" && !zero(desired["serviceAccountName"]) {
			return true
		}
	case "rbac/v1.ClusterRole":
		// The controller gathers the rules of an aggregated role.
		if name == "rules" && (!zero(desired["aggregationRule"]) || live["aggregationRule"] != nil) {
			return true
		}
	case "admissionregistration/v1.WebhookClientConfig", "apiregistration/v1.Spec":
		if name == "caBundle" && w.injected(desired[name]) {
			return true
		}
	}
	return filled[name] && zero(desired[name]) && !zero(live[name])
}

// exemptMeta is about the metadata of the object or, within it, of a template.
func exemptMeta(name string, own bool, live map[string]any) bool {
	switch name {
	case "managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink",
		"deletionTimestamp", "deletionGracePeriodSeconds":
		return true
	case "name":
		return own
	case "namespace", "generateName":
		return own || zero(live[name])
	}
	return false
}

// filled are fields that the server sets where they are empty, although their types
// do not tell empty from absent.
var filled = map[string]bool{
	// Services.
	"clusterIP": true, "clusterIPs": true, "ipFamilies": true, "nodePort": true, "healthCheckNodePort": true,
	"type": true, "sessionAffinity": true, "externalTrafficPolicy": true, "targetPort": true,
	// Pods.
	"protocol": true, "hostPort": true, "schedulerName": true, "dnsPolicy": true, "restartPolicy": true,
	"serviceAccountName": true, "serviceAccount": true, "nodeName": true, "imagePullPolicy": true,
	"terminationMessagePath": true, "terminationMessagePolicy": true, "scheme": true, "tolerations": true,
	"timeoutSeconds": true, "periodSeconds": true, "successThreshold": true, "failureThreshold": true,
	"volumeMounts": true, "volumes": true, "apiVersion": true, "divisor": true,
	// Storage.
	"volumeName": true, "persistentVolumeReclaimPolicy": true,
	// Others.
	"apiGroup": true, "concurrencyPolicy": true, "podManagementPolicy": true, "policyTypes": true, "metrics": true,
	"secrets": true, "names": true, "singular": true, "listKind": true, "strategy": true, "addressType": true,
}

// emptyList reports whether null is an empty list in a field: nobody but the user
// fills it.
func emptyList(of *structType, name string) bool {
	switch of.name {
	case "rbac/v1.Role", "rbac/v1.ClusterRole":
		return name == "rules"
	case "rbac/v1.RoleBinding", "rbac/v1.ClusterRoleBinding":
		return name == "subjects"
	case "networking/v1.NetworkPolicySpec":
		return name == "ingress" || name == "egress"
	}
	return false
}

// exemptKey reports whether a label or annotation of the manifest is not the user's
// to decide: manifests that were taken from a cluster have those of controllers.
func (w *walk) exemptKey(key string) bool {
	n := len(w.trail)
	if n < 2 || w.trail[n-2].name != "metadata" {
		return false
	}
	own := n == 2
	switch w.trail[n-1].name {
	case "labels":
		// Helm sets it, whatever the manifest says.
		return own && w.by == event.DesiredByHelm && key == "app.kubernetes.io/managed-by"
	case "annotations":
		switch key {
		case lastApplied,
			"deployment.kubernetes.io/revision", "deployment.kubernetes.io/desired-replicas",
			"deployment.kubernetes.io/max-replicas", "deployment.kubernetes.io/revision-history",
			"deprecated.daemonset.template.generation", "batch.kubernetes.io/job-tracking",
			"endpoints.kubernetes.io/last-change-trigger-time", "control-plane.alpha.kubernetes.io/leader",
			"pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller", "pv.kubernetes.io/provisioned-by",
			"volume.beta.kubernetes.io/storage-provisioner", "volume.kubernetes.io/storage-provisioner",
			"volume.kubernetes.io/selected-node", "volume.kubernetes.io/storage-resizer":
			return own
		}
		return own && (strings.HasPrefix(key, "autoscaling.alpha.kubernetes.io/") ||
			w.by == event.DesiredByHelm && strings.HasPrefix(key, "meta.helm.sh/"))
	}
	return false
}

// caInjectors are annotations which say that the CA of a webhook is filled in.
var caInjectors = []string{
	"cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret", "cert-manager.io/inject-apiserver-ca",
	"service.beta.openshift.io/inject-cabundle",
}

// injected reports whether a CA is left to others: the manifest has none or
// something in its place, or an annotation of the object says so.
func (w *walk) injected(desired any) bool {
	pem, ok := decodeOctets(desired)
	if !ok || !bytes.Contains(pem, []byte("-----BEGIN CERTIFICATE-----")) {
		return true
	}
	meta, _ := w.live["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	for _, injector := range caInjectors {
		if _, ok := annotations[injector]; ok {
			return true
		}
	}
	return false
}

// tolerations are added to pods when they are created, but to nothing else.
var tolerations = &typ{
	shape: list, merging: keyed, keys: []string{"key", "operator", "value", "effect"}, elem: nil,
}

// refine returns the type of a field where that depends on more than the field.
func (w *walk) refine(of *structType, name string, t *typ) *typ {
	if of.name == "core/v1.PodSpec" && name == "tolerations" && w.kind == (identity{"v1", "Pod"}) && len(w.trail) == 2 {
		return tolerations
	}
	return t
}

// The managers whose writes are no drifts. The API server takes their names from the
// clients themselves.
const controllerManager = "kube-controller-manager"

// scaler reports whether a manager scales workloads by its metrics, other than the
// controller manager, which does so for HorizontalPodAutoscalers.
func scaler(manager string) bool {
	return manager == "keda" || manager == "keda-operator"
}

// controlled reports whether the value at the end of the trail was written by a part
// of the cluster whose task that is: the replicas by an autoscaler, or anything by
// the controller manager. It is not if somebody scaled by hand.
func (w *walk) controlled(look func() *owner) bool {
	if !w.owners.has(w.live, func(m string) bool { return m == controllerManager || scaler(m) }) {
		return false
	}
	o := look()
	if o == nil {
		return false
	}
	replicas := len(w.trail) == 2 && w.trail[0].name == "spec" && w.trail[1].name == "replicas"
	return o.manager == controllerManager || replicas && o.subresource == "scale" && scaler(o.manager)
}
