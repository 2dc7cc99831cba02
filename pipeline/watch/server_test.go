package watch

import (
	"io"
	"net/http"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"
)

// network answers requests as a test says.
type network func(*http.Request) *http.Response

func (n network) RoundTrip(req *http.Request) (*http.Response, error) {
	resp := n(req)
	if resp == nil {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	resp.Request = req
	return resp, nil
}

// connect returns a connection to a server that answers as said.
func connect(t *testing.T, answer network) Connection {
	t.Helper()
	cfg := &rest.Config{Host: "https://cluster.example", QPS: -1}
	cfg.GroupVersion = &schema.GroupVersion{Version: "v1"}
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, *cfg.GroupVersion)
	cfg.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.UnversionedRESTClientForConfigAndClient(cfg, &http.Client{Transport: answer})
	if err != nil {
		t.Fatal(err)
	}
	return Connection{Client: client, Collection: Collection{Path: "/api/v1/pods", PageSize: 2}, Received: func() {}}
}

func response(code int, body io.Reader) *http.Response {
	return &http.Response{
		StatusCode: code, Status: http.StatusText(code), Body: io.NopCloser(body),
		Header: http.Header{"Content-Type": {"application/json"}}, ProtoMajor: 1, ProtoMinor: 1,
	}
}
