package kube

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "k8s.io/client-go/plugin/pkg/client/auth" // The providers that a kubeconfig may name.
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/fluent-live/live-status/pipeline/config"
	"github.com/fluent-live/live-status/pipeline/event"
)

// settings are what a client is built from. All files but the token's are in
// memory.
type settings struct {
	rest *rest.Config
	// tokenFile is empty where the token, if any, is not kept in a file.
	tokenFile string
	// cluster is the kubeconfig's name for the cluster.
	cluster event.ClusterName
	// origin says where the settings are from, for people.
	origin string
	files  watched
	seen   fingerprint
}

// resolve decides which of the ways to a cluster applies and reads its files.
func resolve(cfg config.Kube, log *slog.Logger) (*settings, error) {
	s, err := choose(cfg)
	if err != nil {
		return nil, err
	}
	if !cfg.TLSVerify {
		s.rest.Insecure = true
	}
	if s.rest.Insecure {
		s.rest.CAFile, s.rest.CAData, s.files.dir = "", nil, ""
	}
	if cfg.TLSServerName != "" {
		s.rest.ServerName = cfg.TLSServerName
	}
	for _, f := range []string{s.rest.CAFile, s.rest.CertFile, s.rest.KeyFile} {
		if f != "" {
			s.files.files = append(s.files.files, f)
		}
	}
	// Taken before the contents are read: what changes in between is found at
	// the next look.
	s.seen = s.files.fingerprint()
	if err := s.readTLS(); err != nil {
		return nil, err
	}
	s.splitUserinfo(log)
	if p := s.rest.AuthConfigPersister; p != nil {
		s.rest.AuthConfigPersister = tolerantPersister{to: p, log: log}
	}
	if s.rest.Proxy == nil {
		// What client-go does by itself. Said here it keeps the transport out
		// of a cache that would hold it for the life of the process.
		s.rest.Proxy = http.ProxyFromEnvironment
	}
	return s, nil
}

func choose(cfg config.Kube) (*settings, error) {
	switch env := filepath.SplitList(os.Getenv(clientcmd.RecommendedConfigPathEnvVar)); {
	case cfg.Kubeconfig != "":
		return fromKubeconfig([]string{cfg.Kubeconfig}, cfg.Context)
	case cfg.Explicit():
		return fromKeys(cfg)
	case cfg.Context == "" && exists(cfg.TokenFile):
		return fromServiceAccount(cfg)
	case len(env) > 0:
		return fromKubeconfig(env, cfg.Context)
	}
	if home, err := os.UserHomeDir(); err == nil {
		path := filepath.Join(home, clientcmd.RecommendedHomeDir, clientcmd.RecommendedFileName)
		if exists(path) {
			return fromKubeconfig([]string{path}, cfg.Context)
		}
	}
	return nil, fmt.Errorf("find a cluster: this is no pod (%s does not exist), KUBECONFIG is not set and there is no ~/.kube/config; "+
		"set kube_config, or kube_url with kube_token_file", cfg.TokenFile)
}

func exists(path string) bool {
	st, err := os.Stat(path)
	return err == nil && !st.IsDir()
}

func fromServiceAccount(cfg config.Kube) (*settings, error) {
	s := &settings{
		rest:      &rest.Config{Host: cfg.URL},
		tokenFile: cfg.TokenFile,
		origin:    "service account",
	}
	if exists(cfg.CAFile) {
		s.rest.CAFile = cfg.CAFile
	}
	return s, nil
}

// fromKeys goes by single keys. What they leave out is the service account's,
// where there is one.
func fromKeys(cfg config.Kube) (*settings, error) {
	u, err := url.Parse(cfg.URL)
	if err != nil {
		return nil, errors.New("kube_url: is not a URL")
	}
	s := &settings{rest: &rest.Config{Host: cfg.URL}, origin: "kube_url"}
	if !cfg.URLSet {
		s.origin = "single keys"
	}
	switch {
	case cfg.TokenFileSet:
		s.tokenFile = cfg.TokenFile
	case cfg.ClientCertFile == "" && u.Scheme == "https" && exists(cfg.TokenFile):
		s.tokenFile = cfg.TokenFile
	}
	if u.Scheme != "https" {
		return s, nil
	}
	s.rest.CertFile, s.rest.KeyFile = cfg.ClientCertFile, cfg.ClientKeyFile
	s.files.dir = cfg.CAPath
	if cfg.CAFileSet || cfg.CAPath == "" && exists(cfg.CAFile) {
		s.rest.CAFile = cfg.CAFile
	}
	return s, nil
}

// fromKubeconfig merges the files as kubectl does and goes by a context.
func fromKubeconfig(paths []string, context string) (*settings, error) {
	rules := &clientcmd.ClientConfigLoadingRules{Precedence: paths}
	if len(paths) == 1 {
		rules = &clientcmd.ClientConfigLoadingRules{ExplicitPath: paths[0]}
	}
	where := "kubeconfig " + strings.Join(paths, string(filepath.ListSeparator))
	files := watched{files: slices.Clone(paths)}
	raw, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", where, err)
	}
	if len(raw.Contexts) == 0 {
		if !slices.ContainsFunc(paths, exists) {
			return nil, fmt.Errorf("read %s: %w", where, fs.ErrNotExist)
		}
		return nil, fmt.Errorf("read %s: it has no context", where)
	}
	if context == "" {
		context = raw.CurrentContext
	}
	names := make([]string, 0, len(raw.Contexts))
	for name := range raw.Contexts {
		names = append(names, name)
	}
	slices.Sort(names)
	chosen := raw.Contexts[context]
	switch {
	case context == "":
		return nil, fmt.Errorf("read %s: it has no current context; set kube_context to one of %s", where, strings.Join(names, ", "))
	case chosen == nil:
		return nil, fmt.Errorf("read %s: it has no context %q; set kube_context to one of %s", where, context, strings.Join(names, ", "))
	}
	if user := raw.AuthInfos[chosen.AuthInfo]; user != nil && user.Exec != nil {
		// Nobody sits at a service's standard input.
		user.Exec.StdinUnavailable = true
		user.Exec.StdinUnavailableMessage = "there is no terminal to ask at"
	}
	rc, err := clientcmd.NewNonInteractiveClientConfig(*raw, context, &clientcmd.ConfigOverrides{}, rules).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("read %s, context %q: %w", where, context, err)
	}
	s := &settings{
		rest: rc, tokenFile: rc.BearerTokenFile, files: files,
		cluster: event.ClusterName(chosen.Cluster), origin: where + " context " + context,
	}
	if rc.BearerTokenFile != "" {
		rc.BearerToken, rc.BearerTokenFile = "", ""
	}
	return s, nil
}

// tolerantPersister lets refreshed tokens be used that cannot be stored: in a
// cluster a kubeconfig is mounted read-only. In memory they are as good until
// the next start.
type tolerantPersister struct {
	to  rest.AuthProviderConfigPersister
	log *slog.Logger
}

// Persist stores the tokens where that is possible. It never fails.
func (p tolerantPersister) Persist(values map[string]string) error {
	if err := p.to.Persist(values); err != nil {
		p.log.Warn("refreshed tokens cannot be stored in the kubeconfig", "error", scrub(err, nil).Error())
	}
	return nil
}

// readTLS takes the certificates into memory, so that a client has the
// contents its fingerprint was taken of and no other.
func (s *settings) readTLS() error {
	c := &s.rest.TLSClientConfig
	for _, f := range []struct {
		what string
		path *string
		data *[]byte
	}{
		{"CA certificates", &c.CAFile, &c.CAData},
		{"client certificate", &c.CertFile, &c.CertData},
		{"client key", &c.KeyFile, &c.KeyData},
	} {
		if *f.path == "" || len(*f.data) > 0 {
			*f.path = ""
			continue
		}
		b, err := os.ReadFile(*f.path)
		if err != nil {
			return fmt.Errorf("read %s: %w", f.what, err)
		}
		if len(b) == 0 {
			return fmt.Errorf("read %s: %s is empty", f.what, *f.path)
		}
		if f.data == &c.CAData && !hasCertificate(b) {
			return fmt.Errorf("read %s: %s has no certificate in PEM form", f.what, *f.path)
		}
		*f.data, *f.path = b, ""
	}
	for _, path := range certificateFiles(s.files.dir) {
		b, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read CA certificates of kube_ca_path: %w", err)
		}
		if !hasCertificate(b) {
			continue
		}
		c.CAData = append(append(c.CAData, '\n'), b...)
	}
	if s.files.dir != "" && len(c.CAData) == 0 {
		return fmt.Errorf("read CA certificates of kube_ca_path: %s has no *.crt or *.pem with a certificate in PEM form", s.files.dir)
	}
	return nil
}

// splitUserinfo takes user and password out of the URL, where they would show
// in every error.
func (s *settings) splitUserinfo(log *slog.Logger) {
	u, err := url.Parse(s.rest.Host)
	if err != nil || u.User == nil || u.Host == "" {
		return
	}
	c := s.rest
	free := c.Username == "" && c.BearerToken == "" && s.tokenFile == "" && c.ExecProvider == nil &&
		c.AuthProvider == nil && len(c.CertData) == 0
	if free && u.Scheme == "https" {
		c.Username = u.User.Username()
		c.Password, _ = u.User.Password()
	} else {
		log.Warn("user and password in the API server's URL are not used", "host", u.Host)
	}
	u.User = nil
	c.Host = u.String()
}

func hasCertificate(b []byte) bool {
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		if _, err := x509.ParseCertificate(block.Bytes); err == nil {
			return true
		}
	}
	return false
}
