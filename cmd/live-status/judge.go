package main

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/status"
	"github.com/fluent-live/live-status/pipeline/status/drift"
)

// judge assesses objects. None of its methods changes what it is given.
type judge interface {
	Assess(ctx context.Context, obj *unstructured.Unstructured) event.Assessment
	Compare(live *unstructured.Unstructured, desired []drift.Desired) event.Comparison
	// Warnings are what is wrong with the rules and does not keep them from
	// working.
	Warnings() []string
}

func newJudge(o assessOptions) (judge, error) {
	return status.NewAssessor(status.AssessorOptions{RulesPath: o.rules, Ignore: o.syncIgnore})
}
