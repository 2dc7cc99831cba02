package check

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fluent-live/live-status/pipeline/kube"
)

// short is how long before its end a token is told to end, where nobody replaces it.
const short = 10 * time.Minute

// identity asks the API server who we are.
func identity(ctx context.Context, s *session) []Finding {
	if away := s.away(); away != "" {
		return skipped("%s", away)
	}
	target := s.access.Target()
	tokens := s.token(target)
	raw, err := s.post(ctx, "/apis/authentication.k8s.io/v1/selfsubjectreviews", `{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}`)
	switch {
	case apierrors.IsUnauthorized(err):
		if slices.ContainsFunc(tokens, func(f Finding) bool { return f.Result == Failed }) {
			return tokens
		}
		what, fix := s.explain(err)
		return append(failed(fix, "%s", what), tokens...)
	case apierrors.IsForbidden(err) || apierrors.IsNotFound(err):
		what, _ := s.explain(err)
		return append(warned("bind the ClusterRole system:basic-user to system:authenticated, as clusters have it by default",
			"the API server does not say who this is: %s", what), tokens...)
	case err != nil:
		return append(s.failure(err, "ask who this is"), tokens...)
	}
	var review struct {
		Status struct {
			UserInfo struct {
				Username string   `json:"username"`
				Groups   []string `json:"groups"`
			} `json:"userInfo"`
		} `json:"status"`
	}
	if err := json.Unmarshal(raw, &review); err != nil {
		return failed("check that kube_url is that of an API server", "ask who this is: the answer is no SelfSubjectReview")
	}
	user := review.Status.UserInfo
	if user.Username == "system:anonymous" {
		return append(failed("set kube_token_file or a client certificate, or a user in the kubeconfig", "the API server takes us for nobody: user system:anonymous"), tokens...)
	}
	detail := "user " + user.Username
	if len(user.Groups) > 0 {
		detail += ", groups " + strings.Join(user.Groups[:min(len(user.Groups), maxNames)], ", ")
		if more := len(user.Groups) - maxNames; more > 0 {
			detail += fmt.Sprintf(" and %d more", more)
		}
	}
	if target.Exec != "" {
		detail += ", credentials by the program " + target.Exec
	}
	return append(okay("%s", detail), tokens...)
}

// token tells what the token says of itself.
func (s *session) token(target kube.Target) []Finding {
	secret, err := target.Token()
	if err != nil {
		return failed("check kube_token_file", "%s", err)
	}
	if secret == "" {
		return nil
	}
	where, now := "the token of "+target.Origin, s.Now()
	if target.TokenFile != "" {
		where = "token " + target.TokenFile
		if st, err := os.Stat(target.TokenFile); err == nil {
			where += fmt.Sprintf(", written %s ago", distance(now.Sub(st.ModTime())))
		}
	}
	c, err := readClaims(secret.Reveal())
	if err != nil {
		return okay("%s: it does not say how long it is valid", where)
	}
	who := ""
	if c.subject != "" {
		who = ", for " + c.subject
	}
	if len(c.audience) > 0 {
		who += ", audience " + strings.Join(c.audience, ", ")
	}
	left := c.expires.Sub(now)
	switch {
	case c.expires.IsZero():
		return warned("use a bound token, as pods have it: it ends by itself, and with its pod", "%s%s: it is valid for ever", where, who)
	case left < 0:
		return failed("have a new one written there: the kubelet does so for pods, elsewhere kubectl create token",
			"%s%s: it expired %s ago", where, who, distance(left))
	case left < short:
		return warned("see that something writes a new one there in time", "%s%s: it expires in %s", where, who, distance(left))
	}
	return okay("%s%s: it expires in %s", where, who, distance(left))
}

// post sends JSON to the API server and returns the answer.
func (s *session) post(ctx context.Context, path, body string) ([]byte, error) {
	client, err := s.access.Client(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := client.Post().AbsPath(path).SetHeader("Content-Type", "application/json").SetHeader("Accept", "application/json").
		MaxRetries(0).Body([]byte(body)).Stream(ctx)
	if err != nil {
		return nil, err
	}
	return readAll(answer)
}

// get reads from the API server.
func (s *session) get(ctx context.Context, path, accept string) ([]byte, error) {
	client, err := s.access.Client(ctx)
	if err != nil {
		return nil, err
	}
	body, err := client.Verb(http.MethodGet).AbsPath(path).SetHeader("Accept", accept).MaxRetries(0).Stream(ctx)
	if err != nil {
		return nil, err
	}
	return readAll(body)
}
