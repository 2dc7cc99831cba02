package pipeline

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status"
)

// Flux reconciles the same revision at each interval, and a Kustomization that waits
// for another one tells of no rollout: neither makes an application wait.
func TestReconcilingAgainIsNoRollout(t *testing.T) {
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	s := &statuses{
		tracker: status.New(status.Options{Now: func() time.Time { return now }, Settle: time.Second}), ended: map[event.SeenKey]string{},
	}
	s.tracker.Synced()
	app := event.Application{Tool: event.ToolFlux, Namespace: "flux-system", Name: "shop"}
	var told []string
	tell := func(phase event.DeploymentPhase, attempt string) {
		t.Helper()
		word := map[event.DeploymentPhase]event.ApplicationStatus{
			event.DeploymentBegun: event.ApplicationWaiting, event.DeploymentFailed: event.ApplicationUnavailable,
		}
		s.deployed(app, &deployment.Report{
			Key: "deployment/shop", Attempt: attempt,
			Deployment: event.Deployment{Tool: event.ToolFlux, Phase: phase, Revision: attempt, ApplicationStatus: word[phase], Started: now, Finished: now},
		}, "")
		now = now.Add(10 * time.Second)
		for {
			e, ok := s.tracker.Next(now)
			if !ok {
				return
			}
			a := e.Record.ApplicationState
			told = append(told, fmt.Sprintf("%s %s", a.Status, a.Deployment.Phase))
			if a.Deployment.Phase == "" {
				t.Error("a deployment without a phase is told")
			}
		}
	}
	tell("", "a")
	tell(event.DeploymentBegun, "a")
	tell(event.DeploymentSucceeded, "a")
	tell(event.DeploymentBegun, "a")
	tell(event.DeploymentSucceeded, "a")
	tell("", "b")
	tell(event.DeploymentBegun, "b")
	tell(event.DeploymentFailed, "b")
	tell(event.DeploymentBegun, "b")
	tell(event.DeploymentFailed, "b")
	tell(event.DeploymentBegun, "c")
	tell(event.DeploymentSucceeded, "c")
	if want := []string{"Waiting begun", "Healthy succeeded", "Waiting begun", "Unavailable failed", "Waiting begun", "Healthy succeeded"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}
