package pipeline

import (
	"context"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/event"
)

// rollouts are the stages that only whole live objects go through.
type rollouts struct {
	ledger *dedup.Ledger
	// stored knows the newest revision of each Helm release.
	stored *deployment.Releases
	// releases are Helm releases that Flux manages, and managers the releases by
	// the UID of the HelmRelease.
	releases map[deployment.Release]event.Application
	managers map[event.UID]deployment.Release

	// listing is set until the live objects have been listed, and due then holds the
	// last rollout of each series: lists come in no order, and how far a series is
	// must not be remembered before what came earlier is.
	listing bool
	due     map[event.SeenKey]dedup.Rollout
}

// dealtWith is the key under which the cursor remembers until when every rollout
// was dealt with, and dealing how long one may take from its end to its record.
const (
	dealtWith event.SeenKey = "deployments"
	dealing                 = 5 * time.Minute
)

// maxReport is how much of a deployment's message is told, in bytes.
const maxReport = 4 << 10

// clip returns the beginning of a text.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// maxManaged bounds how many releases are known to be managed by Flux.
const maxManaged = 20_000

func newRollouts(ledger *dedup.Ledger, reported deployment.Reported) rollouts {
	return rollouts{
		ledger:   ledger,
		stored:   deployment.NewReleases(reported),
		releases: map[deployment.Release]event.Application{},
		managers: map[event.UID]deployment.Release{},
		listing:  true,
		due:      map[event.SeenKey]dedup.Rollout{},
	}
}

// wholeObjects takes the whole objects for the pump, and reads them: who may
// write a Secret decides how long that takes, and the pump is for all.
type wholeObjects struct {
	pump *pump
	// release is held by the one who reads a Helm release, which may be of many
	// megabytes.
	release chan struct{}
}

func newWholeObjects(p *pump) wholeObjects {
	return wholeObjects{pump: p, release: make(chan struct{}, 1)}
}

// Yield blocks while the queue is full, or another Helm release is being read.
func (w wholeObjects) Yield(ctx context.Context, item event.Item) error {
	d := decoded{item: item}
	if item.Change != event.Deleted {
		if err := w.read(ctx, &d); err != nil {
			return err
		}
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case w.pump.objects <- d:
		return nil
	}
}

func (w wholeObjects) read(ctx context.Context, d *decoded) error {
	if d.item.Live.Ref.APIVersion == "v1" {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case w.release <- struct{}{}:
			defer func() { <-w.release }()
		}
	}
	d.err = guard(func() error {
		report, err := deployment.Options{Manifests: w.pump.statuses != nil}.Read(*d.item.Live, d.item.Raw)
		if m := &report.Deployment.Message; len(*m) > maxReport {
			// What is cut off may say that the rest is a secret.
			*m = clip(w.pump.redactor.Text(d.item.Live.Ref, *m), maxReport)
		}
		d.report = &report
		return err
	})
	return nil
}

// object drives a whole live object through the stages.
func (p *pump) object(ctx context.Context, d *decoded) error {
	item := &d.item
	switch {
	case item.Change == event.Deleted:
		return p.undeployed(ctx, item)
	case d.err != nil:
		p.count.received.Add(1)
		return p.reject(ctx, item, unreadable(d.err))
	}
	err := guard(func() error {
		// Revisions are fetched side by side: an older one may come after a newer.
		if !p.rollouts.stored.Outdated(*item.Live) {
			p.claim(item.Live, d.report)
		}
		if p.statuses != nil {
			app := p.rollouts.application(d.report)
			p.statuses.deployed(app, d.report, home(app, d.report))
		}
		return nil
	})
	if err != nil {
		p.logger.Warn("what a deployment consists of cannot be noted", "error", err)
	}
	return p.rollout(ctx, item, d.report)
}

// rollout drives what was read of a deployment through the rest of the stages.
func (p *pump) rollout(ctx context.Context, item *event.Item, report *deployment.Report) error {
	r := dedup.Rollout{
		Key: report.Key, Attempt: report.Attempt, Version: item.Live.Ref.ResourceVersion,
		Series: report.Series, Order: report.Order, Phase: report.Deployment.Phase, Time: report.Time(),
	}
	verdict, err := p.rollouts.ledger.Judge(ctx, &r)
	if err != nil {
		return err
	}
	if verdict == dedup.Repeat {
		return nil
	}
	noted := remembered{seen: func(mark dedup.Mark) cursor.SeenChange {
		key, seen := p.rollouts.ledger.Note(mark, &r)
		return cursor.SeenChange{Key: key, Seen: seen, Expires: dedup.DeploymentExpiry(time.Now())}
	}}
	if verdict == dedup.Expired {
		if err := p.add(ctx, item, encoded{}, noted); err != nil {
			return err
		}
		return p.series(ctx, r)
	}
	p.count.deployments.Add(1)
	app := p.rollouts.application(report)
	rec := event.Record{
		Type: event.TypeDeployment, ID: r.RecordID(), Time: r.Time, Cluster: p.cluster,
		Object: &item.Live.Ref, Application: &app, Correlation: event.CorrelationMatched, Deployment: &report.Deployment,
	}
	if rec.Time.IsZero() {
		rec.Time = time.Now()
	}
	if err := p.emit(ctx, item, rec, noted); err != nil {
		return err
	}
	return p.series(ctx, r)
}

// series notes how far the rollouts of an application are.
func (p *pump) series(ctx context.Context, r dedup.Rollout) error {
	if r.Series == "" {
		return nil
	}
	if former, ok := p.rollouts.due[r.Series]; !ok || r.Order.After(former.Order) {
		p.rollouts.due[r.Series] = r
	}
	return p.settle(ctx)
}

// settle notes how far the series are that are due, once that is certain.
func (p *pump) settle(ctx context.Context) error {
	if p.rollouts.listing {
		return nil
	}
	for key, r := range p.rollouts.due {
		if err := p.noteSeries(ctx, &r); err != nil {
			return err
		}
		delete(p.rollouts.due, key)
	}
	return nil
}

// dealt remembers until when every rollout was dealt with.
func (p *pump) dealt(ctx context.Context, now time.Time) error {
	if p.rollouts.listing || p.index == nil {
		return nil
	}
	return p.add(ctx, &event.Item{}, encoded{}, remembered{seen: func(dedup.Mark) cursor.SeenChange {
		return cursor.SeenChange{Key: dealtWith, Seen: event.Seen{Last: now.Add(-dealing)}, Expires: dedup.DeploymentExpiry(now)}
	}})
}

func (p *pump) noteSeries(ctx context.Context, r *dedup.Rollout) error {
	note, ok, err := p.rollouts.ledger.NoteSeries(ctx, r)
	if err != nil || !ok {
		return err
	}
	return p.add(ctx, &event.Item{}, encoded{}, remembered{seen: func(mark dedup.Mark) cursor.SeenChange {
		key, seen := note(mark)
		return cursor.SeenChange{Key: key, Seen: seen, Expires: dedup.DeploymentExpiry(time.Now())}
	}})
}

// undeployed forgets what an object told that is gone.
func (p *pump) undeployed(ctx context.Context, item *event.Item) error {
	live := item.Live
	if !p.rollouts.stored.Outdated(*live) {
		former := p.index.Unclaim(claimer(live))
		if p.statuses != nil {
			p.statuses.undeployed(claimer(live), deployment.ReleaseOf(*live), former)
		}
	}
	if managed, ok := p.rollouts.managers[live.Ref.UID]; ok {
		delete(p.rollouts.releases, managed)
		delete(p.rollouts.managers, live.Ref.UID)
	}
	p.rollouts.stored.Gone(*live)
	if report, ok := deployment.Removed(*live); ok {
		return p.rollout(ctx, item, &report)
	}
	return p.add(ctx, item, encoded{}, remembered{seen: func(mark dedup.Mark) cursor.SeenChange {
		return cursor.SeenChange{Key: p.rollouts.ledger.Forget(mark, deployment.Key(*live)), Forget: true}
	}})
}

// claim notes which objects a report says are the application's. The object that
// tells of the deployment is one of them.
func (p *pump) claim(live *event.Live, report *deployment.Report) {
	app := p.rollouts.application(report)
	at := home(app, report)
	claims := make([]event.ObjectRef, 0, len(report.Claims)+1)
	claims = append(claims, live.Ref)
	for i := range report.Claims {
		if report.Application.Tool == event.ToolHelm && report.Claims[i].Namespace != at {
			continue
		}
		claims = append(claims, report.Claims[i])
	}
	former := p.index.Claim(claimer(live), app, claims)
	if p.statuses != nil {
		p.statuses.expect(claimer(live), app, report, at, claims[1:], former)
	}
	if report.Application.Tool == event.ToolFlux && report.Release.Name != "" && report.Release.Storage == live.Ref.Namespace {
		p.rollouts.manage(live.Ref.UID, report)
	}
}

// home is the namespace that a Helm release may speak for. Who may create a Secret
// in one namespace could claim the objects of all others: a release counts in the
// namespace that it is stored in, or that Flux says it is deployed to. What Helm
// itself put elsewhere bears its annotations.
func home(app event.Application, report *deployment.Report) event.Namespace {
	if app.Tool == event.ToolFlux {
		return report.Release.Namespace
	}
	return report.Release.Storage
}

// claimer names what claims objects: all revisions of a Helm release are one, of
// which the newest counts.
func claimer(live *event.Live) event.ObjectRef {
	key := deployment.Series(*live)
	if key == "" {
		key = deployment.Key(*live)
	}
	return event.ObjectRef{Kind: string(key), Namespace: live.Ref.Namespace}
}

func (r *rollouts) manage(by event.UID, report *deployment.Report) {
	if former, ok := r.managers[by]; ok && former != report.Release {
		delete(r.releases, former)
	} else if !ok && len(r.managers) >= maxManaged {
		return
	}
	r.managers[by] = report.Release
	r.releases[report.Release] = report.Application
}

// application returns whose deployment a report tells of: that of a Helm release
// is the HelmRelease's that manages it.
func (r *rollouts) application(report *deployment.Report) event.Application {
	app := report.Application
	if managed, ok := r.releases[report.Release]; ok && app.Tool == event.ToolHelm {
		via := app.Via
		managed.Version, managed.Chart, managed.Via = app.Version, app.Chart, via
		return managed
	}
	return app
}

// unreadable turns the error of a reader of deployments into one of the decoder.
func unreadable(err error) error {
	if bad, ok := errors.AsType[*deployment.Error](err); ok {
		return &decode.Error{Reason: bad.Reason, Detail: bad.Detail}
	}
	return err
}

// reported returns from when on the rollouts of an application are wanted: since the
// last that was reported and committed, or where none was, since the retention or
// the end of the run before.
func (p *Pipeline) reported(series event.SeenKey, before time.Time) (time.Time, bool) {
	// The list that asks for it is not told of an end; the lookup takes no time.
	seen, ok, err := p.cursor.Seen(context.Background(), series)
	if err != nil {
		p.opts.Logger.Warn("cursor: cannot be read; rollouts that ended meanwhile may go unreported", "error", err)
	}
	switch {
	case ok:
		return seen.Last, true
	case p.cfg.Events.Retention == 0:
		return time.Unix(0, 0), true
	}
	since := time.Now().Add(-p.cfg.Events.Retention)
	if !before.IsZero() && before.Before(since) {
		since = before
	}
	return since, true
}
