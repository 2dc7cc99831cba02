package drift

import (
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

// lastApplied is the annotation in which `kubectl apply` leaves the manifest
// (https://kubernetes.io/docs/tasks/manage-kubernetes-objects/declarative-config/).
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// errLastApplied is returned for annotations that are none of kubectl's.
var errLastApplied = errors.New("the annotation " + lastApplied + " is no object in JSON")

// LastApplied returns the manifest that kubectl last applied to an object. It is
// false where there is none, and where it is that of another object: controllers
// copy annotations to what they create, and people do by editing what they got.
func LastApplied(live *unstructured.Unstructured) (*unstructured.Unstructured, bool, error) {
	if live == nil {
		return nil, false, nil
	}
	meta, _ := live.Object["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	manifest, _ := annotations[lastApplied].(string)
	if manifest == "" {
		return nil, false, nil
	}
	desired, err := Parse([]byte(manifest))
	if err != nil {
		return nil, false, errLastApplied
	}
	theirs, _ := desired.Object["metadata"].(map[string]any)
	is, was := identityOf(live.Object), identityOf(desired.Object)
	if is.kind != was.kind || theirs["name"] != meta["name"] {
		return nil, false, nil
	}
	if ns, ok := theirs["namespace"].(string); ok && ns != "" && ns != meta["namespace"] {
		return nil, false, nil
	}
	return desired, true, nil
}

// errManifest is returned for what is no manifest. It does not say more: what the
// decoder says quotes its input.
var errManifest = errors.New("the manifest is no object in JSON")

// Parse reads a manifest as Compare takes it.
func Parse(manifest []byte) (*unstructured.Unstructured, error) {
	var object map[string]any
	if err := json.Unmarshal(manifest, &object); err != nil || object == nil {
		return nil, errManifest
	}
	return &unstructured.Unstructured{Object: object}, nil
}
