package health

import "github.com/fluent-live/live-status/pipeline/event"

// customResourceDefinition: the first condition that tells of a termination, a
// refusal or an installation decides, in the order that the API has them. No
// status at all is taken for no conditions yet; the published script fails on it.
func customResourceDefinition(o *object) event.Assessment {
	top := o.top()
	if top.text("metadata", "deletionTimestamp") != "" {
		return says(event.HealthProgressing, ReasonTerminating, "Pending deletion")
	}
	items, _ := top.list("status", "conditions")
	if len(items) == 0 {
		return says(event.HealthProgressing, "", "waiting for the API server: no conditions so far")
	}
	var established, unestablished condition
	for _, item := range items {
		c := o.condition(item, statusConditions)
		switch {
		case c.typ == "Terminating" && c.status == "True":
			return c.says(event.HealthProgressing)
		case c.typ == "NamesAccepted" && c.status == "False",
			c.typ == "NonStructuralSchema" && c.status == "True":
			return c.says(event.HealthDegraded)
		case c.typ == "Established" && c.status == "True":
			established = c
		case c.typ == "Established" && c.reason == "Installing":
			return c.says(event.HealthProgressing)
		case c.typ == "Established":
			unestablished = c
		}
	}
	switch {
	case established.typ != "":
		return established.says(event.HealthHealthy)
	case unestablished.typ != "":
		return unestablished.says(event.HealthDegraded)
	}
	return says(event.HealthDegraded, "", "no condition Established")
}
