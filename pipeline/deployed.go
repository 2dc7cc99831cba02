package pipeline

import (
	"slices"
	"time"

	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/desired"
	"github.com/fluent-live/live-status/pipeline/event"
)

// deployed takes what an object tells of a rollout. Home is the namespace that a
// Helm release may speak for.
func (s *statuses) deployed(app event.Application, report *deployment.Report, home event.Namespace) {
	if s.isNews(report) {
		s.tracker.Deployed(app, report.Deployment, false)
	}
	if !report.Desired {
		return
	}
	rev := desired.Revision{Order: report.Order, Phase: report.Deployment.Phase, Home: home, Manifests: make([]desired.Manifest, len(report.Manifests))}
	for i, m := range report.Manifests {
		rev.Manifests[i] = desired.Manifest(m)
	}
	change, err := s.manifests.Put(desired.Release{Storage: report.Release.Storage, Name: report.Release.Name}, rev)
	if err != nil && s.refused.isDue(time.Now()) {
		s.logger.Warn("it is not known how the objects of a Helm release should be: they have no sync", "namespace", string(report.Release.Storage), "name", report.Release.Name, "error", err)
	}
	s.revision.Add(1)
	s.compare(change.Changed)
}

// isNews reports whether an object tells of a rollout, and of another one than that
// which it said has ended: Flux begins the same one again at each interval.
func (s *statuses) isNews(report *deployment.Report) bool {
	switch phase := report.Deployment.Phase; {
	case phase == "":
		return false
	case report.Series != "":
	case phase != event.DeploymentBegun:
		s.ended[report.Key] = report.Attempt
	case s.ended[report.Key] == report.Attempt:
		return false
	default:
		delete(s.ended, report.Key)
	}
	return true
}

// expect takes which objects an application consists of, as by tells, which is what
// the tool keeps of it.
func (s *statuses) expect(by event.ObjectRef, app event.Application, report *deployment.Report, home event.Namespace, claims, former []event.ObjectRef) {
	objects := claims
	if report.Application.Tool == event.ToolHelm {
		// Hooks come and go, and are no manifests.
		objects = nil
		for i := range report.Manifests {
			if ref := report.Manifests[i].Ref; ref.Namespace == home {
				objects = append(objects, ref)
			}
		}
	}
	s.apps[by] = app
	s.tracker.Expect(nameOf(by), app, objects)
	s.tracker.Claimed(slices.Concat(former, claims))
}

// undeployed forgets what by told, which is gone.
func (s *statuses) undeployed(by event.ObjectRef, release deployment.Release, former []event.ObjectRef) {
	s.tracker.Unexpect(nameOf(by))
	delete(s.ended, event.SeenKey(by.Kind))
	if app, ok := s.apps[by]; ok {
		delete(s.apps, by)
		s.tracker.Deployed(app, event.Deployment{}, true)
	}
	s.tracker.Claimed(former)
	changed := s.manifests.Delete(desired.Release{Storage: release.Storage, Name: release.Name})
	s.revision.Add(1)
	s.compare(changed)
}

func nameOf(by event.ObjectRef) string { return by.Kind + "/" + string(by.Namespace) }

// compare has objects compared again with how they should be.
func (s *statuses) compare(refs []event.ObjectRef) {
	for i := range refs {
		if s.isLive(refs[i]) {
			s.source.Fetch(kindOf(&refs[i]), refs[i].Namespace, refs[i].Name)
		}
	}
}
