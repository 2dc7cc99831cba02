package drift

import "maps"

// conversion says how a manifest was made comparable with an object.
type conversion uint8

const (
	// exact manifests mean what they say in the object's version.
	exact conversion = iota
	// otherVersion manifests are of a version that may mean something else.
	otherVersion
	// otherKind manifests are of something else.
	otherKind
)

// convert returns a manifest in the version of the object. Servers serve each object
// in all versions of its kind, so that what was applied in an old one is found in
// the new. What is not known here is left as it is.
func convert(desired map[string]any, want, is identity) (map[string]any, conversion) {
	if want == is {
		return desired, exact
	}
	if want.kind != is.kind || !sameGroup(want.group(), is.group()) {
		return nil, otherKind
	}
	switch {
	case is == identity{"networking.k8s.io/v1", "Ingress"}:
		return withSpec(desired, ingressSpec), exact
	case is == identity{"autoscaling/v2", "HorizontalPodAutoscaler"} && want.apiVersion == "autoscaling/v1":
		return withSpec(desired, autoscalerSpec), exact
	case sameShape(want, is):
		return desired, exact
	}
	return desired, otherVersion
}

// sameGroup is true of the groups between which kinds were moved.
func sameGroup(from, to string) bool {
	switch {
	case from == to:
		return true
	case from == "extensions":
		return to == "apps" || to == "networking.k8s.io" || to == "policy"
	case from == "" && to == "events.k8s.io":
		return true
	}
	return false
}

// sameShape reports whether the fields that users write are the same in two
// versions (https://kubernetes.io/docs/reference/using-api/deprecation-guide/).
func sameShape(want, is identity) bool {
	switch is.apiVersion {
	case "apps/v1":
		return true
	case "policy/v1", "scheduling.k8s.io/v1", "coordination.k8s.io/v1", "apiregistration.k8s.io/v1",
		"rbac.authorization.k8s.io/v1", "storage.k8s.io/v1", "admissionregistration.k8s.io/v1":
		return want.apiVersion == is.apiVersion+"beta1"
	case "batch/v1":
		return want.apiVersion == "batch/v1beta1" && is.kind == "CronJob"
	case "autoscaling/v2":
		return want.apiVersion == "autoscaling/v2beta2"
	case "networking.k8s.io/v1":
		return is.kind == "NetworkPolicy" || is.kind == "IngressClass"
	case "node.k8s.io/v1":
		return want.apiVersion == "node.k8s.io/v1beta1"
	}
	return false
}

// withSpec returns an object with another spec.
func withSpec(object map[string]any, change func(spec map[string]any)) map[string]any {
	spec, ok := object["spec"].(map[string]any)
	if !ok {
		return object
	}
	object, spec = maps.Clone(object), maps.Clone(spec)
	change(spec)
	object["spec"] = spec
	return object
}

// autoscalerSpec writes the spec of autoscaling/v1 as that of v2.
func autoscalerSpec(spec map[string]any) {
	cpu, ok := spec["targetCPUUtilizationPercentage"]
	delete(spec, "targetCPUUtilizationPercentage")
	if ok && cpu != nil {
		spec["metrics"] = []any{map[string]any{
			"type": "Resource",
			"resource": map[string]any{
				"name":   "cpu",
				"target": map[string]any{"type": "Utilization", "averageUtilization": cpu},
			},
		}}
	}
}

// ingressSpec writes the spec of the beta versions as that of networking.k8s.io/v1.
func ingressSpec(spec map[string]any) {
	if b, ok := spec["backend"]; ok {
		delete(spec, "backend")
		spec["defaultBackend"] = ingressBackend(b)
	}
	rules, _ := spec["rules"].([]any)
	rules = mapped(rules, func(rule map[string]any) {
		http, ok := rule["http"].(map[string]any)
		if !ok {
			return
		}
		http = maps.Clone(http)
		rule["http"] = http
		if paths, ok := http["paths"].([]any); ok {
			http["paths"] = mapped(paths, func(p map[string]any) {
				p["backend"] = ingressBackend(p["backend"])
			})
		}
	})
	if rules != nil {
		spec["rules"] = rules
	}
}

func ingressBackend(v any) any {
	b, ok := v.(map[string]any)
	if !ok {
		return v
	}
	name, named := b["serviceName"]
	if !named {
		return v
	}
	port := map[string]any{}
	switch p := b["servicePort"].(type) {
	case nil:
	case string:
		port["name"] = p
	default:
		port["number"] = p
	}
	b = maps.Clone(b)
	delete(b, "serviceName")
	delete(b, "servicePort")
	b["service"] = map[string]any{"name": name, "port": port}
	return b
}

// mapped returns a list in which the objects are changed.
func mapped(in []any, change func(map[string]any)) []any {
	if in == nil {
		return nil
	}
	out := make([]any, len(in))
	for i, v := range in {
		if m, ok := v.(map[string]any); ok {
			m = maps.Clone(m)
			change(m)
			v = m
		}
		out[i] = v
	}
	return out
}
