package health

import (
	"github.com/fluent-live/live-status/pipeline/event"
)

// The groups of the Gateway API.
const (
	gatewayGroup  = "gateway.networking.k8s.io"
	gatewayXGroup = "gateway.networking.x-k8s.io"
)

// gatewayVersions are all that the kinds of the Gateway API were served in. The
// published rules ask for none.
var gatewayVersions = []string{"v1", "v1beta1", "v1alpha3", "v1alpha2", "v1alpha1"}

// acceptance is what a controller says of a Gateway, a listener or a route.
type acceptance struct{ resolved, accepted, programmed condition }

func (a *acceptance) see(c condition) {
	switch c.typ {
	case "ResolvedRefs":
		a.resolved.refused(c)
	case "Accepted":
		a.accepted.refused(c)
	case "Programmed":
		if c.status != "True" && (a.programmed.typ == "" || a.programmed.status == "True") {
			a.programmed = c
		} else if a.programmed.typ == "" {
			a.programmed = c
		}
	}
}

// refused keeps the first condition that is False, and until there is one the
// first.
func (c *condition) refused(of condition) {
	if c.typ == "" || c.status != "False" && of.status == "False" {
		*c = of
	}
}

// troubled returns the assessment of what is not as it should be, and false if
// all is.
func (a *acceptance) troubled() (event.Assessment, bool) {
	switch {
	case a.resolved.status == "False":
		return a.resolved.says(event.HealthDegraded), true
	case a.accepted.status == "False":
		return a.accepted.says(event.HealthDegraded), true
	case a.programmed.typ != "" && a.programmed.status != "True":
		return a.programmed.says(event.HealthProgressing), true
	}
	return event.Assessment{}, false
}

// fine returns the assessment of what is as it should be.
func (a *acceptance) fine() event.Assessment {
	if a.programmed.typ != "" {
		return a.programmed.says(event.HealthHealthy)
	}
	return a.accepted.says(event.HealthHealthy)
}

// gateway looks at the Gateway and then at its listeners, the first of which that
// has trouble decides. A ListenerSet has the same status; no rule is published
// for it. Which generation a condition is about is not asked, as published.
func gateway(o *object) event.Assessment {
	top := o.top()
	conditions, reported := top.list("status", "conditions")
	var whole acceptance
	for _, item := range conditions {
		whole.see(o.condition(item, statusConditions))
	}
	if a, ok := whole.troubled(); ok {
		return a
	}
	listeners, _ := top.list("status", "listeners")
	for _, item := range listeners {
		conditions, _ := o.entry(item, "status.listeners[*]").list("conditions")
		var one acceptance
		for _, item := range conditions {
			one.see(o.condition(item, "status.listeners[*].conditions[*]"))
		}
		if a, ok := one.troubled(); ok {
			return a
		}
	}
	if reported || len(listeners) > 0 {
		return whole.fine()
	}
	return says(event.HealthProgressing, "", "waiting for a controller: no conditions so far")
}

// gatewayClass goes by whether a controller accepts it, as far as the condition
// is about the present generation.
func gatewayClass(o *object) event.Assessment {
	generation, generated := o.top().number("metadata", "generation")
	conditions, _ := o.top().list("status", "conditions")
	for _, item := range conditions {
		c := o.observed(item, statusConditions)
		if c.typ != "Accepted" || generated && c.hasGeneration && c.generation != generation {
			continue
		}
		switch c.status {
		case "True":
			return c.says(event.HealthHealthy)
		case "False":
			return c.says(event.HealthDegraded)
		}
		return c.says(event.HealthProgressing)
	}
	return says(event.HealthProgressing, "", "waiting for a controller to accept the class")
}
