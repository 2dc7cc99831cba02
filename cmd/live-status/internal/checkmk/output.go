package checkmk

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Piggyback says which hosts of Checkmk services belong to.
type Piggyback string

// The hosts.
const (
	// PiggybackOff is the host that is asked.
	PiggybackOff Piggyback = "off"
	// PiggybackCluster is a host for each cluster.
	PiggybackCluster Piggyback = "cluster"
	// PiggybackNamespace is a host for each namespace, named as the monitoring of
	// Kubernetes that comes with Checkmk names it.
	PiggybackNamespace Piggyback = "namespace"
	// PiggybackApplication is a host for each application.
	PiggybackApplication Piggyback = "application"
)

// Form is where the output is read from.
type Form string

// The forms.
const (
	// FormAgent is the whole output of an agent, as a datasource program has to give
	// it.
	FormAgent Form = "agent"
	// FormPlugin is a part of an agent's output, that of an agent plugin.
	FormPlugin Form = "plugin"
	// FormLocal are the lines alone: the agent writes the header before those of a
	// local check.
	FormLocal Form = "local"
)

// Options say how metrics become services.
type Options struct {
	Form      Form
	Piggyback Piggyback
	// HostPrefix is what the names of piggyback hosts begin with.
	HostPrefix string
	States     States
	Levels     AllLevels
	// ProgressingWarn and ProgressingCrit are how long an application may be
	// Progressing or Waiting; 0 is for ever.
	ProgressingWarn time.Duration
	ProgressingCrit time.Duration
	// Objects makes services of objects that belong to no application.
	Objects bool
	// Version is that of this program, for the version of the agent.
	Version string
}

// Check returns what is wrong with the options.
func (o Options) Check() error {
	if !hostPrefix.MatchString(o.HostPrefix) {
		return fmt.Errorf("%q cannot begin the name of a host: write at most 64 letters, digits, _ - and ., a letter or digit first", o.HostPrefix)
	}
	if o.Form == FormLocal && o.Piggyback != PiggybackOff {
		return errors.New("a local check has no piggyback hosts: write --form plugin, and put the call among the plugins of the agent")
	}
	if o.ProgressingCrit > 0 && o.ProgressingWarn > o.ProgressingCrit {
		return fmt.Errorf("what is Progressing would be CRIT after %s and WARN after %s only", o.ProgressingCrit, o.ProgressingWarn)
	}
	return nil
}

// hostOf is the piggyback host of a namespace or of an application in it.
func (o Options) hostOf(cluster, namespace string, a *application) string {
	switch {
	case o.Piggyback == PiggybackCluster:
		return hostName(o.HostPrefix, "cluster", cluster)
	case o.Piggyback == PiggybackNamespace && namespace != "":
		return hostName(o.HostPrefix, "namespace", cluster, namespace)
	case o.Piggyback == PiggybackNamespace:
		return hostName(o.HostPrefix, "cluster", cluster)
	case o.Piggyback == PiggybackApplication && a != nil:
		if a.key.environment != "" || a.key.tenant != "" {
			// A kind of its own: another cluster's name may end like the first parts.
			return hostName(o.HostPrefix, "application-in", cluster, namespace, a.key.name, a.key.environment, a.key.tenant)
		}
		return hostName(o.HostPrefix, "application", cluster, namespace, a.key.name)
	case o.Piggyback == PiggybackApplication:
		return hostName(o.HostPrefix, "namespace", cluster, namespace)
	default:
		return ""
	}
}

// Services makes services of a scrape, those of the host that is asked first. here
// is the time of this machine, which counts where the scrape tells none.
func (o Options) Services(m *Model, here time.Time) ([]Service, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	if clusters := m.clusters(); len(clusters) > 1 && o.Piggyback == PiggybackOff {
		return nil, fmt.Errorf("the metrics are those of %d clusters (%s): write --piggyback cluster, or services would be told apart by chance",
			len(clusters), word(strings.Join(clusters, ", ")))
	}
	applications := o.applicationsOf(m, m.now(here))
	out := append([]Service{m.status(o.States), m.monitor(o.Levels, len(applications))}, applications...)
	if o.Objects {
		out = append(out, o.objectsOf(m)...)
	}
	slices.SortStableFunc(out[2:], func(a, b Service) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

func (m *Model) clusters() []string {
	found := map[string]bool{}
	for _, i := range m.instances {
		found[i.cluster] = true
	}
	for k, a := range m.applications {
		if len(a.statuses) > 0 {
			found[k.cluster] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// Failed is the service that says why there is nothing else.
func Failed(err error) []Service {
	return []Service{{Name: serviceStatus, State: Unknown, Summary: "no metrics: " + word(err.Error())}}
}

// Write writes services in the form asked for. The lines of a host follow one
// another, and the host that is asked comes first.
func (o Options) Write(w io.Writer, services []Service) error {
	var out []byte
	if o.Form == FormAgent {
		out = fmt.Appendf(out, "<<<check_mk>>>\nVersion: %s\nAgentOS: live-status\n", line(o.Version))
	}
	host, section := "", false
	for _, s := range services {
		if o.Form != FormLocal && (!section || s.Host != host) {
			switch {
			case s.Host != "":
				out = fmt.Appendf(out, "<<<<%s>>>>\n", s.Host)
			case host != "":
				out = append(out, "<<<<>>>>\n"...)
			}
			out = append(out, "<<<local:sep(0)>>>\n"...)
			host, section = s.Host, true
		}
		out = s.append(out)
	}
	if host != "" {
		out = append(out, "<<<<>>>>\n"...)
	}
	_, err := w.Write(out)
	return err
}
