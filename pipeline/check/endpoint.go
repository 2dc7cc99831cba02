package check

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// endpoint is an address that an output sends to, and how.
type endpoint struct {
	host, port string
	tls        bool
	// verify has the certificate checked, verifyName the name in it as well.
	verify, verifyName bool
	// name is the one expected, where it is not the host.
	name                  string
	ca, caPath, cert, key string
	// datagrams need no connection.
	datagrams bool
	kafka     bool
}

func (e endpoint) address() string { return net.JoinHostPort(e.host, e.port) }

// local are outputs that send nothing.
var local = map[string]bool{
	"stdout": true, "null": true, "counter": true, "flowcounter": true, "exit": true, "lib": true, "retry": true,
	"prometheus_exporter": true, "vivo_exporter": true,
}

// ports are those that outputs send to by themselves, to 127.0.0.1, as their sources
// in Fluent Bit 5.1 say.
var ports = map[string]string{
	"forward": "24224", "http": "80", "es": "9200", "opensearch": "9200", "loki": "3100", "opentelemetry": "80",
	"splunk": "8088", "influxdb": "8086", "gelf": "12201", "syslog": "514", "tcp": "5170", "udp": "5170",
	"prometheus_remote_write": "80", "nats": "4222", "websocket": "80", "kafka-rest": "8082", "skywalking": "12800",
}

var errElsewhere = errors.New("where it sends to is not known to this check; it has neither host nor endpoint")

// endpoints are the addresses of an output.
func (o Output) endpoints() ([]endpoint, error) {
	get := func(key string) string { return o.Options[key] }
	e := endpoint{
		tls: isOn(get("tls"), false), verify: isOn(get("tls.verify"), true), verifyName: isOn(get("tls.verify_hostname"), false),
		name: get("tls.vhost"), ca: get("tls.ca_file"), caPath: get("tls.ca_path"), cert: get("tls.crt_file"), key: get("tls.key_file"),
	}
	switch o.Plugin {
	case "kafka":
		return o.brokers()
	case "s3":
		return o.bucket(e)
	case "syslog", "gelf", "udp":
		// Their modes are udp, which is the default, tcp and tls.
		mode := strings.ToLower(get("mode"))
		e.datagrams = mode == "" || mode == "udp" || mode == "dtls" || o.Plugin == "udp"
		e.tls = e.tls || mode == "tls"
	case "es", "opensearch":
		if get("cloud_id") != "" {
			return nil, errors.New("where cloud_id leads is not looked into")
		}
	}
	if get("upstream") != "" {
		return nil, errors.New("the servers of an upstream file are not looked into")
	}
	if proxy := get("proxy"); proxy != "" {
		u, err := url.Parse(proxy)
		if err != nil || u.Hostname() == "" {
			return nil, errors.New("its proxy is no URL")
		}
		return []endpoint{{host: u.Hostname(), port: cutPort(hostPort(u))}}, nil
	}
	e.host, e.port = get("host"), get("port")
	if e.port == "" {
		e.port = ports[o.Plugin]
	}
	if e.host == "" && e.port != "" && ports[o.Plugin] != "" {
		e.host = "127.0.0.1"
	}
	if e.host == "" {
		return o.elsewhere(e)
	}
	if e.port == "" {
		e.port = "443"
	}
	return []endpoint{e}, nil
}

// elsewhere reads the key endpoint, which several outputs have.
func (o Output) elsewhere(e endpoint) ([]endpoint, error) {
	end := o.Options["endpoint"]
	if end == "" {
		return nil, errElsewhere
	}
	if !strings.Contains(end, "://") {
		end = "https://" + end
	}
	u, err := url.Parse(end)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("its endpoint is no URL")
	}
	e.host, e.port, e.tls = u.Hostname(), cutPort(hostPort(u)), u.Scheme != "http"
	return []endpoint{e}, nil
}

// bucket is the address of S3, or of what speaks its protocol.
func (o Output) bucket(e endpoint) ([]endpoint, error) {
	if o.Options["endpoint"] != "" {
		return o.elsewhere(e)
	}
	region := o.Options["region"]
	if region == "" {
		region = "us-east-1"
	}
	suffix := ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		suffix += ".cn"
	}
	e.host, e.port, e.tls = "s3."+region+suffix, "443", true
	return []endpoint{e}, nil
}

// maxBrokers is how many brokers are dialled.
const maxBrokers = 16

// brokers are the addresses of Kafka, of which librdkafka learns the others.
func (o Output) brokers() ([]endpoint, error) {
	protocol := strings.ToLower(o.Options["rdkafka.security.protocol"])
	var out []endpoint
	for broker := range strings.SplitSeq(o.Options["brokers"], ",") {
		broker = strings.TrimSpace(broker)
		if broker == "" {
			continue
		}
		if _, after, found := strings.Cut(broker, "://"); found {
			broker = after
		}
		host, port, err := net.SplitHostPort(broker)
		if err != nil {
			host, port = strings.Trim(broker, "[]"), "9092"
		}
		out = append(out, endpoint{
			host: host, port: port, kafka: true,
			tls:        protocol == "ssl" || protocol == "sasl_ssl",
			verify:     isOn(o.Options["rdkafka.enable.ssl.certificate.verification"], true),
			verifyName: !strings.EqualFold(o.Options["rdkafka.ssl.endpoint.identification.algorithm"], "none"),
			ca:         o.Options["rdkafka.ssl.ca.location"],
			cert:       o.Options["rdkafka.ssl.certificate.location"], key: o.Options["rdkafka.ssl.key.location"],
		})
		if len(out) == maxBrokers {
			break
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("it has no brokers")
	}
	return out, nil
}

func cutPort(address string) string {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return port
}

// isOn reads a truth value as Fluent Bit does.
func isOn(text string, otherwise bool) bool {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "":
		return otherwise
	case "on", "true", "yes", "1":
		return true
	}
	return false
}
