package health

import "github.com/fluent-live/live-status/pipeline/event"

// service: only one of the type LoadBalancer waits for anything.
func service(o *object) event.Assessment {
	top := o.top()
	typ := top.text("spec", "type")
	addresses, _ := top.list("status", "loadBalancer", "ingress")
	if typ == "LoadBalancer" && len(addresses) == 0 {
		return says(event.HealthProgressing, "", "waiting for a load balancer: no external address so far")
	}
	return says(event.HealthHealthy, "", "")
}
