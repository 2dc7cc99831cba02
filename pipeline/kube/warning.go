package kube

import (
	"context"
	"log/slog"
	"sync"

	"k8s.io/client-go/rest"
)

// maxWarnings bounds how many different warnings are remembered and so logged.
const maxWarnings = 64

// warnings logs what an API server warns of, each text once.
type warnings struct {
	log  *slog.Logger
	mu   sync.Mutex
	seen map[string]bool
}

var _ rest.WarningHandlerWithContext = (*warnings)(nil)

func newWarnings(log *slog.Logger) *warnings {
	return &warnings{log: log, seen: map[string]bool{}}
}

// HandleWarningHeaderWithContext logs a warning.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _, text string) {
	// RFC 7234: 299 is a persistent, miscellaneous warning, the one that API
	// servers send.
	if code != 299 || text == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.seen[text] || len(w.seen) >= maxWarnings {
		return
	}
	w.seen[text] = true
	w.log.Warn("the API server warns", "warning", scrubText(text, nil))
}
