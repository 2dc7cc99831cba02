package permission

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/fluent-live/live-status/pipeline/crash"
)

// Bounds of a check. A cluster with a thousand kinds, each in a rule of its own, and
// read in one namespace, stays below maxRequests.
const (
	maxRequests = 6000
	// kept are those of maxRequests that are kept for what is too much.
	kept   = 2000
	atOnce = 8
	// maxReview and maxRules bound an answer, and maxListed all those with rules, in
	// bytes: who answers in place of the server must not fill the memory.
	maxReview = 1 << 20
	maxRules  = 4 << 20
	maxListed = 4 * maxRules
	// answerWithin bounds a request, and checkWithin all of them.
	answerWithin = 20 * time.Second
	checkWithin  = 3 * time.Minute
)

// Server is the way to the API server.
type Server interface {
	// Client returns a client with the credentials as they are now. It may be called
	// from several goroutines.
	Client(ctx context.Context) (rest.Interface, error)
}

// UnansweredError says that the API server does not tell what may be done.
type UnansweredError struct {
	// Forbidden is set where asking is forbidden, and unset where there is nobody who
	// could answer.
	Forbidden bool
	// Review is the API that was asked.
	Review string
	err    error
}

// Error says what to do, too.
func (e *UnansweredError) Error() string {
	if e.Forbidden {
		return "the API server refuses to tell what this account may do: creating " + e.Review +
			" is forbidden; bind the ClusterRole system:basic-user to it, as Kubernetes does by itself"
	}
	return "the API server does not tell what this account may do: it does not serve " + e.Review
}

// Unwrap returns what the server answered.
func (e *UnansweredError) Unwrap() error { return e.err }

var (
	errTooMany  = errors.New("too many rights to be asked for")
	errNoReview = errors.New("the answer is none")
)

// answer is what the server says of a right.
type answer struct {
	allowed bool
	// reason is the server's: which binding grants it.
	reason string
}

// asker asks an API server, each right once.
type asker struct {
	server Server

	mu       sync.Mutex
	requests int
	// most is how many requests may be made.
	most    int
	answers map[Right]answer
	// listed is how many bytes of rules the server has sent.
	listed int
}

func newAsker(server Server) *asker {
	return &asker{server: server, most: maxRequests - kept, answers: map[Right]answer{}}
}

// review sends a review and reads what the server made of it.
func (a *asker) review(ctx context.Context, group, resource string, in, out any, most int64) error {
	a.mu.Lock()
	spent := a.requests >= a.most
	if !spent {
		a.requests++
	}
	a.mu.Unlock()
	if spent {
		return errTooMany
	}
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("write %s: %w", resource, err)
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	client, err := a.server.Client(ctx)
	if err != nil {
		return err
	}
	stream, err := client.Post().AbsPath("/apis/"+group+"/v1/"+resource).MaxRetries(0).
		SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").Body(body).Stream(ctx)
	name := resource + "." + group
	switch {
	case apierrors.IsForbidden(err):
		return &UnansweredError{Forbidden: true, Review: name, err: err}
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err), code(err) == http.StatusNotImplemented:
		return &UnansweredError{Review: name, err: err}
	case err != nil:
		return fmt.Errorf("ask for %s: %w", name, err)
	}
	raw, err := io.ReadAll(io.LimitReader(stream, most+1))
	if err = errors.Join(err, stream.Close()); err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if int64(len(raw)) > most {
		return fmt.Errorf("read %s: the answer is larger than %d bytes", name, most)
	}
	if most == maxRules {
		a.mu.Lock()
		a.listed += len(raw)
		a.mu.Unlock()
	}
	var meta metav1.TypeMeta
	if json.Unmarshal(raw, &meta) != nil || meta.GroupVersionKind().Group != group || !strings.EqualFold(meta.Kind+"s", resource) {
		return &UnansweredError{Review: name, err: errNoReview}
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return fmt.Errorf("read %s: the answer is malformed", name)
	}
	return nil
}

func code(err error) int32 {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Code
	}
	return 0
}

// ask asks whether one right is there.
func (a *asker) ask(ctx context.Context, r Right) (answer, error) {
	a.mu.Lock()
	known, ok := a.answers[r]
	a.mu.Unlock()
	if ok {
		return known, nil
	}
	in := authorizationv1.SelfSubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: authorizationv1.SchemeGroupVersion.String(), Kind: "SelfSubjectAccessReview"},
	}
	if r.Path != "" {
		in.Spec.NonResourceAttributes = &authorizationv1.NonResourceAttributes{Verb: r.Verb, Path: r.Path}
	} else {
		resource, sub, _ := strings.Cut(r.Resource, "/")
		in.Spec.ResourceAttributes = &authorizationv1.ResourceAttributes{
			Verb: r.Verb, Group: r.Group, Resource: resource, Subresource: sub, Name: r.Name, Namespace: string(r.place()),
		}
	}
	var out authorizationv1.SelfSubjectAccessReview
	if err := a.review(ctx, authorizationGroup, "selfsubjectaccessreviews", in, &out, maxReview); err != nil {
		return answer{}, err
	}
	got := answer{allowed: out.Status.Allowed && !out.Status.Denied, reason: oneLine(out.Status.Reason)}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers[r] = got
	return got, nil
}

// all asks for several rights at a time, and returns the first error.
func (a *asker) all(ctx context.Context, rights []Right) error {
	distinct := map[Right]bool{}
	for _, r := range rights {
		distinct[r] = true
	}
	rights = sortedRights(distinct)
	return parallel(ctx, len(rights), func(ctx context.Context, i int) error {
		_, err := a.ask(ctx, rights[i])
		return err
	})
}

// has reports whether a right is there, by itself or by a wider one, and whether that
// is known.
func (a *asker) has(r Right) (has, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if is, ok := a.answers[r]; ok {
		return is.allowed, true
	}
	for _, wide := range wider(r) {
		if a.answers[wide].allowed {
			return true, true
		}
	}
	return false, false
}

// wider returns the rights that are asked for in place of many like r.
func wider(r Right) []Right {
	if r.Path != "" {
		return nil
	}
	return []Right{
		{Verb: all, Group: all, Resource: all},
		{Verb: r.Verb, Group: all, Resource: all, Namespace: r.Namespace},
		{Verb: r.Verb, Group: r.Group, Resource: all, Namespace: r.Namespace},
	}
}

// parallel calls do with 0 to n-1, several at a time, until all are done or one fails.
func parallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(n, atOnce) {
		workers.Go(func() {
			crash.Run(func() {
				for i := range next {
					if err := do(ctx, i); err != nil {
						cancel(err)
					}
				}
			})
		})
	}
	for i := 0; i < n && ctx.Err() == nil; i++ {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// maxReason bounds what is told of the server's words, in bytes.
const maxReason = 300

// oneLine makes one short line of text.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > maxReason {
		s = strings.ToValidUTF8(s[:maxReason], "") + "..."
	}
	return s
}
