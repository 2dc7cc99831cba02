// Package monitoring holds the tests of what monitoring gets with the chart: the
// alert rules and the dashboard. Prometheus' own parser and engine read and run them,
// and no expression may name a metric or a label that the plugin does not tell.
package monitoring
