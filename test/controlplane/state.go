package controlplane

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// state is the folder that holds everything of one cluster.
type state struct {
	dir string
	// temporary folders are removed when the cluster stops.
	temporary bool
}

func newState(dir string) (state, error) {
	if dir == "" {
		created, err := os.MkdirTemp("", "live-status-cluster-")
		if err != nil {
			return state{}, fmt.Errorf("create state folder: %w", err)
		}
		return state{dir: created, temporary: true}.prepare()
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return state{}, fmt.Errorf("resolve state folder: %w", err)
	}
	if _, err := os.Stat(filepath.Join(absolute, "etcd")); err == nil {
		return state{}, fmt.Errorf("state folder %s holds another cluster; remove it or name another", absolute)
	}
	return state{dir: absolute}.prepare()
}

func (s state) prepare() (state, error) {
	for _, sub := range []string{"pki", "log", "audit", "kubeconfig", "kubectl-cache"} {
		if err := os.MkdirAll(filepath.Join(s.dir, sub), 0o700); err != nil {
			return state{}, fmt.Errorf("create state folder: %w", err)
		}
	}
	return s, nil
}

func (s state) remove() error {
	if !s.temporary {
		return nil
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove state folder: %w", err)
	}
	return nil
}

func (s state) path(elements ...string) string {
	return filepath.Join(append([]string{s.dir}, elements...)...)
}

func (s state) pki(name string) string { return s.path("pki", name) }

func (s state) kubeconfig(user string) string {
	// Names of users hold colons and may hold slashes.
	return s.path("kubeconfig", strings.NewReplacer(":", "_", "/", "_").Replace(user)+".yaml")
}

// writeKubeconfig writes a kubeconfig with everything inside, so that it can be
// copied elsewhere, and returns its path.
func (s state) writeKubeconfig(user, server string, ca []byte, auth *api.AuthInfo) (string, error) {
	config := api.NewConfig()
	config.Clusters["embedded"] = &api.Cluster{Server: server, CertificateAuthorityData: ca}
	config.AuthInfos[user] = auth
	config.Contexts["embedded"] = &api.Context{Cluster: "embedded", AuthInfo: user}
	config.CurrentContext = "embedded"
	path := s.kubeconfig(user)
	if err := clientcmd.WriteToFile(*config, path); err != nil {
		return "", fmt.Errorf("write kubeconfig of %s: %w", user, err)
	}
	return path, nil
}

// tokenFile renders users as kube-apiserver --token-auth-file reads them:
// token, name, uid and the groups as one quoted field.
func tokenFile(users []User) ([]byte, error) {
	var out bytes.Buffer
	writer := csv.NewWriter(&out)
	for _, user := range users {
		record := []string{user.Token, user.Name, "uid-" + user.Name}
		if len(user.Groups) > 0 {
			record = append(record, strings.Join(user.Groups, ","))
		}
		if err := writer.Write(record); err != nil {
			return nil, fmt.Errorf("encode token of %s: %w", user.Name, err)
		}
	}
	writer.Flush()
	if err := writer.Error(); err != nil {
		return nil, fmt.Errorf("encode tokens: %w", err)
	}
	return out.Bytes(), nil
}
