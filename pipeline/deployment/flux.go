package deployment

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Reasons of a condition Ready that is not True, which is no failure then.
const (
	// It waits for another, or for its source: nothing of it has begun.
	fluxDependencyNotReady = "DependencyNotReady"
	fluxSourceNotReady     = "SourceNotReady"
	// It is about to be reconciled again.
	fluxCanceled = "HealthCheckCanceled"
)

// flux is what is read of a Kustomization and of a HelmRelease, whose fields
// have the same names where they mean the same. Fields that one version of the
// API has and another has not are read where they are.
type flux struct {
	generation int64
	spec       struct {
		source                            fluxSource
		chart, chartVersion               string
		releaseName                       string
		targetNamespace, storageNamespace string
		remote                            bool
	}
	status struct {
		observed            int64
		ready               condition
		attempted, applied  string
		attemptedGeneration int64
		lastAction          string
		history             []snapshot
		inventory           claims
	}
}

// fluxSource names what the manifests are made of.
type fluxSource struct{ kind, namespace, name string }

// condition is the condition Ready; without status where there is none.
type condition struct {
	status, reason, message string
	changed                 time.Time
	generation              int64
}

// snapshot is an entry of status.history: of a HelmRelease a release, of a
// Kustomization the manifests of a revision and how it went with them.
type snapshot struct {
	version                      int64
	chartName, chartVersion, app string
	deployed                     time.Time
	result, revision             string
	first, last                  time.Time
}

// readKustomization reads a Kustomization of kustomize.toolkit.fluxcd.io.
func readKustomization(live event.Live, raw []byte) (Report, error) {
	f, err := readFlux(live, raw)
	if err != nil {
		return Report{}, err
	}
	r := newReport(live, event.ToolFlux, RuleFluxKustomization)
	r.Deployment.Action = event.ActionReconcile
	f.report(&r)
	if d := &r.Deployment; d.Phase == event.DeploymentSucceeded || d.Phase == event.DeploymentFailed {
		d.Finished = firstTime(f.reached(d.Status), d.Finished)
	}
	f.finish(&r)
	return r, nil
}

// reached returns when the revision first came to the result that it has now:
// Ready changes each time that the same is reconciled again. It is zero where
// nobody says so, or where there was another result in between.
func (f *flux) reached(result string) time.Time {
	if len(f.status.history) == 0 {
		return time.Time{}
	}
	now := f.status.history[0]
	if now.revision != f.status.attempted || now.result != result {
		return time.Time{}
	}
	for _, s := range f.status.history[1:] {
		if s.revision == now.revision && s.last.After(now.first) {
			return time.Time{}
		}
	}
	return now.first
}

// report fills in what Kustomizations and HelmReleases have in common.
//
// A rollout is a revision at a generation of the resource. Ready becomes Unknown
// and True again each time that it is reconciled; to tell that from a new
// rollout, the generation is the one that Ready speaks of.
func (f *flux) report(r *Report) {
	ready, d := &f.status.ready, &r.Deployment
	d.Status, d.Message = ready.reason, ready.message
	d.Revision = f.status.attempted
	if d.Revision == "" && ready.status == "True" {
		d.Revision = f.status.applied
	}
	d.Source = f.spec.source.text(r.Application.Namespace)
	switch {
	case ready.reason == fluxDependencyNotReady || ready.reason == fluxSourceNotReady:
	case ready.status == "Unknown" || ready.reason == fluxCanceled:
		// Until there is a revision, it is still being looked for.
		if d.Revision != "" {
			d.Phase, d.Started = event.DeploymentBegun, ready.changed
		}
	case ready.status == "True":
		d.Phase, d.Finished = event.DeploymentSucceeded, ready.changed
	case ready.status == "False":
		d.Phase, d.Finished = event.DeploymentFailed, ready.changed
	}
	generation := ready.generation
	for _, other := range []int64{f.status.attemptedGeneration, f.status.observed, f.generation} {
		if generation == 0 {
			generation = other
		}
	}
	r.Attempt = d.Revision + "@" + strconv.FormatInt(generation, 10)
}

func (f *flux) finish(r *Report) {
	r.finish(&f.status.inventory)
	if f.spec.remote {
		// The objects of the same names in this cluster are others.
		r.Claims = nil
	}
}

// text returns Kind/namespace/name; the namespace is that of the resource if
// none is given.
func (s *fluxSource) text(namespace event.Namespace) string {
	if s.kind == "" || s.name == "" {
		return ""
	}
	if s.namespace != "" {
		namespace = event.Namespace(s.namespace)
	}
	return s.kind + "/" + string(namespace) + "/" + s.name
}

func readFlux(live event.Live, raw []byte) (*flux, error) {
	f := &flux{}
	err := topObject(jx.DecodeBytes(raw), func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "metadata":
			return object(d, func(d *jx.Decoder, key []byte) error {
				if string(key) != "generation" {
					return d.Skip()
				}
				return number(d, &f.generation)
			})
		case "spec":
			return object(d, f.decodeSpec)
		case "status":
			return object(d, f.decodeStatus)
		default:
			return d.Skip()
		}
	})
	if err != nil {
		return nil, &Error{Reason: event.RejectNotJSON, Object: live.Ref, Detail: "it cannot be read as a " + live.Ref.Kind}
	}
	return f, nil
}

func (f *flux) decodeSpec(d *jx.Decoder, key []byte) error {
	s := &f.spec
	switch string(key) {
	case "sourceRef", "chartRef":
		return s.source.decode(d)
	case "chart":
		return object(d, func(d *jx.Decoder, key []byte) error {
			if string(key) != "spec" {
				return d.Skip()
			}
			return object(d, func(d *jx.Decoder, key []byte) error {
				switch string(key) {
				case "chart":
					return text(d, &s.chart, maxText)
				case "version":
					return text(d, &s.chartVersion, maxText)
				case "sourceRef":
					return s.source.decode(d)
				default:
					return d.Skip()
				}
			})
		})
	case "releaseName":
		return text(d, &s.releaseName, maxText)
	case "targetNamespace":
		return text(d, &s.targetNamespace, maxText)
	case "storageNamespace":
		return text(d, &s.storageNamespace, maxText)
	case "kubeConfig":
		s.remote = d.Next() == jx.Object
		return d.Skip()
	default:
		return d.Skip()
	}
}

func (s *fluxSource) decode(d *jx.Decoder) error {
	return object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "kind":
			return text(d, &s.kind, maxText)
		case "namespace":
			return text(d, &s.namespace, maxText)
		case "name":
			return text(d, &s.name, maxText)
		default:
			return d.Skip()
		}
	})
}

func (f *flux) decodeStatus(d *jx.Decoder, key []byte) error {
	s := &f.status
	switch string(key) {
	case "observedGeneration":
		return number(d, &s.observed)
	case "lastAttemptedRevision":
		return text(d, &s.attempted, maxText)
	case "lastAppliedRevision":
		return text(d, &s.applied, maxText)
	case "lastAttemptedGeneration":
		return number(d, &s.attemptedGeneration)
	case "lastAttemptedReleaseAction":
		return text(d, &s.lastAction, maxText)
	case "conditions":
		return array(d, f.decodeCondition)
	case "history":
		return array(d, f.decodeSnapshot)
	case "inventory":
		return object(d, func(d *jx.Decoder, key []byte) error {
			if string(key) != "entries" {
				return d.Skip()
			}
			return array(d, f.decodeEntry)
		})
	default:
		return d.Skip()
	}
}

func (f *flux) decodeCondition(d *jx.Decoder) error {
	var kind string
	var c condition
	err := object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "type":
			return text(d, &kind, maxText)
		case "status":
			return text(d, &c.status, maxText)
		case "reason":
			return text(d, &c.reason, maxText)
		case "message":
			return text(d, &c.message, maxMessage)
		case "lastTransitionTime":
			return instant(d, &c.changed)
		case "observedGeneration":
			return number(d, &c.generation)
		default:
			return d.Skip()
		}
	})
	if kind == "Ready" {
		f.status.ready = c
	}
	return err
}

func (f *flux) decodeSnapshot(d *jx.Decoder) error {
	// Flux keeps five.
	const most = 20
	var s snapshot
	err := object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "version":
			return number(d, &s.version)
		case "chartName":
			return text(d, &s.chartName, maxText)
		case "chartVersion":
			return text(d, &s.chartVersion, maxText)
		case "appVersion":
			return text(d, &s.app, maxText)
		case "lastDeployed":
			return instant(d, &s.deployed)
		case "firstReconciled":
			return instant(d, &s.first)
		case "lastReconciled":
			return instant(d, &s.last)
		case "lastReconciledStatus":
			return text(d, &s.result, maxText)
		case "metadata":
			return object(d, func(d *jx.Decoder, key []byte) error {
				if string(key) != "revision" {
					return d.Skip()
				}
				return text(d, &s.revision, maxText)
			})
		default:
			return d.Skip()
		}
	})
	if len(f.status.history) < most {
		f.status.history = append(f.status.history, s)
	}
	return err
}

// decodeEntry reads an entry of the inventory. Its id is the namespace, the
// name, the group and the kind with underscores between; a colon in the name is
// written as two of them.
func (f *flux) decodeEntry(d *jx.Decoder) error {
	var id, version string
	err := object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "id":
			return text(d, &id, 1<<10)
		case "v":
			return text(d, &version, maxText)
		default:
			return d.Skip()
		}
	})
	namespace, rest, _ := strings.Cut(id, "_")
	rest, kind := cutLast(rest)
	name, group := cutLast(rest)
	f.status.inventory.add(event.ObjectRef{
		APIVersion: apiVersionOf(group, version), Kind: kind,
		Namespace: event.Namespace(namespace), Name: strings.ReplaceAll(name, "__", ":"),
	})
	return err
}

func cutLast(s string) (before, after string) {
	i := strings.LastIndexByte(s, '_')
	if i < 0 {
		return "", s
	}
	return s[:i], s[i+1:]
}
