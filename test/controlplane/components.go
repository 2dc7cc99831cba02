package controlplane

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"k8s.io/client-go/tools/clientcmd/api"
)

// Names of the components, as the binary knows them.
const (
	etcd              = "etcd"
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	kwok              = "kwok"
)

// Addresses inside the cluster, which nothing on this machine routes to.
const (
	serviceNetwork = "10.96.0.0/16"
	serviceIP      = "10.96.0.1"
	podNetwork     = "10.244.0.0/16"
)

// ports that the components listen on at 127.0.0.1.
type ports struct {
	api, etcd, peer, controllerManager, scheduler, kwok int
}

func choosePorts(ctx context.Context) (ports, error) {
	free, err := freePorts(ctx, 6)
	if err != nil {
		return ports{}, err
	}
	return ports{
		api: free[0], etcd: free[1], peer: free[2],
		controllerManager: free[3], scheduler: free[4], kwok: free[5],
	}, nil
}

// createIdentities makes all keys: one authority for the API server's own
// certificate, so that it can be rotated alone, and one for clients.
func (c *Cluster) createIdentities() error {
	servingCA, err := newAuthority("embedded-serving-ca")
	if err != nil {
		return err
	}
	if c.clientCA, err = newAuthority("embedded-client-ca"); err != nil {
		return err
	}
	clientCAKey, err := encodeKey(c.clientCA.key)
	if err != nil {
		return err
	}
	server, err := servingCA.server(apiServer)
	if err != nil {
		return err
	}
	frontProxy, err := c.clientCA.client("front-proxy-client")
	if err != nil {
		return err
	}
	// Service account tokens are signed with a key that stands for no
	// certificate; the pair is made only for its key.
	tokens, err := c.clientCA.client("service-accounts")
	if err != nil {
		return err
	}
	users, err := tokenFile(c.opts.Users)
	if err != nil {
		return err
	}
	if c.admin, err = c.clientCA.client("kubernetes-admin", "system:masters"); err != nil {
		return err
	}
	err = writeFiles(map[string][]byte{
		c.state.pki("serving-ca.crt"):  servingCA.pem,
		c.state.pki("client-ca.crt"):   c.clientCA.pem,
		c.state.pki("client-ca.key"):   clientCAKey,
		c.state.pki("apiserver.crt"):   server.cert,
		c.state.pki("apiserver.key"):   server.key,
		c.state.pki("front-proxy.crt"): frontProxy.cert,
		c.state.pki("front-proxy.key"): frontProxy.key,
		c.state.pki("tokens.key"):      tokens.key,
		c.state.pki("users.csv"):       users,
	})
	if err != nil {
		return err
	}
	return c.useServingCA(servingCA)
}

func (c *Cluster) startEtcd(ctx context.Context) error {
	client, peer := "http://"+loopback(c.ports.etcd), "http://"+loopback(c.ports.peer)
	p, err := c.launch(etcd, []string{
		"--name=embedded",
		"--data-dir=" + c.state.path("etcd"),
		"--listen-client-urls=" + client,
		"--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer,
		"--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=embedded=" + peer,
		// The data need not outlive the machine.
		"--unsafe-no-fsync",
		"--quota-backend-bytes=8589934592",
		"--log-level=warn",
	})
	if err != nil {
		return err
	}
	return c.ready(ctx, p, c.get(client+"/health"))
}

func (c *Cluster) startAPIServer(ctx context.Context) error {
	args := []string{
		"--etcd-servers=http://" + loopback(c.ports.etcd),
		"--etcd-compaction-interval=" + c.opts.CompactionInterval.String(),
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(c.ports.api),
		// Nobody reaches the API server through its Service here, and a loopback
		// address would be refused as an endpoint.
		"--endpoint-reconciler-type=none",
		"--service-cluster-ip-range=" + serviceNetwork,
		"--allow-privileged=true",
		"--tls-cert-file=" + c.state.pki("apiserver.crt"),
		"--tls-private-key-file=" + c.state.pki("apiserver.key"),
		"--client-ca-file=" + c.state.pki("client-ca.crt"),
		"--token-auth-file=" + c.state.pki("users.csv"),
		"--requestheader-client-ca-file=" + c.state.pki("client-ca.crt"),
		"--requestheader-allowed-names=front-proxy-client",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + c.state.pki("front-proxy.crt"),
		"--proxy-client-key-file=" + c.state.pki("front-proxy.key"),
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-signing-key-file=" + c.state.pki("tokens.key"),
		"--service-account-key-file=" + c.state.pki("tokens.key"),
		"--profiling=false",
		// Without it, SIGTERM waits a minute for the clients of open watches.
		"--shutdown-watch-termination-grace-period=1s",
	}
	if c.opts.EventTTL > 0 {
		args = append(args, "--event-ttl="+c.opts.EventTTL.String())
	}
	if c.opts.AuditPolicyFile != "" {
		args = append(args,
			"--audit-policy-file="+c.opts.AuditPolicyFile,
			"--audit-log-path="+c.AuditLog(),
			"--audit-log-format=json",
			"--audit-log-mode=blocking",
		)
		if c.opts.AuditWebhookFile != "" {
			args = append(args, "--audit-webhook-config-file="+c.opts.AuditWebhookFile)
		}
	}
	p, err := c.launch(apiServer, append(args, c.opts.APIServerFlags...))
	if err != nil {
		return err
	}
	return c.ready(ctx, p, c.get(c.URL()+"/readyz"))
}

func (c *Cluster) startControllerManager(ctx context.Context) (func() error, error) {
	config, err := c.KubeconfigFor("system:kube-controller-manager")
	if err != nil {
		return nil, err
	}
	p, err := c.launch(controllerManager, append(c.secured(config, c.ports.controllerManager),
		"--use-service-account-credentials=true",
		"--service-account-private-key-file="+c.state.pki("tokens.key"),
		"--root-ca-file="+c.CAFile(),
		"--cluster-signing-cert-file="+c.state.pki("client-ca.crt"),
		"--cluster-signing-key-file="+c.state.pki("client-ca.key"),
		"--kube-api-qps=200", "--kube-api-burst=400",
		// Nodes of kwok renew their leases no sooner than real ones, and tests stop the
		// API server for as long as the controller would wait.
		"--node-monitor-grace-period=3m",
	))
	if err != nil {
		return nil, err
	}
	// Pods need the default service account, which it makes.
	return func() error { return c.ready(ctx, p, c.defaultServiceAccount) }, nil
}

func (c *Cluster) startScheduler(ctx context.Context) (func() error, error) {
	config, err := c.KubeconfigFor("system:kube-scheduler")
	if err != nil {
		return nil, err
	}
	p, err := c.launch(scheduler, append(c.secured(config, c.ports.scheduler),
		"--kube-api-qps=200", "--kube-api-burst=400",
	))
	if err != nil {
		return nil, err
	}
	url := "https://" + loopback(c.ports.scheduler) + "/readyz"
	return func() error { return c.ready(ctx, p, c.get(url)) }, nil
}

// secured are the flags that the controller manager and the scheduler share.
func (c *Cluster) secured(config string, port int) []string {
	return []string{
		"--kubeconfig=" + config,
		"--authentication-kubeconfig=" + config,
		"--authorization-kubeconfig=" + config,
		"--bind-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + c.state.pki("apiserver.crt"),
		"--tls-private-key-file=" + c.state.pki("apiserver.key"),
		// There is only one of each, and an election costs 15 seconds after a
		// restart.
		"--leader-elect=false",
	}
}

func (c *Cluster) startKwok(ctx context.Context) (func() error, error) {
	config, err := c.KubeconfigFor("system:kwok-controller", "system:masters")
	if err != nil {
		return nil, err
	}
	rendered, err := kwokStages()
	if err != nil {
		return nil, err
	}
	stages := c.state.path("kwok.yaml")
	if err := writeFiles(map[string][]byte{stages: rendered}); err != nil {
		return nil, err
	}
	p, err := c.launch(kwok, []string{
		"--config=" + stages,
		"--kubeconfig=" + config,
		"--manage-all-nodes=true",
		"--cidr=" + podNetwork,
		"--node-ip=127.0.0.1",
		"--node-port=" + strconv.Itoa(c.ports.kwok),
		"--server-address=" + loopback(c.ports.kwok),
		"--node-lease-duration-seconds=40",
	})
	if err != nil {
		return nil, err
	}
	for i := range c.opts.Nodes {
		if err := c.createNode(ctx, fmt.Sprintf("node-%d", i+1), i); err != nil {
			return nil, err
		}
	}
	return func() error { return c.ready(ctx, p, c.nodesReady) }, nil
}

// adminAuth is the administrator's identity, inline.
func (c *Cluster) adminAuth() *api.AuthInfo {
	return &api.AuthInfo{ClientCertificateData: c.admin.cert, ClientKeyData: c.admin.key}
}

// probeTimeout bounds one question to a component.
const probeTimeout = 3 * time.Second
