package values

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const (
	pemCertificate = "-----BEGIN CERTIFICATE-----\nMIIBplanted\n-----END CERTIFICATE-----"
	pemKey         = "-----BEGIN " + "PRIVATE KEY-----\nMIIE7planted\n-----END " + "PRIVATE KEY-----"
)

// What of one Secret is looked for everywhere.
func TestAdmit(t *testing.T) {
	for _, c := range []struct {
		kind, key, value string
		want             bool
	}{
		// What Secrets hold.
		{"Opaque", "password", "correct-horse", true},
		{"Opaque", "password", "hunter2hunter2", true},
		{"Opaque", "password", "correct horse battery staple", true},
		{"Opaque", "DB_PASSWORD", "summerrain", true},
		{"Opaque", "dbPassword", "summerrain", true},
		{"Opaque", "api-key", "0f8fad5b-d9cb-469f-a165-70867728950e", true},
		{"Opaque", "apikey", "0123456789abcdef", true},
		{"Opaque", "anything", "0123456789abcdef0123456789abcdef", true},
		{"Opaque", "anything", "Xk29-pQ7w-Zz81", true},
		{"Opaque", "anything", "qwertzuiopasdfghjklyxcvbnm", true},
		{"Opaque", "config.yaml", "db:\n  password: Xk29pQ7w", true},
		{"Opaque", "url", "postgres://shop:Xk29pQ7w@db.shop/shop", true},
		{"Opaque", "url", "https://hooks.example.com/services/T0123/B0123/a1b2c3d4e5f6a7b8c9d0", true},
		{"Opaque", "url", "https://example.com/?sig=Xk29pQ7w", true},
		{"Opaque", "user", "postgres://shop:Xk29pQ7w@db.shop/shop", true},
		{"Opaque", "id_rsa", pemKey, true},
		{"kubernetes.io/tls", "tls.key", pemKey, true},
		{"kubernetes.io/basic-auth", "password", "Xk29pQ7w", true},
		{"kubernetes.io/service-account-token", "token", "eyJ" + "hbGciOiJub25lIn0.e30.", true},
		{"bootstrap.kubernetes.io/token", "token-secret", "0123456789abcdef", true},

		// What is public by its type or its key.
		{"kubernetes.io/tls", "tls.crt", pemCertificate, false},
		{"kubernetes.io/tls", "anything", "Xk29pQ7w-Zz81", false},
		{"kubernetes.io/service-account-token", "ca.crt", pemCertificate, false},
		{"kubernetes.io/service-account-token", "namespace", "a-namespace", false},
		{"bootstrap.kubernetes.io/token", "description", "The default token, made by 'kubeadm'.", false},
		{"helm.sh/release.v1", "release", "H4sIAAAAAAAA/planted", false},
		{"kubernetes.io/basic-auth", "username", "Administrator7", false},
		{"Opaque", "ca.crt", "anything at all 7!", false},
		{"Opaque", "ca-bundle", pemCertificate, false},
		{"Opaque", "POSTGRES_USER", "shop_admin_7!", false},
		{"Opaque", "dbHost", "DB.SHOP.EXAMPLE", false},
		{"Opaque", "database", "shop$production", false},

		// What would take ordinary words out of all records.
		{"Opaque", "password", "short77", false},
		{"Opaque", "password", "kube-system", false},
		{"Opaque", "password", "kube-controller-manager", false},
		{"Opaque", "password", "system:serviceaccount", false},
		{"Opaque", "password", "Deployment", false},
		{"Opaque", "password", "ResponseComplete", false},
		{"Opaque", "password", "a-namespace", false},
		{"Opaque", "password", "a-secret", false},
		{"Opaque", "password", "rbac.authorization.k8s.io", false},
		{"Opaque", "token", "registry.k8s.io/pause", false},
		{"Opaque", "password", pemCertificate, false},
		{"Opaque", "x", "payment-service", false},
		{"Opaque", "x", "prod.eu-1/shop", false},
		{"Opaque", "x", "nginx:1.29.3-alpine", false},
		{"Opaque", "x", "docker.example.com/library/nginx:1.29", false},
		{"Opaque", "x", "payments.shop.svc.cluster.local", false},
		{"Opaque", "x", "/var/run/secrets/kubernetes.io/serviceaccount", false},
		{"Opaque", "x", "https://shop.example.com/api/v1", false},
		{"Opaque", "x", "Successfully assigned", false},
		{"Opaque", "x", "FailedScheduling", false},
		{"Opaque", "x", "2026-01-02T03:04:05Z", false},
		{"Opaque", "x", "1234567890", false},
	} {
		t.Run(c.kind+" "+c.key+" "+c.value, func(t *testing.T) {
			s := content{
				key:  SecretKey{Namespace: "a-namespace", Name: "a-secret"},
				kind: c.kind, data: map[string][]byte{c.key: []byte(c.value + "\n")},
			}
			values, beyond := admit(s, minClusterLength)
			if got := len(values) == 1; got != c.want || beyond != 0 {
				t.Fatalf("got %v, %d beyond", values, beyond)
			}
			if c.want && (values[0].Name != "a-namespace/a-secret/"+c.key || values[0].Text != c.value) {
				t.Errorf("got %v", values)
			}
		})
	}
}

// Of a document the credentials count, for themselves.
func TestAdmitDocument(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("shop:Xk29pQ7w-Zz81"))
	s := content{
		key:  SecretKey{Namespace: "n", Name: "s"},
		kind: "kubernetes.io/dockerconfigjson",
		data: map[string][]byte{".dockerconfigjson": fmt.Appendf(nil,
			`{"auths":{"ghcr.io":{"username":"shop-robot-7","password":"Xk29pQ7w-Zz81","auth":%q,"tokens":["kube-system","yY27-aaBB"]}}}`, auth)},
	}
	values, _ := admit(s, minClusterLength)
	var got []string
	for _, v := range values {
		got = append(got, v.Text)
	}
	slices.Sort(got)
	want := []string{"Xk29pQ7w-Zz81", auth, "yY27-aaBB"}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Of a Secret with too much what names a credential comes first.
func TestAdmitLimits(t *testing.T) {
	s := content{key: SecretKey{Namespace: "n", Name: "s"}, data: map[string][]byte{}}
	for i := range 100 {
		s.data[fmt.Sprintf("a%02d", i)] = fmt.Appendf(nil, "Xk29pQ7w-%02d", i)
	}
	s.data["zz-password"] = []byte("Xk29pQ7w-Zz81")
	values, beyond := admit(s, minClusterLength)
	if len(values) != maxSecretValues || beyond != 101-maxSecretValues {
		t.Errorf("%d values, %d beyond", len(values), beyond)
	}
	if values[0].Name != "n/s/zz-password" || values[1].Name != "n/s/a00" {
		t.Errorf("the first ones are %v", values[:2])
	}
	s.data = map[string][]byte{
		"a": bytes.Repeat([]byte("A1"), maxSecretBytes/2), "b": []byte("Xk29pQ7w"),
	}
	if values, beyond := admit(s, minClusterLength); len(values) != 1 || beyond != 1 {
		t.Errorf("%d values, %d beyond", len(values), beyond)
	}
	s.data = map[string][]byte{"a": []byte(strings.Repeat("x1", maxSecretBytes))}
	if values, beyond := admit(s, minClusterLength); len(values) != 0 || beyond != 1 {
		t.Errorf("%d values, %d beyond", len(values), beyond)
	}
}
