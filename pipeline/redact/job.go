package redact

import "github.com/fluent-live/live-status/pipeline/event"

// job is the memory that the redaction of one record takes, but for what the
// record itself keeps.
type job struct {
	x      *search
	layers []layer
	e      edit
}

// begin takes a job. Its reason says why no payload may leave.
func (r *Redactor) begin(explain func(Finding)) (j *job, reason string) {
	j, _ = r.jobs.Get().(*job) // The pool holds nothing else.
	j.x.begin(&r.options, explain)
	if values := r.options.Values; values != nil {
		j.x.known, reason = values.Current()
	}
	j.x.clean.reset(j.x.known)
	return j, reason
}

// edit returns an edit for one record.
func (j *job) edit() *edit {
	j.e = edit{layers: j.layers, x: j.x}
	return &j.e
}

// end counts what was done and gives the job back. It is not called after a
// panic, which may have left anything in it.
func (r *Redactor) end(j *job) {
	r.tally.add(j.x.found, j.e.withheld)
	j.x.end()
	j.e = edit{}
	r.jobs.Put(j)
}

// withholdPayload keeps of a record what withholdAll keeps, and what it is
// about where it can be examined.
func (r *Redactor) withholdPayload(j *job, rec event.Record, reason string) event.Record {
	out := r.withholdAll(rec, reason)
	e := j.edit()
	e.withheld = append(e.withheld, out.Withheld...)
	out.Withheld = nil
	if j.x.known == nil {
		// Nothing tells whether a name holds a value.
		return e.settle(out)
	}
	out.Cluster = event.ClusterName(e.apply("/cluster", "", place{}, string(rec.Cluster)))
	if rec.Object != nil {
		out.Object = applyFields(e, "/object", objectFields[:], rec.Object)
	}
	if rec.Owner != nil {
		out.Owner = e.reference("/owner", rec.Owner, out.Object)
	}
	if rec.Application != nil {
		out.Application = e.application(rec.Application, out.Object, out.Owner)
	}
	return e.settle(out)
}
