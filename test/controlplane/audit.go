package controlplane

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// WebhookAuth says how the API server proves to an audit webhook who it is.
type WebhookAuth string

// The ways.
const (
	// WebhookMutualTLS is a client certificate.
	WebhookMutualTLS WebhookAuth = "mutual-tls"
	// WebhookBearerToken is a token in a header.
	WebhookBearerToken WebhookAuth = "bearer-token"
)

// AuditWebhook is a place on this machine for an audit webhook, and the files by
// which it and the API server know each other. Nothing listens there yet.
type AuditWebhook struct {
	// Address is a free port of 127.0.0.1, and URL what the API server posts to.
	Address string
	URL     string

	// Kubeconfig is for Options.AuditWebhookFile.
	Kubeconfig string

	// CertFile and KeyFile are the webhook's own certificate, and CAFile the
	// authority that the API server trusts.
	CertFile, KeyFile, CAFile string

	// ClientCAFile is the authority of the API server's client certificate, which
	// lies in ClientCertFile and ClientKeyFile; empty with a token.
	ClientCAFile, ClientCertFile, ClientKeyFile string

	// TokenFile holds the token; empty with a certificate.
	TokenFile string
}

// NewAuditWebhook makes the files in the folder, which must exist.
func NewAuditWebhook(ctx context.Context, dir string, auth WebhookAuth) (AuditWebhook, error) {
	port, err := FreePort(ctx)
	if err != nil {
		return AuditWebhook{}, err
	}
	ca, err := newAuthority("embedded-audit-webhook-ca")
	if err != nil {
		return AuditWebhook{}, err
	}
	server, err := ca.server("audit-webhook")
	if err != nil {
		return AuditWebhook{}, err
	}
	in := func(name string) string { return filepath.Join(dir, name) }
	w := AuditWebhook{
		Address: loopback(port), URL: "https://" + loopback(port) + "/audit",
		Kubeconfig: in("audit-webhook.yaml"),
		CertFile:   in("audit-webhook.crt"), KeyFile: in("audit-webhook.key"), CAFile: in("audit-webhook-ca.crt"),
	}
	files := map[string][]byte{w.CertFile: server.cert, w.KeyFile: server.key, w.CAFile: ca.pem}
	var info *api.AuthInfo
	switch auth {
	case WebhookMutualTLS:
		clientCA, err := newAuthority("embedded-audit-client-ca")
		if err != nil {
			return AuditWebhook{}, err
		}
		client, err := clientCA.client(apiServer)
		if err != nil {
			return AuditWebhook{}, err
		}
		w.ClientCAFile, w.ClientCertFile, w.ClientKeyFile = in("audit-client-ca.crt"), in("audit-client.crt"), in("audit-client.key")
		files[w.ClientCAFile], files[w.ClientCertFile], files[w.ClientKeyFile] = clientCA.pem, client.cert, client.key
		info = &api.AuthInfo{ClientCertificate: w.ClientCertFile, ClientKey: w.ClientKeyFile}
	case WebhookBearerToken:
		w.TokenFile = in("audit-token")
		files[w.TokenFile] = []byte(rand.Text() + "\n")
		info = &api.AuthInfo{TokenFile: w.TokenFile}
	default:
		return AuditWebhook{}, fmt.Errorf("make audit webhook: unknown authentication %q", auth)
	}
	if err := writeFiles(files); err != nil {
		return AuditWebhook{}, err
	}
	config := api.NewConfig()
	config.Clusters["webhook"] = &api.Cluster{Server: w.URL, CertificateAuthority: w.CAFile}
	config.AuthInfos[apiServer] = info
	config.Contexts["webhook"] = &api.Context{Cluster: "webhook", AuthInfo: apiServer}
	config.CurrentContext = "webhook"
	if err := clientcmd.WriteToFile(*config, w.Kubeconfig); err != nil {
		return AuditWebhook{}, fmt.Errorf("write kubeconfig of the audit webhook: %w", err)
	}
	return w, nil
}

// AuditLogs are the files of the audit trail: AuditLog itself, and what the API
// server has made of it when it rotated. A rotated file may be listed twice while
// it is being compressed.
func (c *Cluster) AuditLogs() ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(c.AuditLog()))
	if err != nil {
		return nil, fmt.Errorf("list audit logs: %w", err)
	}
	var files []string
	for _, entry := range entries {
		files = append(files, filepath.Join(filepath.Dir(c.AuditLog()), entry.Name()))
	}
	return files, nil
}
