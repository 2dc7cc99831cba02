package health

import "github.com/fluent-live/live-status/pipeline/event"

// apiService is Progressing as long as it is not available, however long.
func apiService(o *object) event.Assessment {
	var available condition
	items, _ := o.top().list("status", "conditions")
	for _, item := range items {
		available.first("Available", o.condition(item, statusConditions))
	}
	switch {
	case available.typ == "":
		return says(event.HealthProgressing, "", "waiting for the aggregator: no conditions so far")
	case available.status == "True":
		return available.says(event.HealthHealthy)
	}
	return available.says(event.HealthProgressing)
}
