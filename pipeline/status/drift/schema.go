package drift

import (
	_ "embed"
	"strings"
	"sync"
)

// schemaText describes the kinds of k8s.io/api and, in extraSchema, those of the
// API server that are defined elsewhere. A line that begins with = names a kind
// and its type; other lines a type and its fields. The type of a field is
//
//	s b i f a  a string, boolean, integer, number, anything
//	q t d x y  a quantity, time, duration, int-or-string, bytes in base64
//	*T         a T that may be absent, which then differs from its zero value
//	{}T        a map of T whose keys users choose
//	[]T        a list of T that a write replaces
//	[k,l]T     a list of T that a write merges by the fields k and l
//	[=]T       a set of T that a write merges
//	[~]T       a list of T that the server may reorder
//
// and a name with a dot is that of a type.
//
//go:embed schema.txt
var schemaText string

// extraSchema has the kinds of the API server that clients' types are not in
// k8s.io/api of.
const extraSchema = `
= apiextensions.k8s.io/v1 CustomResourceDefinition apiextensions/v1.CustomResourceDefinition
= apiregistration.k8s.io/v1 APIService apiregistration/v1.APIService
apiextensions/v1.CustomResourceDefinition apiVersion=s kind=s metadata=meta/v1.ObjectMeta spec=apiextensions/v1.Spec
apiextensions/v1.Spec conversion=*apiextensions/v1.Conversion group=s names=apiextensions/v1.Names preserveUnknownFields=b scope=s versions=[name]apiextensions/v1.Version
apiextensions/v1.Conversion strategy=s webhook=*apiextensions/v1.Webhook
apiextensions/v1.Webhook clientConfig=*admissionregistration/v1.WebhookClientConfig conversionReviewVersions=[]s
apiextensions/v1.Names categories=[]s kind=s listKind=s plural=s shortNames=[]s singular=s
apiextensions/v1.Version additionalPrinterColumns=[]a deprecated=b deprecationWarning=*s name=s schema=*a selectableFields=[]a served=b storage=b subresources=*a
apiregistration/v1.APIService apiVersion=s kind=s metadata=meta/v1.ObjectMeta spec=apiregistration/v1.Spec
apiregistration/v1.Spec caBundle=y group=s groupPriorityMinimum=i insecureSkipTLSVerify=b service=*admissionregistration/v1.ServiceReference version=s versionPriority=i
`

// refinements replace what the tags of the Go types say. Their merge keys are not
// unique where a second field tells elements apart; tolerations are added to pods
// by admission; endpoints and metrics are stored in another order.
var refinements = map[string]string{
	"core/v1.Container.ports":                            "[containerPort,protocol]core/v1.ContainerPort",
	"core/v1.EphemeralContainerCommon.ports":             "[containerPort,protocol]core/v1.ContainerPort",
	"core/v1.EphemeralContainer.ports":                   "[containerPort,protocol]core/v1.ContainerPort",
	"core/v1.ServiceSpec.ports":                          "[port,protocol]core/v1.ServicePort",
	"core/v1.PodSpec.topologySpreadConstraints":          "[topologyKey,whenUnsatisfiable]core/v1.TopologySpreadConstraint",
	"core/v1.Endpoints.subsets":                          "[~]core/v1.EndpointSubset",
	"core/v1.EndpointSubset.addresses":                   "[~]core/v1.EndpointAddress",
	"core/v1.EndpointSubset.notReadyAddresses":           "[~]core/v1.EndpointAddress",
	"core/v1.EndpointSubset.ports":                       "[~]core/v1.EndpointPort",
	"autoscaling/v2.HorizontalPodAutoscalerSpec.metrics": "[~]autoscaling/v2.MetricSpec",
}

// shape is the form of a type.
type shape uint8

const (
	anything shape = iota
	text
	boolean
	integer
	number
	quantity
	instant
	duration
	intOrString
	octets
	structure
	dictionary
	list
)

// merging says how a write merges a list.
type merging uint8

const (
	replaced merging = iota
	keyed
	set
	unordered
)

// typ is a type. A nil one is one of which nothing is known.
type typ struct {
	shape shape
	// optional is set where absence differs from the zero value.
	optional bool
	// elem is the type of a list's or dictionary's elements.
	elem    *typ
	merging merging
	keys    []string
	// of is the type of a structure, shared by all fields that have it.
	of *structType
}

// structType is a type with fields. They are parsed when first asked for: few
// of the kinds are in use in one cluster.
type structType struct {
	name    string
	text    string
	catalog *catalog

	once   sync.Once
	fields map[string]*typ
}

// field returns the type of a field; false if there is no such field.
func (s *structType) field(name string) (*typ, bool) {
	s.once.Do(func() {
		s.fields = make(map[string]*typ)
		for expr := range strings.FieldsSeq(s.text) {
			name, expr, _ := strings.Cut(expr, "=")
			if refined, ok := refinements[s.name+"."+name]; ok {
				expr = refined
			}
			s.fields[name] = s.catalog.parse(expr)
		}
	})
	t, ok := s.fields[name]
	return t, ok
}

// catalog knows the types of kinds. It is safe for concurrent use.
type catalog struct {
	kinds map[kindVersion]*typ
	types map[string]*structType
	// custom is the type of kinds that are not known.
	custom *typ
}

type kindVersion struct{ apiVersion, kind string }

func newCatalog() *catalog {
	s := &catalog{kinds: make(map[kindVersion]*typ, 80), types: make(map[string]*structType, 600)}
	type named struct {
		kindVersion
		name string
	}
	var kinds []named
	for _, text := range []string{schemaText, extraSchema} {
		for line := range strings.Lines(text) {
			name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
			switch name {
			case "", "#":
			case "=":
				if f := strings.Fields(rest); len(f) == 3 {
					kinds = append(kinds, named{kindVersion{f[0], f[1]}, f[2]})
				}
			default:
				s.types[name] = &structType{name: name, text: rest, catalog: s}
			}
		}
	}
	for _, k := range kinds {
		s.kinds[k.kindVersion] = s.parse(k.name)
	}
	s.custom = &typ{shape: structure, of: &structType{name: customResource, text: "metadata=meta/v1.ObjectMeta", catalog: s}}
	return s
}

// customResource is the name of the type of kinds that are not known.
const customResource = "custom"

// parse reads the type of a field.
func (s *catalog) parse(expr string) *typ {
	switch {
	case strings.HasPrefix(expr, "*"):
		t := *s.parse(expr[1:])
		t.optional = true
		return &t
	case strings.HasPrefix(expr, "{}"):
		return &typ{shape: dictionary, elem: s.parse(expr[2:])}
	case strings.HasPrefix(expr, "["):
		keys, elem, _ := strings.Cut(expr[1:], "]")
		t := &typ{shape: list, elem: s.parse(elem)}
		switch keys {
		case "":
		case "=":
			t.merging = set
		case "~":
			t.merging = unordered
		default:
			t.merging, t.keys = keyed, strings.Split(keys, ",")
		}
		return t
	}
	switch expr {
	case "s":
		return &typ{shape: text}
	case "b":
		return &typ{shape: boolean}
	case "i":
		return &typ{shape: integer}
	case "f":
		return &typ{shape: number}
	case "q":
		return &typ{shape: quantity}
	case "t":
		return &typ{shape: instant}
	case "d":
		return &typ{shape: duration}
	case "x":
		return &typ{shape: intOrString}
	case "y":
		return &typ{shape: octets}
	}
	if of, ok := s.types[expr]; ok {
		return &typ{shape: structure, of: of}
	}
	return &typ{shape: anything}
}

// form is the shape of the type; anything if nothing is known of it.
func (t *typ) form() shape {
	if t == nil {
		return anything
	}
	return t.shape
}
