package drift

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

var update = flag.Bool("update", false, "write what is got into the golden files")

// unwritten are groups of which users write no objects.
var unwritten = []string{
	"authentication.k8s.io", "authorization.k8s.io", "imagepolicy.k8s.io", "internal.apiserver.k8s.io", "extensions", "meta.k8s.io",
}

// describer writes schema.txt from the Go types that clients have of Kubernetes'
// own kinds.
type describer struct {
	types map[string]string
}

func TestSchemaIsThatOfTheAPI(t *testing.T) {
	newest := map[schema.GroupKind]schema.GroupVersionKind{}
	for gvk, typ := range scheme.Scheme.AllKnownTypes() {
		meta, has := typ.FieldByName("ObjectMeta")
		if !has || !meta.Anonymous || slices.Contains(unwritten, gvk.Group) || gvk.Version == "__internal" {
			continue
		}
		if known, ok := newest[gvk.GroupKind()]; ok && !newer(gvk.Version, known.Version) {
			continue
		}
		newest[gvk.GroupKind()] = gvk
	}
	d := describer{types: map[string]string{}}
	var kinds []string
	for _, gvk := range newest {
		kinds = append(kinds, d.kind(gvk))
	}
	// Clusters of some versions ago prefer the first of these.
	kinds = append(kinds, d.kind(schema.GroupVersionKind{Group: "autoscaling", Version: "v1", Kind: "HorizontalPodAutoscaler"}))
	slices.Sort(kinds)
	var lines []string
	for name, fields := range d.types {
		lines = append(lines, name+" "+fields)
	}
	slices.Sort(lines)
	const note = "# Written by TestSchemaIsThatOfTheAPI -update from the Go types of k8s.io/api; schema.go says how to read it.\n"
	got := note + strings.Join(kinds, "\n") + "\n" + strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile("schema.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if got != schemaText {
		t.Error("schema.txt is not what k8s.io/api says: go test ./pipeline/status/drift -run Schema -update")
	}
}

// newer reports whether a is a version that a server prefers to b.
func newer(a, b string) bool {
	rank := func(v string) (int, string) {
		switch {
		case strings.Contains(v, "alpha"):
			return 0, v
		case strings.Contains(v, "beta"):
			return 1, v
		default:
			return 2, v
		}
	}
	ra, va := rank(a)
	rb, vb := rank(b)
	return cmp.Or(cmp.Compare(ra, rb), cmp.Compare(va, vb)) > 0
}

func (d *describer) kind(gvk schema.GroupVersionKind) string {
	typ := scheme.Scheme.AllKnownTypes()[gvk]
	name := d.structure(typ)
	apiVersion, _ := gvk.ToAPIVersionAndKind()
	return fmt.Sprintf("= %s %s %s", apiVersion, gvk.Kind, name)
}

func (d *describer) name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return strings.Join(parts[max(0, len(parts)-2):], "/") + "." + t.Name()
}

// structure describes a type and returns its name. The status of an object is
// left out.
func (d *describer) structure(t reflect.Type) string {
	name := d.name(t)
	if _, known := d.types[name]; known {
		return name
	}
	d.types[name] = ""
	meta, has := t.FieldByName("ObjectMeta")
	var fields []string
	d.fields(t, has && meta.Anonymous, &fields)
	slices.Sort(fields)
	d.types[name] = strings.Join(fields, " ")
	return name
}

func (d *describer) fields(t reflect.Type, object bool, out *[]string) {
	for f := range t.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case !f.IsExported() || tag == "-":
		case strings.Contains(options, "inline") || f.Anonymous && tag == "":
			typ := f.Type
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			d.fields(typ, false, out)
		case object && tag == "status", tag == "managedFields":
		default:
			expr := d.expr(f.Type)
			strategy := strings.Split(f.Tag.Get("patchStrategy"), ",")
			if rest, list := strings.CutPrefix(expr, "[]"); list && slices.Contains(strategy, "merge") {
				expr = "[" + cmp.Or(f.Tag.Get("patchMergeKey"), "=") + "]" + rest
			}
			*out = append(*out, tag+"="+expr)
		}
	}
}

func (d *describer) expr(t reflect.Type) string {
	switch t.PkgPath() + "." + t.Name() {
	case "k8s.io/apimachinery/pkg/api/resource.Quantity":
		return "q"
	case "k8s.io/apimachinery/pkg/apis/meta/v1.Time":
		return "t"
	case "k8s.io/apimachinery/pkg/apis/meta/v1.MicroTime":
		return "t"
	case "k8s.io/apimachinery/pkg/apis/meta/v1.Duration":
		return "d"
	case "k8s.io/apimachinery/pkg/util/intstr.IntOrString":
		return "x"
	case "k8s.io/apimachinery/pkg/runtime.RawExtension", "k8s.io/apimachinery/pkg/apis/meta/v1.FieldsV1":
		return "a"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return "*" + d.expr(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "y"
		}
		return "[]" + d.expr(t.Elem())
	case reflect.Map:
		return "{}" + d.expr(t.Elem())
	case reflect.Struct:
		return d.structure(t)
	case reflect.String:
		return "s"
	case reflect.Bool:
		return "b"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "i"
	case reflect.Float32, reflect.Float64:
		return "f"
	default:
		return "a"
	}
}
