package check

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluent-live/live-status/pipeline/config"
)

// Output is an output of Fluent Bit's configuration.
type Output struct {
	// Plugin is its name, Title its alias, else its match.
	Plugin, Title string
	// Options are its keys in lower case, variables filled in.
	Options map[string]string
}

// maxOutputs is how many outputs are looked at.
const maxOutputs = 32

// outputs looks at where Fluent Bit sends records: it resolves, connects and does the
// TLS handshake as the output's own keys say. It sends nothing.
func outputs(ctx context.Context, s *session) []Finding {
	if len(s.Outputs) == 0 {
		return skipped("no configuration of Fluent Bit with outputs is given by -c")
	}
	all := s.Outputs[:min(len(s.Outputs), maxOutputs)]
	found := make([][]Finding, len(all))
	done := make(chan struct{})
	for i, o := range all {
		go func() {
			defer func() { done <- struct{}{} }()
			found[i] = survive(ctx, s, probe{run: func(ctx context.Context, s *session) []Finding { return s.output(ctx, o) }})
		}()
	}
	for range all {
		<-done
	}
	var out []Finding
	for i, findings := range found {
		for _, f := range findings {
			f.Detail = all[i].called() + ": " + f.Detail
			out = append(out, f)
		}
	}
	if more := len(s.Outputs) - len(all); more > 0 {
		out = append(out, Finding{Result: Skipped, Detail: plural(more, "further output") + " not looked at"})
	}
	return out
}

func (o Output) called() string {
	if o.Title == "" {
		return o.Plugin
	}
	return o.Plugin + " (" + o.Title + ")"
}

// output looks at one output.
func (s *session) output(ctx context.Context, o Output) []Finding {
	switch {
	case strings.EqualFold(o.Plugin, "live_status"):
		cfg, err := config.ParseOutput(config.Map(o.Options))
		if err != nil {
			return failed("correct it; docs/CONFIGURATION.md lists the options", "%s", err)
		}
		return s.forward(ctx, cfg.Forward)
	case o.Plugin == "file":
		return outputFile(o)
	case local[o.Plugin]:
		return okay("it needs nothing")
	}
	ends, err := o.endpoints()
	if err != nil {
		return skipped("%s", err)
	}
	var out []Finding
	for _, e := range ends {
		out = append(out, s.endpoint(ctx, o, e)...)
	}
	return out
}

// outputFile looks at the folder that an output writes to.
func outputFile(o Output) []Finding {
	dir := o.Options["path"]
	if dir == "" {
		dir = "."
		if file := o.Options["file"]; file != "" {
			dir = filepath.Dir(file)
		}
	}
	err := writable(dir)
	if errors.Is(err, os.ErrNotExist) && isOn(o.Options["mkdir"], false) {
		return okay("the folder %s is made when it is needed", dir)
	}
	if err != nil {
		return failed("create the folder, and let Fluent Bit's user write there", "the folder %s: %s", dir, cause(err))
	}
	return okay("the folder %s can be written to", dir)
}

// endpoint connects to one address of an output.
func (s *session) endpoint(ctx context.Context, o Output, e endpoint) []Finding {
	if e.datagrams {
		if _, err := net.DefaultResolver.LookupHost(ctx, e.host); err != nil {
			return failed(networkFix(err), "%s: %s", e.host, cause(err))
		}
		return okay("%s is known; whether something takes datagrams there cannot be told", e.host)
	}
	detail, err := s.connect(ctx, e.address())
	if err != nil {
		return failed(networkFix(err), "%s: %s", e.address(), cause(err))
	}
	if !e.tls {
		return okay("%s, no TLS", detail)
	}
	t, err := o.trust(e, s)
	if err != nil {
		return failed("write it as PEM, where Fluent Bit's user can read it", "%s", err)
	}
	p, err := dialTLS(ctx, e.address(), t)
	return p.judge(t, e.address(), err)
}

// trust says what Fluent Bit checks of the certificate of an output's server.
func (o Output) trust(e endpoint, s *session) (trust, error) {
	t := trust{
		name: e.host, any: !e.verify, anyName: !e.verifyName, now: s.Now(),
		where: options{ca: "tls.ca_file", host: "host", name: "tls.vhost"},
	}
	if e.kafka {
		t.where = options{ca: "rdkafka.ssl.ca.location", host: "brokers", name: "the certificate's names"}
	}
	if e.name != "" {
		t.name = e.name
	}
	var err error
	if t.roots, err = rootsOf(e.ca); err != nil {
		return t, fmt.Errorf("%s %s: %s", t.where.ca, e.ca, cause(err))
	}
	if e.caPath != "" && t.roots == nil {
		t.roots = rootsIn(e.caPath)
	}
	if e.cert != "" && e.key != "" {
		pair, err := tls.LoadX509KeyPair(e.cert, e.key)
		if err != nil {
			return t, fmt.Errorf("the client certificate %s and its key: %s", e.cert, keyError(err))
		}
		t.client = &pair
	}
	return t, nil
}

// maxAuthorities is how many files of a folder are read.
const maxAuthorities = 1000

// rootsIn reads all authorities of a folder; what is none in there is passed over.
func rootsIn(dir string) *x509.CertPool {
	pool := x509.NewCertPool()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return pool
	}
	for _, e := range entries[:min(len(entries), maxAuthorities)] {
		certs, err := readCertificates(filepath.Join(dir, e.Name()))
		if err != nil {
			continue
		}
		for _, c := range certs {
			pool.AddCert(c)
		}
	}
	return pool
}
