package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Validate checks what one option alone cannot tell: how they fit together,
// and whether the files that were named can be read. Its error joins one
// *KeyError per mistake.
func (c Config) Validate() error {
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
		add(unwritable("redact_salt_file", c.SaltFile))
	}
	if c.SaltFile != "" && c.SaltFile == c.Cursor.Path {
		add(&KeyError{
			Key: "redact_salt_file", Value: c.SaltFile, Problem: "is the file of db too",
			Hint: "name another file",
		})
	}
	return errors.Join(errs...)
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
		if err := readable(f.path); err != nil {
			out = append(out, &KeyError{
				Key: f.key, Value: f.path, Problem: "cannot be read: " + reason(err),
				Hint: "check the path and its permissions",
			})
		}
	}
	if k.CAPath != "" {
		if e := noCertificates(k.CAPath); e != nil {
			out = append(out, e)
		}
	}
	return out
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
