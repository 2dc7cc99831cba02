package health

import "github.com/fluent-live/live-status/pipeline/event"

// Where the conditions of a route are.
const parentConditions = "status.parents[*].conditions[*]"

// route is an HTTPRoute, TCPRoute, TLSRoute or UDPRoute: the first parent that
// has trouble with it decides. What a parent says of a former generation does
// not count. Only the rule for HTTPRoute is published; the others have the same
// status.
func route(o *object) event.Assessment {
	generation, generated := o.top().number("metadata", "generation")
	return o.route(generation, generated)
}

// grpcRoute is a GRPCRoute, of which former generations count, as published.
func grpcRoute(o *object) event.Assessment { return o.route(0, false) }

func (o *object) route(generation int64, generated bool) event.Assessment {
	var fine acceptance
	healthy := false
	parents, _ := o.top().list("status", "parents")
	for _, item := range parents {
		conditions, _ := o.entry(item, "status.parents[*]").list("conditions")
		var one acceptance
		current := true
		for _, item := range conditions {
			c := o.observed(item, parentConditions)
			if generated && c.hasGeneration && c.generation != generation {
				current = false
			}
			one.see(c)
		}
		if !current || len(conditions) == 0 {
			continue
		}
		if a, ok := one.troubled(); ok {
			return a
		}
		if !healthy {
			fine, healthy = one, true
		}
	}
	if healthy {
		return fine.fine()
	}
	return says(event.HealthProgressing, "", "waiting for a parent to accept the route")
}

// backendTLSPolicy waits until every ancestor speaks of the present generation;
// then the first that does not accept it decides.
func backendTLSPolicy(o *object) event.Assessment {
	const base = "status.ancestors[*].conditions[*]"
	generation, generated := o.top().number("metadata", "generation")
	ancestors, _ := o.top().list("status", "ancestors")
	var refused, accepted condition
	for _, item := range ancestors {
		conditions, _ := o.entry(item, "status.ancestors[*]").list("conditions")
		for _, item := range conditions {
			c := o.observed(item, base)
			if generated && c.hasGeneration && c.generation != generation {
				return says(event.HealthProgressing, "", "waiting for an ancestor to observe the latest generation")
			}
			if c.typ != "Accepted" && c.typ != "ResolvedRefs" {
				continue
			}
			if c.status != "True" && refused.typ == "" {
				refused = c
			}
			accepted.first("Accepted", c)
		}
	}
	switch {
	case refused.typ != "":
		return refused.says(event.HealthDegraded)
	case accepted.typ != "":
		return accepted.says(event.HealthHealthy)
	}
	return says(event.HealthProgressing, "", "waiting for an ancestor to accept the policy")
}
