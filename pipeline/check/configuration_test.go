package check

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fluent-live/live-status/pipeline/config"
)

func TestConfiguration(t *testing.T) {
	good := parse(t, offline(nil))
	says(t, Run(t.Context(), Options{Config: good, Source: "live-status.yaml", Only: []Name{Configuration}}), "configuration ok: live-status.yaml, cluster_name test")

	mistakes := []error{
		&config.KeyError{Key: "kube_retention_time", Value: "soon", Problem: "is no duration", Hint: "write 1h"},
		&config.KeyError{Key: "kube_namspace", Meant: []string{"kube_namespace"}},
		errors.New("line 3: odd"),
		fmt.Errorf("line 4: %w", &config.KeyError{Key: "kube_ulr", Meant: []string{"kube_url"}}),
	}
	rows := Run(t.Context(), Options{
		Config: good, Mistakes: mistakes, Warnings: []string{"line 4: variable ${X} is used but not set"},
		Only: []Name{Configuration, Reach, AuditFile, Cursor}, Timeout: 20 * time.Second,
	})
	says(t, rows,
		`configuration failed: kube_retention_time "soon": is no duration -> write 1h`,
		`configuration failed: unknown key "kube_namspace": did you mean "kube_namespace"? -> write kube_namespace`,
		"configuration failed: line 3: odd -> correct it",
		"configuration failed: line 4: unknown key ... -> write kube_url",
		"configuration warning: line 4: variable ${X}",
		"reach skipped: kube_url is wrong, see configuration",
		"audit-file failed: none.log: there is no file of that name yet",
		"cursor warning: db is not set",
	)
	rows = Run(t.Context(), Options{Mistakes: mistakes[2:3], Unknown: true, Only: []Name{Configuration, Reach, Cursor}})
	says(t, rows, "configuration failed", "reach skipped: there is no configuration to go by", "cursor skipped")
}
