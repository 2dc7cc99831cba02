package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
)

// APIServer is where tokens and rights are known.
type APIServer interface {
	// Client returns a client to be used for one request. Its errors show no
	// credential.
	Client(ctx context.Context) (rest.Interface, error)
}

// Reviewer has an API server say whose a token is (TokenReview) and whether they may
// get the path /metrics (SubjectAccessReview). It remembers what was said for a
// while, and asks about few tokens at a time: who sends many that nobody has makes no
// load there.
type Reviewer struct {
	server APIServer
	memory *memory
}

// NewReviewer returns a Reviewer; now is the clock, nil for time.Now.
func NewReviewer(server APIServer, now func() time.Time) *Reviewer {
	if now == nil {
		now = time.Now
	}
	r := &Reviewer{server: server}
	r.memory = newMemory(now, r.ask)
	return r
}

// Authorize implements Authorizer.
func (r *Reviewer) Authorize(ctx context.Context, token string) error {
	return r.memory.decide(ctx, token)
}

// askWithin bounds both questions about a token.
const askWithin = 10 * time.Second

// The right that a scrape takes.
const (
	scrapeVerb = "get"
	scrapePath = "/metrics"
)

func (r *Reviewer) ask(ctx context.Context, token string) error {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	who := authenticationv1.TokenReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authentication.k8s.io/v1", Kind: "TokenReview"},
		Spec:     authenticationv1.TokenReviewSpec{Token: token},
	}
	if err := post(ctx, r.server, "/apis/authentication.k8s.io/v1/tokenreviews", &who); err != nil {
		return fmt.Errorf("create a TokenReview: %w", err)
	}
	user := &who.Status.User
	if !who.Status.Authenticated || user.Username == "" {
		// What Error says would not be for whoever has no token.
		return ErrToken
	}
	may := authorizationv1.SubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SubjectAccessReview"},
		Spec: authorizationv1.SubjectAccessReviewSpec{
			NonResourceAttributes: &authorizationv1.NonResourceAttributes{Path: scrapePath, Verb: scrapeVerb},
			User:                  user.Username, Groups: user.Groups, UID: user.UID,
		},
	}
	for key, values := range user.Extra {
		if may.Spec.Extra == nil {
			may.Spec.Extra = map[string]authorizationv1.ExtraValue{}
		}
		may.Spec.Extra[key] = authorizationv1.ExtraValue(values)
	}
	if err := post(ctx, r.server, "/apis/authorization.k8s.io/v1/subjectaccessreviews", &may); err != nil {
		return fmt.Errorf("create a SubjectAccessReview: %w", err)
	}
	if !may.Status.Allowed || may.Status.Denied {
		return &ForbiddenError{Verb: scrapeVerb, Path: scrapePath}
	}
	return nil
}

// maxReview bounds an answer, which has a few thousand bytes: who answers in place of
// the server must not fill the memory.
const maxReview = 1 << 20

var errReview = errors.New("the answer is no review")

// post creates a review and reads what became of it. What went wrong is said without
// what the server answered, which may quote what was sent.
func post(ctx context.Context, server APIServer, path string, review any) error {
	client, err := server.Client(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(review)
	if err != nil {
		return err
	}
	answer, err := client.Post().AbsPath(path).SetHeader("Content-Type", "application/json").Body(body).Stream(ctx)
	if err != nil {
		return plain(err)
	}
	defer func() { _ = answer.Close() }()
	raw, err := io.ReadAll(io.LimitReader(answer, maxReview))
	if err != nil {
		return fmt.Errorf("read the answer: %w", err)
	}
	if json.Unmarshal(raw, review) != nil {
		return errReview
	}
	return nil
}

// plain says what the API server refused.
func plain(err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok {
		return err
	}
	switch code := int(status.ErrStatus.Code); code {
	case http.StatusForbidden:
		return errors.New("this instance may not: grant it create on tokenreviews.authentication.k8s.io and subjectaccessreviews.authorization.k8s.io, as the ClusterRole system:auth-delegator does")
	case http.StatusUnauthorized:
		return errors.New("the API server does not know this instance's own credentials")
	default:
		return fmt.Errorf("the API server answered %d %s", code, http.StatusText(code))
	}
}
