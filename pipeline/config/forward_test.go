package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestForwardTo(t *testing.T) {
	for _, tc := range []struct{ in, want, problem string }{
		{"stdout", "stdout", ""},
		{"STDOUT", "stdout", ""},
		{"file:/var/log/live.jsonl", "file:/var/log/live.jsonl", ""},
		{"http://collector:4318", "http://collector:4318", ""},
		{"https://logs.example/in?stream=1", "https://logs.example/in?stream=1", ""},
		{"forward://aggregator:24224", "forward://aggregator:24224", ""},
		{"forward://aggregator", "forward://aggregator:24224", ""},
		{"forward://[2001:db8::1]:24225", "forward://[2001:db8::1]:24225", ""},
		{"file:", "", "names no file"},
		{"/var/log/live.jsonl", "", "is no place to send records to"},
		{"tcp://host:1", "", "is no place to send records to"},
		{"https://", "", "names no host"},
		{"https://user:hunter2@host/", "", "has a user name or password in it"},
		{"http://host:0/", "", "has no port from 1 to 65535"},
		{"http://host:70000/", "", "has no port from 1 to 65535"},
		{"http://host/#here", "", "has a fragment"},
		{"forward://host/path", "", "has a path or a query"},
	} {
		t.Run(tc.in, func(t *testing.T) {
			got, err := parseForwardTo(tc.in)
			problem := ""
			if err != nil {
				problem = err.Error()
			}
			if got != tc.want || problem != tc.problem {
				t.Errorf("got %q, %q; want %q, %q", got, problem, tc.want, tc.problem)
			}
		})
	}
}

// TestParseOutput checks what fits together, by what the user is told.
func TestParseOutput(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	token, kubeconfig := file("token"), file("kubeconfig")
	out := "file:" + filepath.Join(dir, "out.jsonl")
	for _, tc := range []struct {
		name string
		set  Map
		// problems are what each mistake says, in their order.
		problems []string
		check    func(Config) bool
	}{
		{"nothing but a file", Map{"forward_to": out, "cluster_name": "c"}, nil, func(c Config) bool {
			return !c.Cluster() && !c.Statuses.Enabled && c.Forward.FlushTimeout.Seconds() == 4 && c.Interval == 0
		}},
		{"access to a cluster", Map{"forward_to": "stdout", "kube_config": kubeconfig}, nil, func(c Config) bool {
			return c.Objects.Enabled && c.Statuses.Enabled && !c.Events.Enabled
		}},
		{"access, and no objects", Map{"forward_to": "stdout", "kube_config": kubeconfig, "kube_objects": "off", "cluster_name": "c"}, nil, func(c Config) bool {
			return !c.Cluster()
		}},
		{"in a pod", Map{"forward_to": "stdout", "kube_objects": "on"}, nil, func(c Config) bool { return c.Statuses.Enabled }},
		{"nowhere", Map{"cluster_name": "c"}, []string{"forward_to: is not set"}, nil},
		{"no name", Map{"forward_to": "stdout"}, []string{"cluster_name: is not set"}, nil},
		{"a token for a file", Map{"forward_to": out, "cluster_name": "c", "forward_token_file": token}, []string{"forward_token_file \"" + token + "\": is for http:// and https://"}, nil},
		{"a missing token", Map{"forward_to": "http://h/", "cluster_name": "c", "forward_token_file": dir + "/none"}, []string{"forward_token_file \"" + dir + "/none\": cannot be read"}, nil},
		{"a CA without TLS", Map{"forward_to": "forward://h:1", "cluster_name": "c", "forward_tls_ca_file": token}, []string{"forward_tls_ca_file \"" + token + "\": is for TLS"}, nil},
		{"a CA with TLS", Map{"forward_to": "forward://h:1", "forward_tls": "on", "cluster_name": "c", "forward_tls_ca_file": token}, nil, nil},
		{"TLS by http", Map{"forward_to": "http://h/", "forward_tls": "on", "cluster_name": "c"}, []string{"forward_tls \"on\": is for forward://"}, nil},
		{"a certificate without a key", Map{"forward_to": "https://h/", "cluster_name": "c", "forward_tls_crt_file": token}, []string{"forward_tls_crt_file \"" + token + "\": has no key"}, nil},
		{"OTLP into a file", Map{"forward_to": out, "cluster_name": "c", "forward_format": "otlp"}, []string{"forward_format \"otlp\": is for http:// and https://"}, nil},
		{"one file for both", Map{"forward_to": out, "cluster_name": "c", "dead_letter_path": filepath.Join(dir, "out.jsonl")}, []string{"dead_letter_path \"" + filepath.Join(dir, "out.jsonl") + "\": is the file of forward_to too"}, nil},
		{"a folder that is not there", Map{"forward_to": "file:" + dir + "/none/out", "cluster_name": "c"}, []string{"forward_to \"" + dir + "/none/out\": is in a folder that does not exist"}, nil},
		{"the input's pace", Map{"forward_to": out, "cluster_name": "c", "interval_sec": "1"}, []string{"interval_sec: is an option of the input plugin"}, nil},
		{"a slip", Map{"forward_to": out, "cluster_name": "c", "forwad_timeout": "1s"}, []string{"unknown key \"forwad_timeout\""}, nil},
		{"another's word", Map{"forward_to": out, "cluster_name": "c", "dlq": "x"}, []string{"unknown key \"dlq\""}, nil},
		{"too patient", Map{"forward_to": out, "cluster_name": "c", "flush_timeout": "1h"}, []string{"flush_timeout \"1h\": is out of range"}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := ParseOutput(tc.set)
			got := mistakes(t, err)
			if len(got) != len(tc.problems) {
				t.Fatalf("got %v, want %q", err, tc.problems)
			}
			for i, e := range got {
				if !strings.Contains(e.Error(), tc.problems[i]) {
					t.Errorf("got %q, want %q", e, tc.problems[i])
				}
			}
			if tc.check != nil && !tc.check(c) {
				t.Errorf("got %+v", c)
			}
		})
	}
}

func TestInputHasNoForward(t *testing.T) {
	_, err := Parse(Map{"forward_to": "stdout"})
	if err == nil || !strings.Contains(err.Error(), "forward_to: is an option of the output plugin") {
		t.Errorf("got %v", err)
	}
}

func TestParseReplay(t *testing.T) {
	c, err := ParseReplay(Map{"redact_env_names": "X*", "audit_verbs": "create"})
	if err != nil || c.ClusterName != "replay" || !c.Statuses.Enabled {
		t.Errorf("got %+v, %v", c, err)
	}
	_, err = ParseReplay(Map{"kube_url": "https://h"})
	if err == nil || !strings.Contains(err.Error(), "kube_url: is an option of the input plugin") {
		t.Errorf("got %v", err)
	}
}
