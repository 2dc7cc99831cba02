package controlplane

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"
)

// access is the administrator's way in, for one serving authority.
type access struct {
	config     *rest.Config
	client     kubernetes.Interface
	http       *http.Client
	probe      *http.Client
	kubeconfig string
}

func (a *access) close() {
	a.http.CloseIdleConnections()
	a.probe.CloseIdleConnections()
}

// useServingCA makes the administrator trust the authority.
func (c *Cluster) useServingCA(ca *authority) error {
	kubeconfig, err := c.state.writeKubeconfig("admin", c.URL(), ca.pem, c.adminAuth())
	if err != nil {
		return err
	}
	// Certificates are given as bytes: client-go keeps a goroutine for ever for
	// each pair of files that it watches.
	config := &rest.Config{
		Host: c.URL(),
		TLSClientConfig: rest.TLSClientConfig{
			CAData: ca.pem, CertData: c.admin.cert, KeyData: c.admin.key,
		},
		// Tests want the server's limits, not the client's.
		QPS: -1,
	}
	httpClient, err := rest.HTTPClientFor(config)
	if err != nil {
		return fmt.Errorf("create client: %w", err)
	}
	client, err := kubernetes.NewForConfigAndClient(config, httpClient)
	if err != nil {
		return fmt.Errorf("create client: %w", err)
	}
	pair, err := tls.X509KeyPair(c.admin.cert, c.admin.key)
	if err != nil {
		return fmt.Errorf("load the administrator's certificate: %w", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	probe := &http.Client{
		Timeout: probeTimeout,
		Transport: &http.Transport{
			TLSClientConfig: &tls.Config{
				RootCAs: roots, Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12,
			},
			DisableKeepAlives: true,
		},
	}

	c.guard.Lock()
	defer c.guard.Unlock()
	if c.access != nil {
		c.access.close()
	}
	c.servingCA = ca
	c.access = &access{config: config, client: client, http: httpClient, probe: probe, kubeconfig: kubeconfig}
	return nil
}

func (c *Cluster) currentAccess() *access {
	c.guard.Lock()
	defer c.guard.Unlock()
	return c.access
}

func (c *Cluster) currentCA() *authority {
	c.guard.Lock()
	defer c.guard.Unlock()
	return c.servingCA
}

// URL is the API server's address, which restarts do not change.
func (c *Cluster) URL() string { return "https://" + loopback(c.ports.api) }

// CAFile holds the authority of the API server's certificate in PEM. It is
// replaced in place by RotateServingCA.
func (c *Cluster) CAFile() string { return c.state.pki("serving-ca.crt") }

// StateDir is the folder with the cluster's keys, data and logs.
func (c *Cluster) StateDir() string { return c.state.dir }

// LogFile is what the component (such as "kube-apiserver") has written, over
// all its restarts.
func (c *Cluster) LogFile(component string) string { return c.state.path("log", component+".log") }

// AuditLog is the audit trail as JSON Lines, if Options.AuditPolicyFile is set.
func (c *Cluster) AuditLog() string { return c.state.path("audit", "audit.log") }

// Kubeconfig is the path of a self-contained kubeconfig of the administrator.
func (c *Cluster) Kubeconfig() string { return c.currentAccess().kubeconfig }

// RESTConfig is the administrator's configuration, without a client-side rate
// limit. Each caller gets a copy.
func (c *Cluster) RESTConfig() *rest.Config { return rest.CopyConfig(c.currentAccess().config) }

// Client acts as the administrator.
func (c *Cluster) Client() kubernetes.Interface { return c.currentAccess().client }

// KubeconfigFor issues a client certificate for the user, who need not exist
// anywhere, and returns the path of a self-contained kubeconfig. What the user
// may do follows from RBAC.
func (c *Cluster) KubeconfigFor(user string, groups ...string) (string, error) {
	pair, err := c.clientCA.client(user, groups...)
	if err != nil {
		return "", err
	}
	auth := &api.AuthInfo{ClientCertificateData: pair.cert, ClientKeyData: pair.key}
	return c.state.writeKubeconfig(user, c.URL(), c.currentCA().pem, auth)
}

// ClientCertificate issues a client certificate and writes it to two files,
// which a later call for the same user replaces in place (a rotation).
func (c *Cluster) ClientCertificate(user string, groups ...string) (certFile, keyFile string, err error) {
	pair, err := c.clientCA.client(user, groups...)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = c.state.kubeconfig(user)+".crt", c.state.kubeconfig(user)+".key"
	err = writeFiles(map[string][]byte{certFile: pair.cert, keyFile: pair.key})
	return certFile, keyFile, err
}

// ServiceAccountToken asks the API server for a token of the service account,
// which must exist. The API server does not grant less than 10 minutes; to make
// a token invalid before that, delete the account.
func (c *Cluster) ServiceAccountToken(ctx context.Context, namespace, name string, ttl time.Duration) (string, error) {
	request := &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(ttl / time.Second))},
	}
	granted, err := c.Client().CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("request token of service account %s/%s: %w", namespace, name, err)
	}
	return granted.Status.Token, nil
}

// RotateServingCA gives the API server a certificate of a new authority, puts
// that authority into CAFile and the administrator's kubeconfig, and returns
// once the new certificate is served, which takes up to a minute. Connections
// that are open stay so. The other components cannot follow, so the cluster
// must not have them.
func (c *Cluster) RotateServingCA(ctx context.Context) error {
	if c.opts.ControllerManager || c.opts.Scheduler || c.opts.Nodes > 0 {
		return fmt.Errorf("rotate the serving authority: only etcd and kube-apiserver may run")
	}
	c.lifecycle.Lock()
	defer c.lifecycle.Unlock()
	ca, err := newAuthority("embedded-serving-ca")
	if err != nil {
		return err
	}
	server, err := ca.server(apiServer)
	if err != nil {
		return err
	}
	err = writeFiles(map[string][]byte{
		c.CAFile():                   ca.pem,
		c.state.pki("apiserver.crt"): server.cert,
		c.state.pki("apiserver.key"): server.key,
	})
	if err != nil {
		return err
	}
	if err := c.useServingCA(ca); err != nil {
		return err
	}
	return c.ready(ctx, c.process(apiServer), c.get(c.URL()+"/readyz"))
}

// get returns a question that is answered once the URL gives 200.
func (c *Cluster) get(url string) func(context.Context) error {
	client := c.currentAccess().probe
	return func(ctx context.Context) error {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		body, err := io.ReadAll(io.LimitReader(response.Body, 4096))
		if err != nil {
			return fmt.Errorf("ask %s: %w", url, err)
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("ask %s: %s: %s", url, response.Status, lastLines(body, 5))
		}
		return nil
	}
}

func (c *Cluster) defaultServiceAccount(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	_, err := c.Client().CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
	return err
}

func (c *Cluster) createNode(ctx context.Context, name string, index int) error {
	resources := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse("16"),
		corev1.ResourceMemory: resource.MustParse("64Gi"),
		corev1.ResourcePods:   resource.MustParse("250"),
	}
	node := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: name,
			Labels: map[string]string{
				corev1.LabelHostname:     name,
				corev1.LabelOSStable:     "linux",
				corev1.LabelArchStable:   "amd64",
				corev1.LabelTopologyZone: fmt.Sprintf("zone-%d", index%3+1),
			},
		},
		Status: corev1.NodeStatus{Capacity: resources, Allocatable: maps.Clone(resources)},
	}
	if _, err := c.Client().CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create node %s: %w", name, err)
	}
	return nil
}

func (c *Cluster) nodesReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	nodes, err := c.Client().CoreV1().Nodes().List(ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	ready := 0
	for _, node := range nodes.Items {
		for _, condition := range node.Status.Conditions {
			if condition.Type == corev1.NodeReady && condition.Status == corev1.ConditionTrue {
				ready++
			}
		}
	}
	if ready < c.opts.Nodes {
		return fmt.Errorf("%d of %d nodes are ready", ready, c.opts.Nodes)
	}
	return nil
}
