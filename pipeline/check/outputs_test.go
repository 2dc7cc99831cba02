package check

import (
	"crypto/x509"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// hostOf splits the address of a server.
func hostOf(t *testing.T, address string) (host, port string) {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	return host, port
}

func TestOutputs(t *testing.T) {
	ca, foreign := newAuthority(t, "ca"), newAuthority(t, "foreign")
	_, good := hostOf(t, ca.serve(t, api{}).Listener.Addr().String())
	_, bad := hostOf(t, foreign.serve(t, api{}).Listener.Addr().String())
	_, old := hostOf(t, ca.serve(t, api{}, expired).Listener.Addr().String())
	_, named := hostOf(t, ca.serve(t, api{}, another).Listener.Addr().String())
	_, down := hostOf(t, refused(t))
	dir := t.TempDir()
	for _, tt := range []struct{ name, options, want string }{
		{"stdout", "", "outputs ok: stdout (a): it needs nothing"},
		{"null", "", "outputs ok"},
		{"file", "path " + dir, "outputs ok: file (a): the folder " + dir + " can be written to"},
		{"file", "path " + dir + "/gone", "outputs failed: file (a): the folder ...no such file or directory -> create the folder"},
		{"file", "mkdir on path " + dir + "/gone", "outputs ok: ...is made when it is needed"},
		{"http", "host 127.0.0.1 port " + good, "outputs ok: http (a): connected to 127.0.0.1:" + good + " in ..., no TLS"},
		{"http", "host 127.0.0.1 port " + good + " tls on tls.ca_file " + ca.file, "outputs ok: ...verified by CN=ca"},
		{"loki", "host 127.0.0.1 port " + bad + " tls on tls.ca_file " + ca.file, "outputs failed: loki (a): ...unknown authority, CN=foreign -> ...tls.ca_file"},
		{"es", "host 127.0.0.1 port " + old + " tls on tls.ca_file " + ca.file, "outputs failed: es (a): ...ended on"},
		{"opentelemetry", "host 127.0.0.1 port " + named + " tls on tls.ca_file " + ca.file, "outputs warning: ...not for 127.0.0.1; names are not checked"},
		{"opentelemetry", "host 127.0.0.1 port " + named + " tls on tls.verify_hostname on tls.ca_file " + ca.file, "outputs failed: ...not for 127.0.0.1 -> ...tls.vhost"},
		{"opentelemetry", "host 127.0.0.1 port " + named + " tls on tls.verify_hostname on tls.vhost kubernetes.default.svc tls.ca_file " + ca.file, "outputs ok: ...verified by CN=ca"},
		{"http", "host 127.0.0.1 port " + bad + " tls on tls.verify off", "outputs warning: ...is not checked"},
		{"http", "host 127.0.0.1 port " + good + " tls on tls.ca_file gone.crt", "outputs failed: ...tls.ca_file gone.crt"},
		{"forward", "host 127.0.0.1 port " + down, "outputs failed: forward (a): 127.0.0.1:" + down + ": connection refused -> nothing listens there"},
		{"kafka", "brokers 127.0.0.1:" + good, "outputs ok: kafka (a): connected"},
		{"kafka", "rdkafka.security.protocol ssl rdkafka.ssl.ca.location " + ca.file + " brokers 127.0.0.1:" + bad, "outputs failed: ...rdkafka.ssl.ca.location"},
		{"kafka", "topics x", "outputs skipped: kafka (a): it has no brokers"},
		{"s3", "endpoint https://127.0.0.1:" + good + "/ tls.ca_file " + ca.file, "outputs ok: s3 (a): 127.0.0.1:...verified by CN=ca"},
		{"http", "proxy http://user:geheim@127.0.0.1:" + good, "outputs ok: http (a): connected to"},
		{"syslog", "host 127.0.0.1", "outputs ok: ...cannot be told"},
		{"syslog", "mode tcp host 127.0.0.1 port " + good, "outputs ok: ...connected"},
		{"stackdriver", "http_passwd geheim", "outputs skipped: ...where it sends to is not known"},
		{"es", "cloud_id geheim", "outputs skipped: ...cloud_id"},
		{"live_status", "forward_to file:" + dir + "/records.jsonl cluster_name test", "outputs ok: live_status (a): file:"},
		{"live_status", "forward_to nowhere cluster_name test", "outputs failed: live_status (a): forward_to"},
	} {
		t.Run(tt.name+" "+strings.ReplaceAll(tt.options, "/", "_"), func(t *testing.T) {
			o := Output{Plugin: tt.name, Title: "a", Options: map[string]string{}}
			words := strings.Fields(tt.options)
			for i := 0; i+1 < len(words); i += 2 {
				o.Options[words[i]] = words[i+1]
			}
			rows := Run(t.Context(), Options{Outputs: []Output{o}, Only: []Name{Outputs}, Timeout: 20 * time.Second})
			says(t, rows, tt.want)
			if strings.Contains(text(rows), "geheim") {
				t.Errorf("a credential is told: %s", text(rows))
			}
		})
	}
	says(t, Run(t.Context(), Options{Only: []Name{Outputs}}), "outputs skipped: no configuration of Fluent Bit")
}

func TestOutputsByThemselves(t *testing.T) {
	for _, tt := range []struct {
		name    string
		options map[string]string
		want    string
		secure  bool
	}{
		{"forward", nil, "127.0.0.1:24224", false},
		{"http", map[string]string{"host": "collector"}, "collector:80", false},
		{"loki", map[string]string{"host": "loki", "tls": "On"}, "loki:3100", true},
		{"s3", nil, "s3.us-east-1.amazonaws.com:443", true},
		{"s3", map[string]string{"region": "cn-north-1"}, "s3.cn-north-1.amazonaws.com.cn:443", true},
		{"s3", map[string]string{"endpoint": "http://minio:9000"}, "minio:9000", false},
		{"kafka", map[string]string{"brokers": "PLAINTEXT://a:1, b"}, "a:1 b:9092", false},
		{"http", map[string]string{"host": "::1", "port": "8080"}, "[::1]:8080", false},
		{"cloudwatch_logs", map[string]string{"endpoint": "logs.example.com"}, "logs.example.com:443", true},
	} {
		ends, err := Output{Plugin: tt.name, Options: tt.options}.endpoints()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, e := range ends {
			got = append(got, e.address())
			if e.tls != tt.secure {
				t.Errorf("%s: TLS %t", tt.name, e.tls)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, got, tt.want)
		}
	}
}

// Of a folder of authorities all are taken.
func TestOutputFolderOfAuthorities(t *testing.T) {
	ca := newAuthority(t, "ca")
	s := ca.serve(t, http.NotFoundHandler(), func(*x509.Certificate) {})
	host, port := hostOf(t, s.Listener.Addr().String())
	dir := ca.file[:strings.LastIndexByte(ca.file, '/')]
	write(t, dir+"/notes.txt", []byte("nothing"))
	o := Output{Plugin: "http", Options: map[string]string{"host": host, "port": port, "tls": "on", "tls.ca_path": dir}}
	says(t, Run(t.Context(), Options{Outputs: []Output{o}, Only: []Name{Outputs}, Timeout: 20 * time.Second}), "outputs ok: http: ...verified by CN=ca")
}
