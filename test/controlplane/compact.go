package controlplane

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// Compact makes etcd forget all versions but the current ones and returns the
// revision it compacted to. Every resource version that was handed out before
// the call is too old afterwards: watches and continued lists from it are
// answered with 410. What is stored stays readable.
func (c *Cluster) Compact(ctx context.Context) (int64, error) {
	// A watch from version v reads from v+1 on, and etcd serves the revision it
	// was compacted to, so the newest version is gone only two writes later.
	for range 2 {
		if err := c.touchEtcd(ctx); err != nil {
			return 0, fmt.Errorf("advance etcd's revision: %w", err)
		}
	}
	revision, err := c.Revision(ctx)
	if err != nil {
		return 0, err
	}
	// physical: answer only when the versions are really gone.
	request := struct {
		Revision int64 `json:"revision,string"`
		Physical bool  `json:"physical"`
	}{revision, true}
	if err := c.askEtcd(ctx, "/v3/kv/compaction", request, &struct{}{}); err != nil {
		return 0, fmt.Errorf("compact etcd to revision %d: %w", revision, err)
	}
	return revision, nil
}

// touchEtcd writes a key beside those of the API server.
func (c *Cluster) touchEtcd(ctx context.Context) error {
	request := struct {
		Key   []byte `json:"key"`
		Value []byte `json:"value"`
	}{[]byte("/live-status/touched"), []byte("1")}
	return c.askEtcd(ctx, "/v3/kv/put", request, &struct{}{})
}

// Revision is etcd's current revision, which is the highest resource version
// handed out so far.
func (c *Cluster) Revision(ctx context.Context) (int64, error) {
	request := struct {
		Key       []byte `json:"key"`
		CountOnly bool   `json:"count_only"`
	}{[]byte("/"), true}
	var answer struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	if err := c.askEtcd(ctx, "/v3/kv/range", request, &answer); err != nil {
		return 0, fmt.Errorf("read etcd's revision: %w", err)
	}
	revision, err := strconv.ParseInt(answer.Header.Revision, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read etcd's revision: %w", err)
	}
	return revision, nil
}

// askEtcd calls etcd through the JSON gateway of its client port, which saves
// the module its gRPC client.
func (c *Cluster) askEtcd(ctx context.Context, path string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	url := "http://" + loopback(c.ports.etcd) + path
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	// Not the probing client: compacting many versions takes its time, which ctx
	// bounds.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", response.Status, content)
	}
	if err := json.Unmarshal(content, answer); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}
