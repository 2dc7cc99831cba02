// Package metrics serves what is known of applications, of objects and of the
// instance itself to Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/.
//
// A Server listens on one address. It answers /metrics to whoever its Authorizer lets
// in, and the probes /healthz and /readyz to everybody, and nothing else. A scrape
// reads the State at that moment; nothing is kept between two of them.
//
// Everything is bounded, since whoever may create an object chooses names, and
// whoever reaches the address may ask. The series of applications and objects are at
// most Options.MaxSeries: what is worst off comes first, and what has no room is
// counted in live_status_metrics_omitted. There are two scrapes at a time and no more;
// others are answered 503. Connections are 32: where one more comes, the oldest is
// closed of those that have not shown that they may scrape. Of tokens that are not
// known yet, few are asked about at a time.
//
// Values of labels pass Options.Clean before they are cut to 256 bytes. Where it
// cannot tell, the series is left out and counted as omitted. Two applications that
// then look the same are told as one: their objects are added up, and it is as the
// worse of them is.
package metrics
