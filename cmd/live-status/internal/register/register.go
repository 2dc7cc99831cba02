package register

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
)

const (
	// attempts bounds how often a Secret is read anew because others changed it
	// in between.
	attempts = 10
	// pause is what is waited after such a conflict, and longer each time.
	pause = 50 * time.Millisecond
	// maxAnswer bounds an answer: the values in base64, and as much again for
	// what others have written into the metadata.
	maxAnswer = 4 * MaxBytes
)

// Server is the API server that has the Secret.
type Server interface {
	// Client returns a client for one request.
	Client(ctx context.Context) (rest.Interface, error)
	// Describe says for a person what failed and shows no credential of the
	// request.
	Describe(err error) string
}

// Options are what Run needs beside the plan.
type Options struct {
	// Random is where a salt is from; crypto/rand when nil.
	Random io.Reader
	// Wait waits between attempts; a timer when nil. It returns the context's
	// error where that ends first.
	Wait func(context.Context, time.Duration) error
}

// Run makes the Secret what the plan says. One that is so already is not
// written. Where others write it at the same time, it is read again.
func Run(ctx context.Context, server Server, plan Plan, opts Options) (Report, error) {
	if opts.Random == nil {
		opts.Random = rand.Reader
	}
	if opts.Wait == nil {
		opts.Wait = sleep
	}
	r := runner{server: server, plan: plan, target: plan.Target}
	for i := 1; ; i++ {
		report, err := r.try(ctx, opts.Random)
		if !errors.Is(err, errChanged) {
			return report, err
		}
		if i == attempts {
			return report, fmt.Errorf("write secret %s: it was changed by others %d times in between: try again", plan.Target, attempts)
		}
		if err := opts.Wait(ctx, time.Duration(i)*pause); err != nil {
			return report, fmt.Errorf("write secret %s: %w", plan.Target, err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// errChanged says that the Secret is no longer the one that was read.
var errChanged = errors.New("the Secret was changed by others")

type runner struct {
	server Server
	plan   Plan
	target Target
}

// try reads the Secret, and writes it once where it has to change.
func (r runner) try(ctx context.Context, random io.Reader) (Report, error) {
	old, err := r.get(ctx)
	if err != nil {
		return Report{}, err
	}
	next, report, err := r.plan.apply(old, random)
	if err != nil || !report.Changed() {
		return report, err
	}
	return report, r.put(ctx, old, next)
}

func (r runner) path() string {
	return "/api/v1/namespaces/" + r.target.Namespace + "/secrets"
}

// get returns nil where there is no Secret.
func (r runner) get(ctx context.Context) (*corev1.Secret, error) {
	client, err := r.server.Client(ctx)
	if err != nil {
		return nil, err
	}
	raw, err := body(client.Get().AbsPath(r.path(), r.target.Name).Stream(ctx))
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, r.explain("read", "get", err)
	}
	var s corev1.Secret
	if err := json.Unmarshal(raw, &s); err != nil || s.Name != r.target.Name {
		// The error would quote what could not be read.
		return nil, fmt.Errorf("read secret %s: the answer is no Secret: check kube_url", r.target)
	}
	return &s, nil
}

func (r runner) put(ctx context.Context, old, next *corev1.Secret) error {
	sent, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("encode secret %s: %w", r.target, err)
	}
	client, err := r.server.Client(ctx)
	if err != nil {
		return err
	}
	verb := "create"
	request := client.Post().AbsPath(r.path())
	if old != nil {
		verb = "update"
		request = client.Put().AbsPath(r.path(), r.target.Name)
	}
	_, err = body(request.SetHeader("Content-Type", runtime.ContentTypeJSON).Body(sent).Stream(ctx))
	switch {
	case err == nil:
		return nil
	case apierrors.IsAlreadyExists(err), apierrors.IsConflict(err), verb == "update" && apierrors.IsNotFound(err):
		return errChanged
	case apierrors.IsNotFound(err):
		return fmt.Errorf("create secret %s: there is no namespace %s", r.target, r.target.Namespace)
	}
	return r.explain(verb, verb, err, old, next)
}

func body(from io.ReadCloser, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(from, maxAnswer+1))
	if err := errors.Join(err, from.Close()); err != nil {
		return nil, err
	}
	if n > maxAnswer {
		return nil, errors.New("the answer is too long for a Secret")
	}
	return b.Bytes(), nil
}
