package check

import "context"

// auditWebhook looks at what the API servers post to.
func auditWebhook(ctx context.Context, s *session) []Finding {
	w := s.Config.Audit.Webhook
	if w.Listen == "" {
		return skipped("audit_webhook_listen is not set")
	}
	return listener{
		addressOption: "audit_webhook_listen", address: w.Listen,
		certOption: "audit_tls_crt_file", cert: w.CertFile,
		keyOption: "audit_tls_key_file", key: w.KeyFile,
		clientCAOption: "audit_tls_client_ca_file", clients: w.ClientCAFile,
		tokenOption: "audit_token_file", token: w.TokenFile,
	}.look(ctx, s)
}
