package conf

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
)

// serverTLS demands a client certificate where there is an authority for it.
func serverTLS(clientCAFile string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if clientCAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(clientCAFile)
	if err != nil {
		return nil, err
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("no certificate of an authority")
	}
	config.ClientAuth = tls.RequireAndVerifyClientCert
	return config, nil
}
