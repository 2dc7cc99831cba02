package change

import (
	"hash/maphash"
	"strings"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Options bound the memory of a Tracker.
type Options struct {
	// MaxBytes is what the objects remembered may take; 0 means 4 MiB, negative
	// that none are. A Deployment takes about 2 KB, a Pod 3 KB. What a Tracker
	// needs besides is at most 1 MiB, and while it reads a huge body about twice
	// its size and 5 MiB.
	MaxBytes int64
	// MaxObjects is how many may be remembered; 0 means 10,000.
	MaxObjects int
}

// The defaults.
const (
	defaultMaxBytes   = 4 << 20
	defaultMaxObjects = 10_000
)

// Tracker tells what writes changed. It learns what objects are like from the
// audit events of one cluster; the least recently written are forgotten first.
// It is for one goroutine at a time.
type Tracker struct {
	reader *reader
	known  *store
	// was is the tree of the object before a write.
	was      tree
	names    names
	scratch  []byte
	key      []byte
	comparer comparer
}

// NewTracker returns a Tracker that knows no object yet.
func NewTracker(o Options) *Tracker {
	if o.MaxBytes == 0 {
		o.MaxBytes = defaultMaxBytes
	}
	if o.MaxObjects == 0 {
		o.MaxObjects = defaultMaxObjects
	}
	t := &Tracker{
		reader: newReader(),
		known:  newStore(o),
		names:  names{ids: map[string]uint32{}},
	}
	t.comparer = comparer{
		was: &t.was, is: &t.reader.tree, path: &t.reader.path, paths: &t.reader.paths, schema: &t.reader.schema,
	}
	return t
}

// Len is how many objects are remembered.
func (t *Tracker) Len() int { return len(t.known.objects) }

// Bytes is what they take, as Options.MaxBytes counts.
func (t *Tracker) Bytes() int64 { return t.known.bytes }

// Changes tells what a changed, and learns from it what the object is like now.
// It is nil for all that is no successful update or patch, and where a does not
// tell the body. It keeps nothing that a's strings lie in.
//
// For patches see Patch. An update is compared with the object before it where
// that is known: its version must be the one that the client said it was
// updating. Of what the server stored all fields count, of what the client sent
// only those that the request could change: the status by the subresource
// status, all else by others. An update after which the version is the same
// changed nothing.
//
// Fields that the server keeps do not count: metadata.managedFields,
// resourceVersion, generation, creationTimestamp, uid and selfLink. A null counts
// as absent. Elements of lists without merge key are compared by their index; a
// list whose keys come in another order has changed as a whole. Objects that are
// new or gone are told by their fields, list elements as a whole.
func (t *Tracker) Changes(a *event.Audit) *event.Changes {
	switch a.Verb {
	case "create", "update", "patch", "delete":
	default:
		return nil
	}
	if !succeeded(a) || a.Request == "" && a.Response == "" || queryOf(a.RequestURI).dryRun {
		return nil
	}
	switch a.Verb {
	case "update":
		return t.update(a)
	case "patch":
		changes := t.reader.patch(a)
		t.written(a)
		return changes
	case "create":
		if a.Object.Subresource == "" {
			t.written(a)
		}
	case "delete":
		// Options in the body may make it a dry run, too.
		if a.Object.Subresource == "" && !strings.Contains(string(a.Request), `"dryRun"`) {
			t.written(a)
		}
	}
	return nil
}

// remembers reports whether the object is one that may be updated later. Events
// are many, and nobody does.
func (t *Tracker) remembers(a *event.Audit) bool {
	return t.known.options.MaxBytes > 0 && a.Object.Name != "" && a.Object.Resource != "" && a.Object.Resource != "events"
}

func (t *Tracker) update(a *event.Audit) *event.Changes {
	changes := &event.Changes{Type: event.ChangeUpdate}
	if !t.remembers(a) {
		return changes
	}
	before := string(a.Object.ResourceVersion)
	if before == "" {
		if h, ok := t.read(a, a.Request); ok {
			before = h.version
		}
	}
	known := t.known.get(t.keyOf(a))
	if known != nil && known.version != before {
		known = nil
	}
	if a.Response == "" {
		t.requested(a, known, changes)
		return changes
	}
	h, ok := t.read(a, a.Response)
	if !ok || h.version == "" {
		t.known.drop(t.key)
		return changes
	}
	t.reader.tree.prepare(&t.reader.schema)
	switch {
	case h.version == before:
		changes.Compared = true
	case known != nil && known.typeHash == h.typeHash:
		t.was.load(known.snapshot, &t.names)
		t.diff(changes)
	}
	t.learn(a, h)
	return changes
}

// requested compares the known object with what the client sent. What that led
// to is not known.
func (t *Tracker) requested(a *event.Audit, known *stored, changes *event.Changes) {
	status := a.Object.Subresource == "status"
	if known != nil && (status || a.Object.Subresource == "") {
		if h, ok := t.read(a, a.Request); ok && h.typeHash == known.typeHash {
			t.reader.tree.prepare(&t.reader.schema)
			t.was.load(known.snapshot, &t.names)
			leave(&t.was, status)
			leave(&t.reader.tree, status)
			t.diff(changes)
		}
	}
	t.known.drop(t.key)
}

// leave leaves of an object either its status or all but that.
func leave(t *tree, status bool) {
	for i := range t.children(0) {
		if (string(t.bytes(t.nodes[i].key)) == "status") != status {
			t.nodes[i].dead = true
		}
	}
}

func (t *Tracker) diff(changes *event.Changes) {
	r := t.reader
	r.paths.reset()
	r.path.cut(0)
	t.comparer.compare(0, 0, field{})
	r.paths.sorted()
	changes.Compared, changes.Paths, changes.Omitted = true, r.paths.list, r.paths.omitted
}

// written learns what an object is after a create, a patch or a delete that it
// survived.
func (t *Tracker) written(a *event.Audit) {
	if !t.remembers(a) {
		return
	}
	t.keyOf(a)
	if h, ok := t.read(a, a.Response); ok && h.version != "" {
		t.reader.tree.prepare(&t.reader.schema)
		t.learn(a, h)
		return
	}
	t.known.drop(t.key)
}

// head is what identifies a version of an object.
type head struct {
	version string
	// typeHash is that of apiVersion and kind.
	typeHash uint64
}

// read reads a body into the reader's tree. It is false if it is not the object
// itself.
func (t *Tracker) read(a *event.Audit, body event.JSON) (head, bool) {
	tree := &t.reader.tree
	if body == "" || body[0] != '{' || tree.parse(string(body)) != nil {
		return head{}, false
	}
	metadata := tree.member(0, "metadata")
	if tree.str(tree.member(metadata, "name")) != a.Object.Name {
		return head{}, false
	}
	kind, apiVersion := tree.str(tree.member(0, "kind")), tree.str(tree.member(0, "apiVersion"))
	if kind == "" || kind == "Status" || kind == "DeleteOptions" {
		return head{}, false
	}
	t.reader.schema = schemaOf(a.Object, updateForm)
	return head{
		version:  tree.str(tree.member(metadata, "resourceVersion")),
		typeHash: maphash.String(tree.seed, apiVersion) + 31*maphash.String(tree.seed, kind),
	}, true
}

// learn keeps what the reader's tree, prepared, says of a's object.
func (t *Tracker) learn(a *event.Audit, h head) {
	t.scratch = t.reader.tree.snapshot(t.scratch[:0], 0, array, &t.names)
	t.known.put(t.keyOf(a), h, t.scratch)
	if cap(t.scratch) > keptBytes {
		t.scratch = nil
	}
}

// keyOf returns what a's object is known by. The subresources that are the whole
// object share its key.
func (t *Tracker) keyOf(a *event.Audit) []byte {
	o := &a.Object
	sub := o.Subresource
	if wholeObject(sub) {
		sub = ""
	}
	t.key = t.key[:0]
	for _, s := range [...]string{apiGroup(o.APIVersion), o.Resource, string(o.Namespace), o.Name, sub} {
		t.key = append(append(t.key, s...), 0)
	}
	return t.key
}
