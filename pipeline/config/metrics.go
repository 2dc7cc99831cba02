package config

import (
	"net"
	"net/netip"
	"strings"
)

// What metrics_objects can be.
const (
	MetricsObjectsOff       = "off"
	MetricsObjectsUnhealthy = "unhealthy"
	MetricsObjectsAll       = "all"
)

// Limits of metrics_max_series.
const (
	minMetricsSeries = 100
	maxMetricsSeries = 5_000_000
)

// Metrics says whether and to whom metrics are served.
type Metrics struct {
	// Listen is an address; empty for none.
	Listen            string
	CertFile, KeyFile string
	// Auth has the API server say who asks, and whether they may.
	Auth bool
	// Insecure lets it serve off loopback without TLS, or without Auth.
	Insecure bool
	// Objects says which objects have a series of their own.
	Objects string
	// MaxSeries bounds the series of applications and objects.
	MaxSeries int
}

func metricsOptions() []Option {
	objects := []string{MetricsObjectsOff, MetricsObjectsUnhealthy, MetricsObjectsAll}
	return []Option{
		{
			Key: "metrics_listen", Kind: KindString, Default: "off",
			Doc: "Address on which Prometheus may scrape `/metrics`, for example `:9465`, and probes `/healthz` and `/readyz`; `off` for none. docs/METRICS.md lists what is told.",
			set: func(c *Config, v string) (err error) {
				if strings.EqualFold(v, "off") {
					c.Metrics.Listen = ""
					return nil
				}
				c.Metrics.Listen, err = parseListen(v)
				return err
			},
		},
		{
			Key: "metrics_tls_crt_file", Kind: KindFile,
			Doc: "Certificate of that address, PEM. Read again when it changes.",
			set: setFile(func(c *Config) *string { return &c.Metrics.CertFile }),
		},
		{
			Key: "metrics_tls_key_file", Kind: KindFile,
			Doc: "Key of that certificate, PEM.",
			set: setFile(func(c *Config) *string { return &c.Metrics.KeyFile }),
		},
		{
			Key: "metrics_auth", Kind: KindBool, Default: "on",
			Doc: "Serve `/metrics` to those alone whose bearer token the API server knows (TokenReview) and who may `get` the path `/metrics` there (SubjectAccessReview). Needs access to the cluster, and the right to create both reviews. Probes need no token.",
			set: setBool(func(c *Config) *bool { return &c.Metrics.Auth }),
		},
		{
			Key: "metrics_insecure", Kind: KindBool, Default: "off",
			Doc: "Serve metrics off loopback to anyone, or without encryption. Who can reach the port, or listen on the way, then reads the names and statuses of all applications, and tokens where `metrics_auth` is on.",
			set: setBool(func(c *Config) *bool { return &c.Metrics.Insecure }),
		},
		{
			Key: "metrics_objects", Kind: KindEnum, Values: objects, Default: MetricsObjectsUnhealthy,
			Doc: "Objects that have a series of their own: none (`off`), those that are not Healthy, In Sync or Suspended (`unhealthy`), or `all`.",
			set: setEnum(func(c *Config) *string { return &c.Metrics.Objects }, objects),
		},
		{
			Key: "metrics_max_series", Kind: KindInt, Default: "20000",
			Doc: "Most series of applications and objects, from 100 to 5000000. What is beyond is counted in `live_status_metrics_omitted`; what is worst off goes first.",
			set: func(c *Config, v string) error {
				n, err := parseInt(v, minMetricsSeries, maxMetricsSeries)
				c.Metrics.MaxSeries = int(n)
				return err
			},
		},
	}
}

// asks reports whether an API server is asked who it is that scrapes.
func (m Metrics) asks() bool { return m.Listen != "" && m.Auth }

// conflicts reports what does not fit together.
func (m Metrics) conflicts() []*KeyError {
	var out []*KeyError
	files := []struct{ key, path string }{
		{"metrics_tls_crt_file", m.CertFile},
		{"metrics_tls_key_file", m.KeyFile},
	}
	for _, f := range files {
		switch {
		case f.path == "":
		case m.Listen == "":
			out = append(out, &KeyError{Key: f.key, Value: f.path, Problem: "is for metrics, which are not switched on", Hint: "set metrics_listen, or drop " + f.key})
		default:
			out = append(out, unreadable(f.key, f.path))
		}
	}
	if m.Listen == "" {
		return out
	}
	switch {
	case m.CertFile != "" && m.KeyFile == "":
		out = append(out, &KeyError{Key: "metrics_tls_crt_file", Value: m.CertFile, Problem: "has no key", Hint: "set metrics_tls_key_file too"})
	case m.KeyFile != "" && m.CertFile == "":
		out = append(out, &KeyError{Key: "metrics_tls_key_file", Value: m.KeyFile, Problem: "has no certificate", Hint: "set metrics_tls_crt_file too"})
	}
	if m.Insecure || isLoopback(m.Listen) {
		return out
	}
	if m.CertFile == "" {
		out = append(out, &KeyError{
			Key: "metrics_listen", Value: m.Listen, Problem: "can be reached from other machines, and there is no TLS",
			Hint: "set metrics_tls_crt_file and metrics_tls_key_file, listen on 127.0.0.1, or set metrics_insecure on",
		})
	}
	if !m.Auth {
		out = append(out, &KeyError{
			Key: "metrics_auth", Value: "off", Problem: "lets anyone scrape who can reach " + m.Listen,
			Hint: "set metrics_auth on, listen on 127.0.0.1, or set metrics_insecure on",
		})
	}
	return out
}

// isLoopback reports whether only this machine can reach an address. Of names only
// localhost is known to.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
