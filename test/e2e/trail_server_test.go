package e2e

import (
	"testing"
	"time"

	"github.com/fluent-live/live-status/test/controlplane"
)

// What the tests take for the truth: an API server whose webhook nobody serves
// logs every event all the same, and says of each that it gave up on posting it.
func TestTheServerTellsWhatItGaveUp(t *testing.T) {
	webhook := newWebhook(t, controlplane.WebhookBearerToken)
	c := clusterWith(t, controlplane.Options{
		AuditPolicyFile: auditPolicy(t), AuditWebhookFile: webhook.Kubeconfig,
		APIServerFlags: []string{"--audit-log-maxsize=0", "--audit-webhook-mode=blocking", "--audit-webhook-initial-backoff=1ms"},
	})
	q := newRequester(t, c)
	q.requests(t.Context(), t, 100, 0)
	all := logged(t, c)
	for _, stage := range []string{received, complete} {
		if missing := q.unaudited(all, stage); len(q.answered) < 100 || len(missing) > 0 {
			t.Errorf("of %d requests %d are not logged at %s", len(q.answered), len(missing), stage)
		}
	}
	eventually(t, 30*time.Second, "the server's complaints", func() bool { return len(all.without(givenUp(t, c))) == 0 })
}
