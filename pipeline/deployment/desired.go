package deployment

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Manifest is how an object of a release should be.
type Manifest struct {
	// Ref has APIVersion, Kind, Namespace and Name, as those of Report.Claims.
	Ref event.ObjectRef
	// JSON is the manifest in JSON, in one line.
	JSON event.JSON
	// Keep is set where the object stays when the release no longer has it
	// (the annotation helm.sh/resource-policy: keep).
	Keep bool
}

// Bounds of what is read of the manifests of one release. Helm stores no more than
// a megabyte compressed. Aliases make much of little, so that what comes out is
// bounded, too, and what fails costs as much as it can have made.
const (
	maxManifest     = 1 << 20
	maxManifests    = 16 << 20
	costOfUnread    = 1 << 20
	maxManifestRefs = maxClaims
)

// The annotations of Helm that say what is to become of an object.
const (
	annotationHook   = "helm.sh/hook"
	annotationPolicy = "helm.sh/resource-policy"
)

// manifests reads the manifests of a release. Of several about one object the last
// counts, as it is applied last.
func (rel *helmRelease) manifests(r *Report) {
	type identity struct {
		group, kind, name string
		namespace         event.Namespace
	}
	at := map[identity]int{}
	left := maxManifests
	r.Desired = true
	rest := rel.main
	for len(rest) > 0 {
		var doc string
		doc, rest = nextDocument(rest)
		h, ok := readHead(doc)
		if ok && h == (head{}) {
			continue
		}
		if len(doc) > left || len(r.Manifests) >= maxManifestRefs {
			r.Withheld++
			continue
		}
		m, hook, ok := readManifest(doc, r.Release.Namespace)
		switch {
		case !ok || len(m.JSON) > left:
			r.Withheld++
			left -= costOfUnread
			continue
		case hook:
			left -= len(m.JSON)
			continue
		}
		left -= len(m.JSON)
		key := identity{groupOf(m.Ref.APIVersion), m.Ref.Kind, m.Ref.Name, m.Ref.Namespace}
		if i, again := at[key]; again {
			r.Manifests[i] = m
			continue
		}
		at[key] = len(r.Manifests)
		r.Manifests = append(r.Manifests, m)
	}
	rel.main = ""
}

// readManifest reads one document; hook says that it is none of the release's
// objects.
func readManifest(doc string, namespace event.Namespace) (m Manifest, hook, ok bool) {
	// A comment may follow the separator, but no document begins with what is
	// left of one.
	if line, after, more := strings.Cut(doc, "\n"); more && strings.Trim(line, "- \t\r") == "" {
		doc = after
	}
	if tooLarge(doc, maxManifest) {
		return m, false, false
	}
	data, err := yaml.YAMLToJSON([]byte(doc))
	if err != nil || len(data) > maxManifest {
		return m, false, false
	}
	var object struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Metadata   struct {
			Name        string         `json:"name"`
			Namespace   string         `json:"namespace"`
			Annotations map[string]any `json:"annotations"`
		} `json:"metadata"`
	}
	if json.Unmarshal(data, &object) != nil {
		return m, false, false
	}
	meta := &object.Metadata
	if !isAPIVersion(object.APIVersion) || !isKind(object.Kind) || !isName(meta.Name) || !isNamespace(meta.Namespace) {
		return m, false, false
	}
	m.Ref = event.ObjectRef{APIVersion: object.APIVersion, Kind: object.Kind, Namespace: event.Namespace(meta.Namespace), Name: meta.Name}
	if isClusterScoped(object.APIVersion, object.Kind) {
		m.Ref.Namespace = ""
	} else if m.Ref.Namespace == "" {
		m.Ref.Namespace = namespace
	}
	m.JSON = event.JSON(data)
	m.Keep = meta.Annotations[annotationPolicy] == "keep"
	return m, meta.Annotations[annotationHook] != nil, true
}
