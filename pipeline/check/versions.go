package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The minor versions of Kubernetes 1 that are known to work: what the client library
// supports, and what tests run against.
const (
	oldest = 29
	newest = 37
)

// versions tells the versions of all that has one.
func versions(ctx context.Context, s *session) []Finding {
	ours := "live-status " + s.Version
	if s.FluentBit != nil {
		if v := s.FluentBit(ctx); v != "" {
			ours += ", " + v
		}
	}
	if away := s.away(); away != "" {
		return okay("%s; %s", ours, away)
	}
	raw, err := s.get(ctx, "/version", "application/json")
	if err != nil {
		return s.failure(err, "ask for the version")
	}
	var version struct {
		GitVersion, Major, Minor string
	}
	if err := json.Unmarshal(raw, &version); err != nil || version.GitVersion == "" {
		return failed("check that kube_url is that of an API server", "the answer to /version is not that of an API server")
	}
	detail := fmt.Sprintf("Kubernetes %s, %s", version.GitVersion, ours)
	// Some append a plus sign.
	minor, err := strconv.Atoi(strings.TrimRight(version.Minor, "+"))
	known := fmt.Sprintf("1.%d to 1.%d are known to work", oldest, newest)
	switch {
	case version.Major != "1" || err != nil:
		return warned("look for a newer version of Live Status", "%s: %s", detail, known)
	case minor < oldest:
		return warned("upgrade the cluster", "%s: %s", detail, known)
	case minor > newest:
		return warned("look for a newer version of Live Status", "%s: %s", detail, known)
	}
	return okay("%s", detail)
}

// readAll reads an answer of an API server that is not too long to be one.
func readAll(body io.ReadCloser) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, err
	}
	if len(raw) > maxAnswer {
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	return raw, nil
}
