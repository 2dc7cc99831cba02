package deployment

import (
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
)

// The cluster that Argo CD runs in, as the destination of an Application.
const (
	argoHere     = "https://kubernetes.default.svc"
	argoHereName = "in-cluster"
)

// application is what is read of an Application (argoproj.io/v1alpha1).
type application struct {
	spec struct {
		argoSources
		server, name string
	}
	operation struct {
		phase, message      string
		startedAt, finished time.Time
		username            string
		automated, dryRun   bool
		asked, result       struct {
			argoSources
			revision  string
			revisions []string
		}
	}
	resources claims
}

// argoSource is a source of manifests, and argoSources one or several of them.
type argoSource struct{ repoURL, chart, target, ref string }

type argoSources struct {
	one  argoSource
	many []argoSource
}

// readApplication reads an Application of Argo CD.
//
// An operation that was only asked for (the field operation) has not begun. One
// that failed and is to be tried again is still running. A dry run deploys
// nothing.
func readApplication(live event.Live, raw []byte) (Report, error) {
	var app application
	if err := app.decode(jx.DecodeBytes(raw)); err != nil {
		return Report{}, &Error{Reason: event.RejectNotJSON, Object: live.Ref, Detail: "it cannot be read as an Application"}
	}
	r := newReport(live, event.ToolArgoCD, RuleArgoApplication)
	d, o := &r.Deployment, &app.operation
	d.Action, d.Status, d.Message = event.ActionSync, o.phase, o.message
	d.Started, d.Finished = o.startedAt, o.finished
	d.InitiatedBy = o.username
	if o.username == "" && o.automated {
		d.InitiatedBy = "automated"
	}
	switch {
	case o.dryRun:
	case o.phase == "Running" || o.phase == "Terminating":
		// A time here is that of the last try.
		d.Phase, d.Finished = event.DeploymentBegun, time.Time{}
	case o.phase == "Succeeded":
		d.Phase = event.DeploymentSucceeded
	case o.phase == "Failed" || o.phase == "Error":
		d.Phase = event.DeploymentFailed
	}
	revisions := app.revisions()
	d.Revision = clip([]byte(strings.Join(nonEmpty(revisions), ",")), maxText)
	app.source(&r, revisions)
	r.Attempt = o.startedAt.Format(time.RFC3339Nano)
	if o.startedAt.IsZero() {
		r.Attempt = d.Revision
	}
	r.finish(&app.resources)
	if !app.here() {
		// The objects of the same names in this cluster are others.
		r.Claims = nil
	}
	return r, nil
}

// here reports whether the application is deployed to the cluster that the
// Application is in.
func (app *application) here() bool {
	server := strings.TrimSuffix(app.spec.server, "/")
	return server == argoHere || server == "" && app.spec.name == argoHereName
}

// revisions are those synchronised to, by source; as they were asked for until
// Argo CD has resolved them.
func (app *application) revisions() []string {
	result, asked := &app.operation.result, &app.operation.asked
	switch {
	case len(result.revisions) > 0:
		return result.revisions
	case result.revision != "":
		return []string{result.revision}
	case len(asked.revisions) > 0:
		return asked.revisions
	default:
		return []string{asked.revision}
	}
}

// source fills in what the manifests are made of: the first chart if there is
// one, else the first repository that is more than values for another.
func (app *application) source(r *Report, revisions []string) {
	var sources []argoSource
	for _, s := range []*argoSources{&app.operation.result.argoSources, &app.operation.asked.argoSources, &app.spec.argoSources} {
		if sources = s.all(); len(sources) > 0 {
			break
		}
	}
	best := -1
	for i, s := range sources {
		switch {
		case s.chart != "":
			best = i
		case best < 0 && s.ref == "":
			best = i
			continue
		default:
			continue
		}
		break
	}
	if best < 0 {
		if len(sources) == 0 {
			return
		}
		best = 0
	}
	s := sources[best]
	r.Deployment.Source = withoutCredentials(s.repoURL)
	if s.chart == "" {
		return
	}
	version := s.target
	if best < len(revisions) && revisions[best] != "" {
		version = revisions[best]
	}
	r.Application.Version, r.Application.Chart = version, chartOf(s.chart, version)
}

func (s *argoSources) all() []argoSource {
	if len(s.many) > 0 {
		return s.many
	}
	if s.one.repoURL != "" {
		return []argoSource{s.one}
	}
	return nil
}

func nonEmpty(list []string) (out []string) {
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (app *application) decode(d *jx.Decoder) error {
	return topObject(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "spec":
			return object(d, func(d *jx.Decoder, key []byte) error {
				if string(key) == "destination" {
					return object(d, func(d *jx.Decoder, key []byte) error {
						switch string(key) {
						case "server":
							return text(d, &app.spec.server, maxText)
						case "name":
							return text(d, &app.spec.name, maxText)
						default:
							return d.Skip()
						}
					})
				}
				return app.spec.field(d, key)
			})
		case "status":
			return object(d, func(d *jx.Decoder, key []byte) error {
				switch string(key) {
				case "operationState":
					return app.decodeState(d)
				case "resources":
					return array(d, app.decodeResource)
				default:
					return d.Skip()
				}
			})
		default:
			return d.Skip()
		}
	})
}

func (app *application) decodeState(d *jx.Decoder) error {
	o := &app.operation
	return object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "phase":
			return text(d, &o.phase, maxText)
		case "message":
			return text(d, &o.message, maxMessage)
		case "startedAt":
			return instant(d, &o.startedAt)
		case "finishedAt":
			return instant(d, &o.finished)
		case "operation":
			return object(d, func(d *jx.Decoder, key []byte) error {
				switch string(key) {
				case "initiatedBy":
					return object(d, func(d *jx.Decoder, key []byte) error {
						switch string(key) {
						case "username":
							return text(d, &o.username, maxText)
						case "automated":
							return boolean(d, &o.automated)
						default:
							return d.Skip()
						}
					})
				case "sync":
					return object(d, func(d *jx.Decoder, key []byte) error {
						switch string(key) {
						case "dryRun":
							return boolean(d, &o.dryRun)
						case "revision":
							return text(d, &o.asked.revision, maxText)
						case "revisions":
							return texts(d, &o.asked.revisions)
						default:
							return o.asked.field(d, key)
						}
					})
				default:
					return d.Skip()
				}
			})
		case "syncResult":
			return object(d, func(d *jx.Decoder, key []byte) error {
				switch string(key) {
				case "revision":
					return text(d, &o.result.revision, maxText)
				case "revisions":
					return texts(d, &o.result.revisions)
				default:
					return o.result.field(d, key)
				}
			})
		default:
			return d.Skip()
		}
	})
}

func (app *application) decodeResource(d *jx.Decoder) error {
	var group, version, kind, namespace, name string
	err := object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "group":
			return text(d, &group, maxText)
		case "version":
			return text(d, &version, maxText)
		case "kind":
			return text(d, &kind, maxText)
		case "namespace":
			return text(d, &namespace, maxText)
		case "name":
			return text(d, &name, maxText)
		default:
			return d.Skip()
		}
	})
	app.resources.add(event.ObjectRef{APIVersion: apiVersionOf(group, version), Kind: kind, Namespace: event.Namespace(namespace), Name: name})
	return err
}

// field reads the fields source and sources.
func (s *argoSources) field(d *jx.Decoder, key []byte) error {
	switch string(key) {
	case "source":
		return s.one.decode(d)
	case "sources":
		// As many as revisions are read.
		const most = 20
		return array(d, func(d *jx.Decoder) error {
			var one argoSource
			if err := one.decode(d); err != nil {
				return err
			}
			if len(s.many) < most {
				s.many = append(s.many, one)
			}
			return nil
		})
	default:
		return d.Skip()
	}
}

func (s *argoSource) decode(d *jx.Decoder) error {
	return object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "repoURL":
			return text(d, &s.repoURL, maxText)
		case "chart":
			return text(d, &s.chart, maxText)
		case "targetRevision":
			return text(d, &s.target, maxText)
		case "ref":
			return text(d, &s.ref, maxText)
		default:
			return d.Skip()
		}
	})
}

// apiVersionOf joins group and version.
func apiVersionOf(group, version string) string {
	if group == "" {
		return version
	}
	return group + "/" + version
}
