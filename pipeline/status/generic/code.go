package generic

import (
	"strconv"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// codes are the rules that kinds.rules names where its language cannot tell.
func codes() map[string]func(*subject) (event.Assessment, bool) {
	return map[string]func(*subject) (event.Assessment, bool){
		"airlockPolicy":   airlockPolicy,
		"binding":         binding,
		"collector":       collector,
		"executors":       executors,
		"keycloak":        keycloak,
		"kruisePartition": kruisePartition,
		"promotion":       promotion,
		"racks":           racks,
		"rollout":         rollout,
		"routeAdmitted":   routeAdmitted,
	}
}

// at returns the value of the field, given as names below v.
func at(v any, names ...string) any {
	for _, name := range names {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// count returns the number at names below v, fallback where there is none.
func count(fallback float64, v any, names ...string) float64 {
	if n, ok := number(at(v, names...)); ok {
		return n
	}
	return fallback
}

func (s *subject) says(health event.Health) (event.Assessment, bool) {
	a := event.Assessment{Health: health}
	explain(&a, s, "")
	return a, true
}

// elements returns the values of a list or map, the first maxVisits.
func elements(v any) []any {
	switch v := v.(type) {
	case []any:
		return v[:min(len(v), maxVisits)]
	case map[string]any:
		all := make([]any, 0, min(len(v), maxVisits))
		for _, item := range v {
			if len(all) == maxVisits {
				break
			}
			all = append(all, item)
		}
		return all
	}
	return nil
}

// binding is Degraded where a member cluster neither knows its health nor applied.
func binding(s *subject) (event.Assessment, bool) {
	for _, cluster := range elements(s.status["aggregatedStatus"]) {
		if text(at(cluster, "health")) == "Unknown" && at(cluster, "applied") != true {
			return s.says(event.HealthDegraded)
		}
	}
	return s.says(event.HealthHealthy)
}

// collector reads "1/2", ready and wanted.
func collector(s *subject) (event.Assessment, bool) {
	ready, want, ok := strings.Cut(text(at(s.status, "scale", "statusReplicas")), "/")
	r, err1 := strconv.ParseUint(strings.TrimSpace(ready), 10, 32)
	w, err2 := strconv.ParseUint(strings.TrimSpace(want), 10, 32)
	switch {
	case !ok || err1 != nil || err2 != nil:
		return s.says(event.HealthProgressing)
	case r == 0 && w == 0 && text(at(s.object, "spec", "mode")) == "daemonset":
		return s.says(event.HealthHealthy)
	case r == 0:
		return s.says(event.HealthDegraded)
	case r == w:
		return s.says(event.HealthHealthy)
	default:
		return s.says(event.HealthProgressing)
	}
}

// executors is for Spark applications that run: as many executors as are wanted,
// or as many as dynamic allocation allows.
func executors(s *subject) (event.Assessment, bool) {
	if s.status["executorState"] == nil {
		return s.says(event.HealthProgressing)
	}
	running := 0.0
	for _, state := range elements(s.status["executorState"]) {
		if text(state) == "RUNNING" {
			running++
		}
	}
	spec := s.object["spec"]
	dynamic, _ := at(spec, "dynamicAllocation", "enabled").(bool)
	conf := at(spec, "sparkConf")
	switch want := at(spec, "executor", "instances"); {
	case want != nil && count(-1, want) == running:
		return s.says(event.HealthHealthy)
	case dynamic:
		low, high := count(0, spec, "dynamicAllocation", "minExecutors"), count(running, spec, "dynamicAllocation", "maxExecutors")
		if low <= running && running <= high {
			return s.says(event.HealthHealthy)
		}
	case conf != nil:
		for _, prefix := range []string{"spark.streaming.dynamicAllocation.", "spark.dynamicAllocation."} {
			if text(at(conf, prefix+"enabled")) != "true" {
				continue
			}
			if low, high := count(0, conf, prefix+"minExecutors"), count(running, conf, prefix+"maxExecutors"); low <= running && running <= high {
				return s.says(event.HealthHealthy)
			}
			return s.says(event.HealthProgressing)
		}
		if want == nil && at(spec, "dynamicAllocation") == nil && running >= 1 {
			return s.says(event.HealthHealthy)
		}
	case want == nil && at(spec, "dynamicAllocation") == nil && running >= 1:
		return s.says(event.HealthHealthy)
	}
	return s.says(event.HealthProgressing)
}

// keycloak never takes conditions away that are True, so the one that turned so
// first decides.
func keycloak(s *subject) (event.Assessment, bool) {
	var first *condition
	for i := range s.conditions {
		c := &s.conditions[i]
		if c.status != statusTrue || c.kind != "Ready" && c.kind != "HasErrors" {
			continue
		}
		if first == nil || earlier(c, first) {
			first = c
		}
	}
	switch {
	case first == nil:
		return s.says(event.HealthProgressing)
	case first.kind == "Ready":
		return first.assessment(event.HealthHealthy), true
	default:
		return first.assessment(event.HealthDegraded), true
	}
}

// earlier compares times in the one format that the API has, which sorts as text.
func earlier(a, b *condition) bool {
	x, y := text(a.fields["lastTransitionTime"]), text(b.fields["lastTransitionTime"])
	return x != "" && (y == "" || x < y)
}

// kruisePartition is Suspended once all pods are updated that the partition lets
// go, for somebody has to move it.
func kruisePartition(s *subject) (event.Assessment, bool) {
	partition := count(0, s.object, "spec", "updateStrategy", "rollingUpdate", "partition")
	if partition == 0 {
		return event.Assessment{}, false
	}
	if text(s.object["kind"]) == "GameServerSet" {
		if count(0, s.status, "updatedReplicas") >= count(0, s.status, "replicas")-partition {
			return s.says(event.HealthSuspended)
		}
		return event.Assessment{}, false
	}
	if s.generation <= 1 {
		return event.Assessment{}, false
	}
	updated, all := count(0, s.status, "updatedReplicas"), count(0, s.status, "replicas")
	if text(s.object["kind"]) == "DaemonSet" {
		updated, all = count(0, s.status, "updatedNumberScheduled"), count(0, s.status, "desiredNumberScheduled")
	}
	if updated > all-partition {
		return s.says(event.HealthSuspended)
	}
	return s.says(event.HealthProgressing)
}

// promotion compares the commits of environments: all are to have the same one
// proposed, and that one active.
func promotion(s *subject) (event.Assessment, bool) {
	environments := elements(s.status["environments"])
	first := ""
	for _, e := range environments {
		proposed := text(at(e, "proposed", "note", "drySha"))
		if proposed == "" {
			proposed = text(at(e, "proposed", "dry", "sha"))
		}
		if first == "" {
			first = proposed
		}
		active := text(at(e, "active", "dry", "sha"))
		if proposed == "" || active == "" || proposed != first || text(at(e, "proposed", "dry", "sha")) != active {
			return s.says(event.HealthProgressing)
		}
	}
	return s.says(event.HealthHealthy)
}

func racks(s *subject) (event.Assessment, bool) {
	for _, rack := range elements(s.status["racks"]) {
		members, ready := at(rack, "members"), at(rack, "readyMembers")
		if members != nil && ready != nil && count(0, members) != count(0, ready) {
			return s.says(event.HealthProgressing)
		}
	}
	return s.says(event.HealthHealthy)
}

// routeAdmitted is Healthy where every router that reports admitted the route.
func routeAdmitted(s *subject) (event.Assessment, bool) {
	var refused, admitted, waiting *condition
	routers := elements(s.status["ingress"])
	n := 0
	for _, router := range routers {
		for _, c := range conditionsOf(nil, at(router, "conditions")) {
			switch {
			case c.kind != "Admitted":
			case c.status == statusTrue:
				n++
				admitted = &c
			case c.status == statusFalse:
				refused = &c
			default:
				waiting = &c
			}
		}
	}
	switch {
	case n == len(routers) && admitted != nil:
		return admitted.assessment(event.HealthHealthy), true
	case n == len(routers):
		return s.says(event.HealthHealthy)
	case refused != nil:
		return refused.assessment(event.HealthDegraded), true
	case waiting != nil:
		return waiting.assessment(event.HealthProgressing), true
	default:
		return s.says(event.HealthProgressing)
	}
}

// airlockPolicy is Healthy for all kinds but policies, which are as their
// ancestors say.
func airlockPolicy(s *subject) (event.Assessment, bool) {
	if !strings.HasSuffix(text(s.object["kind"]), "Policy") {
		return s.says(event.HealthHealthy)
	}
	ancestors := elements(s.status["ancestors"])
	if len(ancestors) == 0 {
		return s.says(event.HealthProgressing)
	}
	var accepted *condition
	for _, ancestor := range ancestors {
		for _, c := range conditionsOf(nil, at(ancestor, "conditions")) {
			seen, ok := integer(c.fields["observedGeneration"])
			if s.generation != 0 && (!ok || seen != s.generation) {
				return c.assessment(event.HealthProgressing), true
			}
		}
	}
	missing := false
	for _, ancestor := range ancestors {
		here := false
		for _, c := range conditionsOf(nil, at(ancestor, "conditions")) {
			if c.kind != "Accepted" && c.kind != "ResolvedRefs" {
				continue
			}
			if c.status != statusTrue {
				return c.assessment(event.HealthDegraded), true
			}
			if c.kind == "Accepted" {
				here, accepted = true, &c
			}
		}
		missing = missing || !here
	}
	if missing || accepted == nil {
		return s.says(event.HealthDegraded)
	}
	return accepted.assessment(event.HealthHealthy), true
}
