package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// validate checks what one option alone cannot tell: how they fit together,
// and whether the files that were named can be read. Its error joins one
// *KeyError per mistake.
func (c Config) validate(p plugin) error {
	var errs []error
	add := func(es ...*KeyError) {
		for _, e := range es {
			if e != nil {
				errs = append(errs, e)
			}
		}
	}
	add(c.Kube.conflicts()...)
	add(c.Kube.unreadable()...)
	if p.conflicts != nil {
		add(p.conflicts(c)...)
	}
	add(c.Audit.Webhook.conflicts(c.Cursor.Path)...)
	for _, ns := range c.Events.Namespaces {
		if slices.Contains(c.Events.NamespacesExclude, ns) {
			add(&KeyError{
				Key: "kube_namespaces_exclude", Value: string(ns), Problem: "is in kube_namespace as well",
				Hint: "drop it from one of them",
			})
		}
	}
	if c.Cursor.Path != "" {
		add(unwritable("db", c.Cursor.Path))
	}
	if c.SaltFile != "" && c.SaltFile != c.Cursor.Path+".salt" {
		add(unsalted(c.SaltFile))
	}
	if spool := c.Audit.Webhook.SpoolFile; c.Audit.Webhook.Listen != "" && spool != "" && spool != c.Cursor.Path+".spool" {
		add(unwritable("audit_spool_file", spool))
	}
	if file := c.Applications.RulesFile; file != "" {
		add(unreadable("application_rules_file", file))
	}
	for _, file := range c.Redaction.RulesFiles {
		add(unreadable("redact_rules_file", file))
	}
	add(c.ownKeys()...)
	add(c.Statuses.conflicts(c.Objects.Enabled)...)
	add(c.Redaction.conflicts(c.Cluster())...)
	add(c.Metrics.conflicts()...)
	add(c.sameFile()...)
	return errors.Join(errs...)
}

// ownKeys reports keys of the live objects where these are not watched.
func (c Config) ownKeys() []*KeyError {
	if c.Objects.Enabled {
		return nil
	}
	var out []*KeyError
	for _, k := range []struct {
		key, value string
	}{
		{"objects_only", strings.Join(c.Objects.Only, ",")},
		{"objects_include", strings.Join(c.Objects.Include, ",")},
		{"objects_exclude", strings.Join(c.Objects.Exclude, ",")},
		{"application_rules_file", c.Applications.RulesFile},
	} {
		if k.key == "application_rules_file" && c.Forward.To != "" {
			// They are applied to what records tell of objects.
			continue
		}
		if k.value != "" {
			out = append(out, &KeyError{
				Key: k.key, Value: k.value, Problem: "is for live objects, which are not watched",
				Hint: "set kube_objects on, or drop " + k.key,
			})
		}
	}
	return out
}

// sameFile reports files of which each is to hold something else.
func (c Config) sameFile() []*KeyError {
	var out []*KeyError
	at := map[string]string{}
	for _, f := range []struct{ key, path string }{
		{"db", c.Cursor.Path},
		{"redact_salt_file", c.SaltFile},
		{"audit_spool_file", c.Audit.Webhook.SpoolFile},
		{"forward_to", strings.TrimPrefix(c.Forward.To, forwardFile)},
		{"dead_letter_path", c.Forward.DeadLetterPath},
	} {
		if f.path == "" {
			continue
		}
		path := filepath.Clean(f.path)
		if other := at[path]; other != "" {
			out = append(out, &KeyError{
				Key: f.key, Value: f.path, Problem: "is the file of " + other + " too",
				Hint: "name another file",
			})
			continue
		}
		at[path] = f.key
	}
	return out
}

func (c Config) nothingToRead() []*KeyError {
	switch {
	case c.Cluster():
		return nil
	case !c.Audit.Enabled():
		return []*KeyError{{
			Key: "kube_events", Value: "off", Problem: "leaves nothing to read",
			Hint: "set audit_path, audit_webhook_listen or kube_objects, or drop kube_events",
		}}
	case c.ClusterName == "":
		return []*KeyError{{
			Key: "cluster_name", Problem: "is not set, and with kube_events and kube_objects off nothing else tells the cluster's name",
			Hint: "set cluster_name",
		}}
	}
	return nil
}

func (w AuditWebhook) conflicts(db string) []*KeyError {
	var out []*KeyError
	files := []struct{ key, path string }{
		{"audit_tls_crt_file", w.CertFile},
		{"audit_tls_key_file", w.KeyFile},
		{"audit_tls_client_ca_file", w.ClientCAFile},
		{"audit_token_file", w.TokenFile},
	}
	for _, f := range files {
		switch {
		case f.path == "":
		case w.Listen == "":
			out = append(out, &KeyError{
				Key: f.key, Value: f.path, Problem: "is for the audit webhook, which is not switched on",
				Hint: "set audit_webhook_listen, or drop " + f.key,
			})
		default:
			out = append(out, unreadable(f.key, f.path))
		}
	}
	if w.Listen != "" && db == "" {
		out = append(out, &KeyError{
			Key: "audit_webhook_listen", Value: w.Listen, Problem: "needs a file: what is answered to API servers as taken must outlive a crash",
			Hint: "set db",
		})
	}
	if w.Listen != "" && w.MaxSpool < w.MaxBody {
		out = append(out, &KeyError{
			Key: "audit_spool_max_size", Value: strconv.FormatInt(w.MaxSpool, 10), Problem: "has no room for a body of audit_max_body (" + strconv.FormatInt(w.MaxBody, 10) + ")",
			Hint: "raise audit_spool_max_size, or lower audit_max_body",
		})
	}
	if w.CertFile != "" && w.KeyFile == "" {
		out = append(out, &KeyError{
			Key: "audit_tls_crt_file", Value: w.CertFile, Problem: "has no key",
			Hint: "set audit_tls_key_file too",
		})
	}
	if w.KeyFile != "" && w.CertFile == "" {
		out = append(out, &KeyError{
			Key: "audit_tls_key_file", Value: w.KeyFile, Problem: "has no certificate",
			Hint: "set audit_tls_crt_file too",
		})
	}
	return out
}

func (k Kube) conflicts() []*KeyError {
	var out []*KeyError
	if k.Kubeconfig != "" {
		for _, o := range []struct {
			key string
			set bool
		}{
			{"kube_url", k.URLSet},
			{"kube_token_file", k.TokenFileSet},
			{"kube_ca_file", k.CAFileSet},
			{"kube_ca_path", k.CAPath != ""},
			{"kube_client_cert_file", k.ClientCertFile != ""},
			{"kube_client_key_file", k.ClientKeyFile != ""},
		} {
			if o.set {
				out = append(out, &KeyError{
					Key: "kube_config", Value: k.Kubeconfig,
					Problem: "already says what " + o.key + " says",
					Hint:    "drop " + o.key + ", or drop kube_config to describe the server one key at a time",
				})
			}
		}
	} else if k.Context != "" && k.Explicit() {
		out = append(out, &KeyError{
			Key: "kube_context", Value: k.Context,
			Problem: "chooses from a kubeconfig, but the server is described by other keys",
			Hint:    "drop kube_context, or use kube_config instead of " + k.firstExplicit(),
		})
	}
	if k.ClientCertFile != "" && k.ClientKeyFile == "" {
		out = append(out, &KeyError{
			Key: "kube_client_cert_file", Value: k.ClientCertFile, Problem: "has no key",
			Hint: "set kube_client_key_file too",
		})
	}
	if k.ClientKeyFile != "" && k.ClientCertFile == "" {
		out = append(out, &KeyError{
			Key: "kube_client_key_file", Value: k.ClientKeyFile, Problem: "has no certificate",
			Hint: "set kube_client_cert_file too",
		})
	}
	return out
}

func (k Kube) firstExplicit() string {
	switch {
	case k.URLSet:
		return "kube_url"
	case k.TokenFileSet:
		return "kube_token_file"
	case k.CAFileSet:
		return "kube_ca_file"
	case k.CAPath != "":
		return "kube_ca_path"
	case k.ClientCertFile != "":
		return "kube_client_cert_file"
	}
	return "kube_client_key_file"
}

// unreadable checks the files that the user named. Those that are defaults are
// looked at once it is known that they are needed.
func (k Kube) unreadable() []*KeyError {
	var out []*KeyError
	for _, f := range []struct {
		key, path string
		set       bool
	}{
		{"kube_config", k.Kubeconfig, k.Kubeconfig != ""},
		{"kube_ca_file", k.CAFile, k.CAFileSet},
		{"kube_token_file", k.TokenFile, k.TokenFileSet},
		{"kube_client_cert_file", k.ClientCertFile, k.ClientCertFile != ""},
		{"kube_client_key_file", k.ClientKeyFile, k.ClientKeyFile != ""},
	} {
		if !f.set {
			continue
		}
		out = append(out, unreadable(f.key, f.path))
	}
	if k.CAPath != "" {
		if e := noCertificates(k.CAPath); e != nil {
			out = append(out, e)
		}
	}
	return out
}

// unreadable returns a mistake where the file cannot be read, else nil.
func unreadable(key, path string) *KeyError {
	err := readable(path)
	if err == nil {
		return nil
	}
	return &KeyError{
		Key: key, Value: path, Problem: "cannot be read: " + reason(err),
		Hint: "check the path and its permissions",
	}
}

func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	if err == nil && st.IsDir() {
		err = errors.New("it is a folder")
	}
	return errors.Join(err, f.Close())
}

func noCertificates(dir string) *KeyError {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &KeyError{
			Key: "kube_ca_path", Value: dir, Problem: "cannot be read: " + reason(err),
			Hint: "name a folder with *.crt or *.pem files; one file goes in kube_ca_file",
		}
	}
	for _, e := range entries {
		if IsCertificateFile(e.Name()) {
			return nil
		}
	}
	return &KeyError{
		Key: "kube_ca_path", Value: dir, Problem: "has no *.crt and no *.pem in it",
		Hint: "put the CA's certificate there, or use kube_ca_file",
	}
}

// IsCertificateFile reports whether a file of kube_ca_path is read.
func IsCertificateFile(name string) bool {
	return strings.HasSuffix(name, ".crt") || strings.HasSuffix(name, ".pem")
}

// unsalted tells that there is no salt and none can be made. One that is there needs
// no folder to write to: a mounted Secret has none.
func unsalted(path string) *KeyError {
	if st, err := os.Stat(path); err == nil && st.Mode().IsRegular() && readable(path) == nil {
		return nil
	}
	return unwritable("redact_salt_file", path)
}

// unwritable tries the folder out: permission bits alone do not tell of file
// systems mounted read-only.
func unwritable(key, path string) *KeyError {
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return &KeyError{Key: key, Value: path, Problem: "is a folder", Hint: "name a file in it"}
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".live-status-*")
	if err == nil {
		err = errors.Join(f.Close(), os.Remove(f.Name()))
	}
	if err == nil {
		return nil
	}
	e := &KeyError{Key: key, Value: path, Problem: "is in a folder that cannot be written to: " + reason(err)}
	e.Hint = "make " + dir + " writable for this process"
	if errors.Is(err, fs.ErrNotExist) {
		e.Problem = "is in a folder that does not exist"
		e.Hint = "create " + dir
	}
	return e
}

// reason is an error without the path, which the line names already.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err.Error()
	}
	return err.Error()
}
