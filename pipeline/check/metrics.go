package check

import "context"

// metrics looks at what Prometheus scrapes.
func metrics(ctx context.Context, s *session) []Finding {
	m := s.Config.Metrics
	if m.Listen == "" {
		return skipped("metrics_listen is off")
	}
	return listener{
		addressOption: "metrics_listen", address: m.Listen,
		certOption: "metrics_tls_crt_file", cert: m.CertFile,
		keyOption: "metrics_tls_key_file", key: m.KeyFile,
	}.look(ctx, s)
}
