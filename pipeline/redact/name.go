package redact

// Name returns a name as it may stand where it is told again and again, such as in
// the labels of a metric: what is done to it is not counted. It is false where the
// name could not be examined. As in a record it is told also while not all values are
// known, without those that are.
func (r *Redactor) Name(name string) (out string, ok bool) {
	defer func() {
		if recover() != nil {
			out, ok = "", false
		}
	}()
	j, reason := r.begin(nil)
	if reason == "" || j.x.known != nil {
		e := j.edit()
		out = e.apply("", "", place{}, name)
		ok = len(e.withheld) == 0
		e.withheld = nil
	}
	j.x.found = j.x.found[:0]
	r.end(j)
	return out, ok
}
