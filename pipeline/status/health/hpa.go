package health

import (
	"errors"
	"io"

	"github.com/go-faster/jx"

	"github.com/fluent-live/live-status/pipeline/event"
)

// conditionsAnnotation is where autoscaling/v1, whose status has no place for
// them, carries the conditions.
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions"

// horizontalPodAutoscaler goes by its conditions: the first that tells a failure,
// else the first that tells that it works.
func horizontalPodAutoscaler(o *object) event.Assessment {
	var failed, works condition
	see := func(c condition) {
		switch {
		case failed.typ == "" && hpaFails(c):
			failed = c
		case works.typ == "" && (c.typ == "AbleToScale" || c.typ == "ScalingLimited") && c.status == "True":
			works = c
		}
	}
	if o.top().text("apiVersion") == "autoscaling/v1" {
		o.annotatedConditions(see)
	} else {
		items, _ := o.top().list("status", "conditions")
		for _, item := range items {
			see(o.condition(item, statusConditions))
		}
	}
	switch {
	case failed.typ != "":
		return failed.says(event.HealthDegraded)
	case works.typ != "":
		return works.says(event.HealthHealthy)
	}
	return says(event.HealthProgressing, "", "waiting for the autoscaler to report that it can scale")
}

// hpaFails reports whether the condition tells that nothing can be scaled. Its
// status is not asked, as published.
func hpaFails(c condition) bool {
	switch c.typ {
	case "AbleToScale":
		return c.reason == "FailedGetScale" || c.reason == "FailedUpdateScale"
	case "ScalingActive":
		switch c.reason {
		case "FailedGetResourceMetric", "FailedGetObjectMetric", "FailedGetPodsMetric",
			"FailedGetExternalMetric", "FailedComputeMetricsReplicas", "InvalidSelector":
			return true
		}
	}
	return false
}

// annotatedConditions hands on the conditions of an autoscaler in version 1.
func (o *object) annotatedConditions(see func(condition)) {
	s := o.top().text("metadata", "annotations", conditionsAnnotation)
	if s == "" {
		if o.top().field("metadata", "annotations", conditionsAnnotation) != nil {
			o.top().fail("metadata", "annotations", conditionsAnnotation)
		}
		return
	}
	if s == "null" {
		return
	}
	d := jx.DecodeStr(s)
	err := d.Arr(func(d *jx.Decoder) error {
		var c condition
		if err := d.Obj(c.decode); err != nil {
			return err
		}
		see(c)
		return nil
	})
	// Behind the list there must be nothing.
	if err != nil || !errors.Is(d.Skip(), io.EOF) {
		o.top().fail("metadata", "annotations", conditionsAnnotation)
	}
}

func (c *condition) decode(d *jx.Decoder, key string) error {
	var to *string
	switch key {
	case "type":
		to = &c.typ
	case "status":
		to = &c.status
	case "reason":
		to = &c.reason
	case "message":
		to = &c.message
	case "lastTransitionTime":
		to = &c.changed
	default:
		return d.Skip()
	}
	if d.Next() == jx.Null {
		return d.Null()
	}
	s, err := d.Str()
	*to = s
	return err
}
