package e2e

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/test/controlplane"
)

// audited is the namespace of which the test's policy audits the bodies.
const audited = "audited"

// requester asks an API server for many things and notes what it was told.
type requester struct {
	client kubernetes.Interface

	mu sync.Mutex
	// answered has the Audit-ID of every request that was served; refused those
	// of requests that the API server did not serve since it could not audit
	// them.
	answered, refused map[string]bool

	// served counts the requests of one call of requests.
	served atomic.Int64
}

func newRequester(t testing.TB, c *controlplane.Cluster) *requester {
	t.Helper()
	q := &requester{answered: map[string]bool{}, refused: map[string]bool{}}
	config := c.RESTConfig()
	config.Wrap(func(next http.RoundTripper) http.RoundTripper { return noting{q, next} })
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	if q.client, err = kubernetes.NewForConfigAndClient(config, client); err != nil {
		t.Fatal(err)
	}
	q.persist(t.Context(), t, func(ctx context.Context) error {
		_, err := q.client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: audited}}, metav1.CreateOptions{})
		return err
	})
	return q
}

// noting keeps the Audit-ID of every answer.
type noting struct {
	requester *requester
	next      http.RoundTripper
}

func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := n.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	n.requester.mu.Lock()
	defer n.requester.mu.Unlock()
	id := response.Header.Get("Audit-Id")
	if response.StatusCode == http.StatusInternalServerError {
		n.requester.refused[id] = true
	} else {
		n.requester.answered[id] = true
	}
	return response, nil
}

// persist repeats a request until it is served. An error that speaks of the
// object is an answer.
func (q *requester) persist(ctx context.Context, t testing.TB, ask func(context.Context) error) {
	t.Helper()
	for {
		err := ask(ctx)
		if err == nil || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err) || apierrors.IsConflict(err) {
			return
		}
		if ctx.Err() != nil {
			t.Errorf("the server did not answer in time: %v", err)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// requests makes n requests with 16 clients, perSecond at most (0: as fast as
// the server goes), and returns when all were served.
func (q *requester) requests(ctx context.Context, t testing.TB, n, perSecond int) {
	t.Helper()
	q.served.Store(0)
	var next atomic.Int64
	began := time.Now()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				if perSecond > 0 {
					time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))))
				}
				q.persist(ctx, t, func(ctx context.Context) error { return q.request(ctx, i) })
				q.served.Add(1)
			}
		})
	}
	wg.Wait()
}

// request makes the i-th request: mostly reads, which cost the server little, and
// every tenth a write.
func (q *requester) request(ctx context.Context, i int) error {
	maps := q.client.CoreV1().ConfigMaps(audited)
	name := fmt.Sprintf("settings-%d", i/100%50)
	switch i % 20 {
	case 0:
		_, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name}, Data: map[string]string{"round": fmt.Sprint(i)}}, metav1.CreateOptions{})
		return err
	case 10:
		patch := fmt.Appendf(nil, `{"data":{"round":"%d"}}`, i)
		_, err := maps.Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{})
		return err
	case 5, 15:
		_, err := maps.Get(ctx, name, metav1.GetOptions{})
		return err
	case 7:
		_, err := q.client.CoreV1().Secrets("kube-system").Get(ctx, "no-such-secret", metav1.GetOptions{})
		return err
	case 12:
		_, err := q.client.Discovery().RESTClient().Get().AbsPath("/version").DoRaw(ctx)
		return err
	default:
		_, err := q.client.CoreV1().Namespaces().Get(ctx, "default", metav1.GetOptions{})
		return err
	}
}

// unaudited returns those of the requests that were served of which the trail has
// no such stage.
func (q *requester) unaudited(tr trail, stage string) trail {
	q.mu.Lock()
	defer q.mu.Unlock()
	missing := trail{}
	for id := range q.answered {
		if s := (step{id, stage}); !tr[s] {
			missing[s] = true
		}
	}
	return missing
}
