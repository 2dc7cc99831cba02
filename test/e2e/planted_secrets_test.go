package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/fluent-live/live-status/pipeline/redact/plant"
)

func in64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// lastApplied is where kubectl keeps what it has applied.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// store are the requests that put into the cluster's Secrets what is to be found
// elsewhere later.
func (s *sensitive) store() [][]request {
	var rows [][]request
	for i, v := range s.stored {
		secret := planted("v1", "Secret", fmt.Sprintf("stored-%d", i), members{"data": members{"password": in64(v.text)}})
		rows = append(rows, []request{{method: http.MethodPost, path: in("secrets"), body: secret, code: http.StatusCreated}})
	}
	vessel := planted("v1", "Secret", vesselName, members{"data": members{"k": in64(s.unknown())}})
	return append(rows, []request{{method: http.MethodPost, path: in("secrets"), body: vessel, code: http.StatusCreated}})
}

// vesselName is the Secret that is tried to be changed.
const vesselName = "vessel"

// secrets are requests for Secrets in every way that there is. Nobody has told the
// values, and they are tried only (dryRun), so that they do not become known by
// being in the cluster: their surroundings alone tell what they are.
func (s *sensitive) secrets(t testing.TB) [][]request {
	t.Helper()
	const tried = "?dryRun=All"
	rows := [][]request{}
	row := func(method, path, kind string, code int, body any) {
		rows = append(rows, []request{{method: method, path: path, kind: kind, code: code, body: body}})
	}
	secret := func(more members) members { return planted("v1", "Secret", vesselName, more) }
	create := func(more members) {
		o := with(planted("v1", "Secret", "tried", nil), more)
		row(http.MethodPost, in("secrets")+tried, "", http.StatusCreated, o)
	}
	patch := func(kind string, body any) {
		row(http.MethodPatch, in("secrets", vesselName)+tried+"&fieldManager=planter", kind, http.StatusOK, body)
	}
	for range plant.Kinds() {
		create(members{"data": members{"password": in64(s.unknown()), "b.c": in64(s.unknown())}})
		create(members{"stringData": members{"password": s.unknown(), "text": "a: " + s.unknown() + "\n"}})
		inner := secret(members{"data": members{"k": in64(s.unknown())}, "stringData": members{"l": s.unknown()}})
		outer := secret(members{"metadata": members{"annotations": members{lastApplied: string(marshalled(t, inner))}}, "data": members{"k": in64(s.unknown())}})
		create(members{"metadata": members{"annotations": members{lastApplied: string(marshalled(t, outer))}}, "data": members{"k": in64(s.unknown())}})
		row(http.MethodPut, in("secrets", vesselName)+tried, "", http.StatusOK, secret(members{"data": members{"k": in64(s.unknown())}}))
		patch(jsonPatch, []any{
			members{"op": "add", "path": "/data/new", "value": in64(s.unknown())},
			members{"op": "add", "path": "/stringData", "value": members{"m": s.unknown()}},
		})
		patch(jsonPatch, []any{members{"op": "replace", "path": "/data", "value": members{"k": in64(s.unknown())}}})
		patch(jsonPatch, []any{members{"op": "add", "path": "/metadata/annotations", "value": members{lastApplied: string(marshalled(t, inner))}}})
		patch(mergePatch, members{"data": members{"k": in64(s.unknown())}, "stringData": members{"l": s.unknown()}})
		patch(strategicPatch, members{"$retainKeys": []any{"apiVersion", "kind", "type", "metadata", "data"}, "data": members{"k": in64(s.unknown()), "gone": nil}})
		patch(applyPatch, secret(members{"stringData": members{"l": s.unknown()}}))
		patch(applyPatch, "apiVersion: v1\nkind: Secret\nmetadata: {name: "+vesselName+"}\ndata:\n  m: "+in64(s.unknown())+"\n")
		create(members{"type": "kubernetes.io/basic-auth", "stringData": members{"username": "shop", "password": s.unknown()}})
		create(members{"type": "kubernetes.io/ssh-auth", "stringData": members{"ssh-privatekey": s.unknown()}})
		docker := members{"auths": members{"registry.example": members{"username": "shop", "password": s.unknown(), "auth": in64("shop:" + s.unknown())}}}
		create(members{"type": "kubernetes.io/dockerconfigjson", "stringData": members{".dockerconfigjson": string(marshalled(t, docker))}})
		// What the API server refuses is in its log all the same, and in its answer.
		row(http.MethodPost, in("secrets"), "", http.StatusUnprocessableEntity, planted("v1", "Secret", "refused", members{"stringData": members{"no key!": s.unknown()}}))
		row(http.MethodPost, in("secrets"), "", http.StatusBadRequest, planted("v1", "Secret", "refused", members{"data": members{"k": "." + in64(s.unknown())}}))
		row(http.MethodPost, in("secrets"), "", http.StatusBadRequest, `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"refused"},"data":{"k":["`+in64(s.unknown())+`"]}}`)
		// Where a credential stands by its name.
		row(http.MethodPost, "/apis/authentication.k8s.io/v1/tokenreviews", "", http.StatusCreated, members{
			"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": members{"token": s.unknown()},
		})
		kubeconfig := "apiVersion: v1\nkind: Config\nusers:\n- name: a\n  user:\n    token: " + string(marshalled(t, s.unknown())) +
			"\n    client-key-data: " + in64(s.unknown()) + "\n    password: " + string(marshalled(t, s.unknown())) + "\n"
		row(http.MethodPost, in("configmaps")+tried, "", http.StatusCreated, planted("v1", "ConfigMap", "tried", members{
			"data": members{"kubeconfig": kubeconfig, "config.json": string(marshalled(t, docker))},
		}))
	}
	return rows
}

// issue has the API server issue tokens, of which only its answer tells.
func (s *sensitive) issue(ctx context.Context, t testing.TB, p *planter) {
	t.Helper()
	for range 5 {
		answer := p.ask(ctx, t, request{method: http.MethodPost, path: in("serviceaccounts", "default", "token"), code: http.StatusCreated, body: members{
			"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": members{"audiences": []any{"https://kubernetes.default.svc"}},
		}})
		var review struct {
			Status struct {
				Token string `json:"token"`
			} `json:"status"`
		}
		if err := json.Unmarshal(answer, &review); err != nil || review.Status.Token == "" {
			t.Errorf("no token was issued: %v", err)
			return
		}
		s.issued(review.Status.Token)
	}
}
