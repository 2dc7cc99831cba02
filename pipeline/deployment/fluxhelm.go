package deployment

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/fluent-live/live-status/pipeline/event"
)

// readHelmRelease reads a HelmRelease of helm.toolkit.fluxcd.io.
func readHelmRelease(live event.Live, raw []byte) (Report, error) {
	f, err := readFlux(live, raw)
	if err != nil {
		return Report{}, err
	}
	r := newReport(live, event.ToolFlux, RuleFluxHelmRelease)
	f.report(&r)
	d := &r.Deployment
	switch f.status.lastAction {
	case "install":
		d.Action = event.ActionInstall
	case "upgrade":
		d.Action = event.ActionUpgrade
	default:
		d.Action = event.ActionReconcile
	}
	r.Application.Chart = chartOf(f.spec.chart, firstText(f.status.attempted, f.status.applied, f.spec.chartVersion))
	if s, ok := f.released(); ok {
		r.Application.Chart = chartOf(s.chartName, s.chartVersion)
		r.Application.Version = s.app
		if d.Phase == event.DeploymentSucceeded && !s.deployed.IsZero() {
			// Ready changes each time that the same is reconciled again.
			d.Started = s.deployed
			if d.Finished.Before(s.deployed) {
				d.Finished = s.deployed
			}
		}
	}
	if !f.spec.remote {
		r.Release = f.release(live)
	}
	f.finish(&r)
	return r, nil
}

// released returns the newest release, if it is of the revision that the
// rollout is about.
func (f *flux) released() (newest snapshot, ok bool) {
	for _, s := range f.status.history {
		if s.version > newest.version {
			newest = s
		}
	}
	return newest, newest.version > 0 && (f.status.attempted == "" || newest.chartVersion == f.status.attempted)
}

// release names the Helm release as helm-controller does.
func (f *flux) release(live event.Live) Release {
	own := live.Ref.Namespace
	r := Release{Namespace: own, Storage: own, Name: f.spec.releaseName}
	if f.spec.targetNamespace != "" {
		r.Namespace = event.Namespace(f.spec.targetNamespace)
	}
	if f.spec.storageNamespace != "" {
		r.Storage = event.Namespace(f.spec.storageNamespace)
	}
	if r.Name == "" {
		r.Name = live.Ref.Name
		if f.spec.targetNamespace != "" {
			r.Name = f.spec.targetNamespace + "-" + r.Name
		}
	}
	// Helm takes names of up to 53 bytes.
	const most, hashed = 53, 12
	if len(r.Name) > most {
		sum := sha256.Sum256([]byte(r.Name))
		r.Name = r.Name[:most-hashed-1] + "-" + hex.EncodeToString(sum[:])[:hashed]
	}
	return r
}

func firstText(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}
