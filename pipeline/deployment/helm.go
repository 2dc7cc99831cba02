package deployment

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
)

// helmStatus is the status of a revision (helm.sh/helm/v4/pkg/release/common).
type helmStatus string

const (
	helmDeployed        helmStatus = "deployed"
	helmSuperseded      helmStatus = "superseded"
	helmFailed          helmStatus = "failed"
	helmUninstalling    helmStatus = "uninstalling"
	helmUninstalled     helmStatus = "uninstalled"
	helmPendingInstall  helmStatus = "pending-install"
	helmPendingUpgrade  helmStatus = "pending-upgrade"
	helmPendingRollback helmStatus = "pending-rollback"
)

// The descriptions that Helm gives what succeeded, unless the user gave one.
const (
	installComplete = "Install complete"
	upgradeComplete = "Upgrade complete"
	rollbackTo      = "Rollback to "
	rollbackFailed  = "Rollback \""
	// failedBecause follows the name of a release in descriptions of failures.
	failedBecause = "\" failed: "
)

// helmSecretType is the type of the Secrets that Helm stores releases in.
const helmSecretType = "helm.sh/release.v1"

// helmRelease is what is read of a stored release.
type helmRelease struct {
	name, namespace string
	version         int64
	info            struct {
		status, description         string
		firstDeployed, lastDeployed time.Time
		deleted                     time.Time
		rollbackRevision            int64
	}
	chart struct{ name, version, appVersion string }

	// main is the manifest without the hooks.
	main string
}

// desires reports whether the release says how its objects should be: one that was
// replaced or taken away does not.
func (rel *helmRelease) desires() bool {
	switch helmStatus(rel.info.status) {
	case helmDeployed, helmFailed, helmPendingInstall, helmPendingUpgrade, helmPendingRollback:
		return true
	case helmSuperseded, helmUninstalling, helmUninstalled:
	}
	return false
}

// readRelease reads a Secret or ConfigMap of Helm.
func readRelease(live event.Live, raw []byte, opts Options) (Report, error) {
	fail := func(reason event.RejectReason, detail string) (Report, error) {
		return Report{}, &Error{Reason: reason, Object: live.Ref, Detail: detail}
	}
	at, ok := storedRelease(live)
	if !ok {
		return fail(event.RejectUnidentified, "it is of no kind that tells of deployments")
	}
	box, err := openBox(raw)
	if err != nil {
		return fail(event.RejectNotJSON, "it cannot be read as an object")
	}
	secret := live.Ref.Kind == "Secret"
	switch {
	case secret && box.kind != helmSecretType:
		return fail(event.RejectUnidentified, "its type is not that of a Helm release")
	case len(box.release) == 0:
		return fail(event.RejectNotJSON, "it has no data.release")
	}
	rel, found, err := decodeRelease(box.release, secret, at)
	switch {
	case errors.Is(err, errTooLarge):
		return fail(event.RejectTooLarge, "its release is larger than 32 MiB when decompressed")
	case err != nil:
		return fail(event.RejectNotJSON, "its release is not JSON, compressed with gzip and encoded with base64")
	case rel.name != at.name || rel.version != at.revision:
		// Whoever may write one Secret could otherwise speak for all releases.
		return fail(event.RejectUnidentified, "its release bears another name or revision than the object does")
	}
	r := rel.report(live, at, found)
	if opts.Manifests && rel.desires() {
		rel.manifests(&r)
	}
	return r, nil
}

func (rel *helmRelease) report(live event.Live, at stored, found *claims) Report {
	r := newHelmReport(live, at)
	if namespace := rel.targetNamespace(at); namespace != "" {
		r.Release.Namespace = namespace
	}
	r.Application.Version = rel.chart.appVersion
	r.Application.Chart = chartOf(rel.chart.name, rel.chart.version)
	d := &r.Deployment
	d.Status, d.Message = rel.info.status, rel.info.description
	d.Action = rel.action(at)
	d.Started = firstTime(rel.info.lastDeployed, rel.info.firstDeployed)
	switch helmStatus(rel.info.status) {
	case helmPendingInstall, helmPendingUpgrade, helmPendingRollback:
		d.Phase = event.DeploymentBegun
	case helmDeployed:
		d.Phase, d.Finished = event.DeploymentSucceeded, modified(live, d.Started)
	case helmFailed:
		d.Phase, d.Finished = event.DeploymentFailed, modified(live, d.Started)
	case helmSuperseded:
		// It comes when the next revision is there. One that had failed can be
		// superseded, too, and keeps the description of its failure.
		if m := d.Message; m == installComplete || m == upgradeComplete || strings.HasPrefix(m, rollbackTo) {
			d.Phase = event.DeploymentSucceeded
		} else if strings.Contains(m, failedBecause) {
			d.Phase = event.DeploymentFailed
		}
	case helmUninstalling:
		d.Phase, d.Started = event.DeploymentBegun, rel.info.deleted
		r.uninstall()
	case helmUninstalled:
		d.Phase, d.Started = event.DeploymentSucceeded, rel.info.deleted
		d.Finished = modified(live, d.Started)
		r.uninstall()
	}
	r.finish(found)
	return r
}

// Removed reports the end of a Helm release whose object is gone: Helm deletes
// what it stored when it has uninstalled a release, unless told to keep the
// history. The last that was known of the object says so.
func Removed(live event.Live) (Report, bool) {
	at, ok := storedRelease(live)
	if !ok || live.Ref.UID == "" || helmStatus(label(live, labelStatus)) != helmUninstalling {
		return Report{}, false
	}
	r := newHelmReport(live, at)
	r.uninstall()
	r.Deployment.Phase = event.DeploymentSucceeded
	r.Deployment.Action = event.ActionUninstall
	r.Deployment.Status = string(helmUninstalled)
	r.finish(&claims{})
	return r, true
}

// newHelmReport begins the report on a revision, as its object names it. The
// namespace is that of the object: a payload can claim any.
func newHelmReport(live event.Live, at stored) Report {
	r := newReport(live, event.ToolHelm, RuleHelmRelease)
	r.Application.Name = at.name
	r.Deployment.Revision = strconv.FormatInt(at.revision, 10)
	r.Attempt = string(live.Ref.UID)
	r.Series, r.Order = at.series(), at.order(live)
	r.Release = Release{Namespace: at.namespace, Storage: at.namespace, Name: at.name}
	return r
}

// uninstall makes the attempt another than the one that installed the revision.
func (r *Report) uninstall() { r.Attempt += "/uninstall" }

// targetNamespace is where the release was deployed to.
func (rel *helmRelease) targetNamespace(at stored) event.Namespace {
	if rel.namespace == "" || !isNamespace(rel.namespace) {
		return at.namespace
	}
	return event.Namespace(rel.namespace)
}

func (rel *helmRelease) action(at stored) event.DeploymentAction {
	description := rel.info.description
	switch helmStatus(rel.info.status) {
	case helmUninstalling, helmUninstalled:
		return event.ActionUninstall
	case helmPendingInstall:
		return event.ActionInstall
	case helmPendingUpgrade:
		return event.ActionUpgrade
	case helmPendingRollback:
		return event.ActionRollback
	case helmDeployed, helmFailed, helmSuperseded:
	}
	switch {
	case rel.info.rollbackRevision > 0 || strings.HasPrefix(description, rollbackTo) || strings.HasPrefix(description, rollbackFailed):
		return event.ActionRollback
	case at.revision == 1 || description == installComplete:
		return event.ActionInstall
	default:
		return event.ActionUpgrade
	}
}

// modified returns when Helm last wrote the object, where that can be.
func modified(live event.Live, since time.Time) time.Time {
	seconds, err := strconv.ParseInt(label(live, labelModified), 10, 64)
	if err != nil {
		return time.Time{}
	}
	// The label has no fractions of the second.
	at := time.Unix(seconds, 0).UTC()
	if at.Year() > 9999 || at.Before(since.Truncate(time.Second)) {
		return time.Time{}
	}
	if at.Before(since) {
		return since
	}
	return at
}

func firstTime(times ...time.Time) time.Time {
	for _, t := range times {
		if !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// chartOf joins a chart's name and version as the label helm.sh/chart does.
func chartOf(name, version string) string {
	if name == "" || version == "" {
		return name
	}
	return name + "-" + version
}

// decode reads a release and the objects in it.
func (rel *helmRelease) decode(d *jx.Decoder, at stored, found *claims) error {
	// The manifests may come before the namespace that they are meant for.
	var manifests []string
	main := -1
	err := object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "name":
			return text(d, &rel.name, maxName)
		case "namespace":
			return text(d, &rel.namespace, maxText)
		case "version":
			return number(d, &rel.version)
		case "info":
			return rel.decodeInfo(d)
		case "chart":
			return rel.decodeChart(d)
		case "manifest":
			main = len(manifests)
			return manifest(d, &manifests)
		case "hooks":
			return array(d, func(d *jx.Decoder) error {
				return object(d, func(d *jx.Decoder, key []byte) error {
					if string(key) != "manifest" {
						return d.Skip()
					}
					return manifest(d, &manifests)
				})
			})
		default:
			return d.Skip()
		}
	})
	if err != nil {
		return err
	}
	if main >= 0 && main < len(manifests) {
		rel.main = manifests[main]
	}
	namespace := rel.targetNamespace(at)
	for _, m := range manifests {
		found.addManifest(m, namespace)
	}
	return nil
}

func manifest(d *jx.Decoder, manifests *[]string) error {
	if d.Next() != jx.String {
		return d.Skip()
	}
	s, err := d.Str()
	if err != nil {
		return err
	}
	*manifests = append(*manifests, s)
	return nil
}

func (rel *helmRelease) decodeInfo(d *jx.Decoder) error {
	i := &rel.info
	return object(d, func(d *jx.Decoder, key []byte) error {
		switch string(key) {
		case "status":
			return text(d, &i.status, maxText)
		case "description":
			return text(d, &i.description, maxMessage)
		case "first_deployed":
			return instant(d, &i.firstDeployed)
		case "last_deployed":
			return instant(d, &i.lastDeployed)
		case "deleted":
			return instant(d, &i.deleted)
		case "rollback_revision":
			return number(d, &i.rollbackRevision)
		default:
			return d.Skip()
		}
	})
}

func (rel *helmRelease) decodeChart(d *jx.Decoder) error {
	return object(d, func(d *jx.Decoder, key []byte) error {
		if string(key) != "metadata" {
			return d.Skip()
		}
		return object(d, func(d *jx.Decoder, key []byte) error {
			switch string(key) {
			case "name":
				return text(d, &rel.chart.name, maxText)
			case "version":
				return text(d, &rel.chart.version, maxText)
			case "appVersion":
				return text(d, &rel.chart.appVersion, maxText)
			default:
				return d.Skip()
			}
		})
	})
}
