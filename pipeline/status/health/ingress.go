package health

import "github.com/fluent-live/live-status/pipeline/event"

// ingress is Progressing until a controller has given it an address.
func ingress(o *object) event.Assessment {
	if addresses, _ := o.top().list("status", "loadBalancer", "ingress"); len(addresses) > 0 {
		return says(event.HealthHealthy, "", "")
	}
	return says(event.HealthProgressing, "", "waiting for an ingress controller: no address so far")
}
