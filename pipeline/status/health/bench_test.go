package health_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status/health"
)

// BenchmarkAssess assesses, per kind, the first object of its table that is well
// and the first that is not.
func BenchmarkAssess(b *testing.B) {
	all := allVerdicts()
	for _, kind := range slices.Sorted(maps.Keys(all)) {
		var files []string
		for _, healthy := range []bool{true, false} {
			if i := slices.IndexFunc(all[kind], func(v verdict) bool {
				return (v.health == event.HealthHealthy) == healthy
			}); i >= 0 {
				files = append(files, all[kind][i].file)
			}
		}
		for _, file := range files {
			b.Run(kind+"/"+file, func(b *testing.B) {
				obj := load(b, kind, file)
				b.ReportAllocs()
				for b.Loop() {
					health.Assess(obj)
				}
			})
		}
	}
}
