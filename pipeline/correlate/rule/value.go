package rule

import (
	"fmt"
	"maps"
	"reflect"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/common/types/traits"
)

// The types that expressions see, by name.
const (
	objectName   = "live.Object"
	metadataName = "live.Metadata"
)

var (
	objectType   = cel.ObjectType(objectName)
	metadataType = cel.ObjectType(metadataName)
	textsType    = cel.MapType(cel.StringType, cel.StringType)
)

// value is what an expression sees of an object: the variable object, and all
// that hangs on it. Nothing is copied from the object.
type value struct {
	object      *Object
	whole       structure
	metadata    structure
	labels      texts
	annotations texts
}

var _ cel.Activation = (*value)(nil)

// ResolveName returns the variable.
func (v *value) ResolveName(name string) (any, bool) {
	if name != "object" {
		return nil, false
	}
	return &v.whole, true
}

// Parent returns that there are no other variables.
func (v *value) Parent() cel.Activation { return nil }

// values are values to use again.
type values struct{ pool sync.Pool }

func (p *values) of(o *Object) *value {
	v, ok := p.pool.Get().(*value)
	if !ok {
		v = &value{}
		v.whole = structure{value: v, of: objectType}
		v.metadata = structure{value: v, of: metadataType}
	}
	v.object = o
	v.labels.Metadata, v.annotations.Metadata = o.Labels, o.Annotations
	return v
}

func (p *values) release(v *value) {
	v.object, v.labels.Metadata, v.annotations.Metadata = nil, nil, nil
	p.pool.Put(v)
}

// field is a field of object or of object.metadata.
type field struct {
	name string
	is   *cel.Type
	get  func(v *value) ref.Val
}

// fieldsOf are the fields of a type, in the order in which errors list them.
func fieldsOf(typeName string) []field {
	switch typeName {
	case objectName:
		return []field{
			{"apiVersion", cel.StringType, func(v *value) ref.Val { return types.String(v.object.Ref.APIVersion) }},
			{"kind", cel.StringType, func(v *value) ref.Val { return types.String(v.object.Ref.Kind) }},
			{"metadata", metadataType, func(v *value) ref.Val { return &v.metadata }},
		}
	case metadataName:
		return []field{
			{"name", cel.StringType, func(v *value) ref.Val { return types.String(v.object.Ref.Name) }},
			{"namespace", cel.StringType, func(v *value) ref.Val { return types.String(v.object.Ref.Namespace) }},
			{"uid", cel.StringType, func(v *value) ref.Val { return types.String(v.object.Ref.UID) }},
			{"labels", textsType, func(v *value) ref.Val { return &v.labels }},
			{"annotations", textsType, func(v *value) ref.Val { return &v.annotations }},
		}
	}
	return nil
}

func fieldNames(typeName string) []string {
	var names []string
	for _, f := range fieldsOf(typeName) {
		names = append(names, f.name)
	}
	return names
}

// provider tells the compiler the types, so that it finds misspelt fields.
type provider struct{ *types.Registry }

// FindStructType returns one of the two types, or one of the language.
func (p provider) FindStructType(name string) (*types.Type, bool) {
	if fieldsOf(name) != nil {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Registry.FindStructType(name)
}

// FindStructFieldNames returns the fields of a type.
func (p provider) FindStructFieldNames(name string) ([]string, bool) {
	if names := fieldNames(name); names != nil {
		return names, true
	}
	return p.Registry.FindStructFieldNames(name)
}

// FindStructFieldType returns a field of a type, which is always set.
func (p provider) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	fields := fieldsOf(name)
	for _, f := range fields {
		if f.name == fieldName {
			return &types.FieldType{
				Type:  f.is,
				IsSet: func(any) bool { return true },
				GetFrom: func(target any) (any, error) {
					v, ok := target.(*value)
					if !ok {
						return nil, errUnusable
					}
					return f.get(v), nil
				},
			}, true
		}
	}
	if fields != nil {
		return nil, false
	}
	return p.Registry.FindStructFieldType(name, fieldName)
}

// NewValue makes none of the two types: what a rule matches is what there is.
func (p provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if fieldsOf(name) != nil {
		return types.NewErr("values of type %s cannot be made", name)
	}
	return p.Registry.NewValue(name, fields)
}

// structure is object or object.metadata. The compiler lets nothing but its fields
// be used.
type structure struct {
	value *value
	of    *types.Type
}

func (s *structure) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("convert %s to %v: not supported", s.of.TypeName(), t)
}
func (s *structure) ConvertToType(ref.Type) ref.Val { return types.NewErr("no such overload") }
func (s *structure) Equal(ref.Val) ref.Val          { return types.NewErr("no such overload") }
func (s *structure) Type() ref.Type                 { return s.of }
func (s *structure) Value() any                     { return s.value }

// texts are labels or annotations as a map. What is not a lookup, and so works on
// all of them, is done by a map that is made for it.
type texts struct{ Metadata }

var _ traits.Mapper = (*texts)(nil)

func (t *texts) Find(key ref.Val) (ref.Val, bool) {
	k, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key), false
	}
	v, ok := get(t.Metadata, string(k))
	if !ok {
		return nil, false
	}
	return types.String(v), true
}

func (t *texts) Get(key ref.Val) ref.Val {
	v, ok := t.Find(key)
	switch {
	case ok:
		return v
	case v != nil:
		return v
	}
	return types.NewErr("no such key")
}

func (t *texts) Contains(key ref.Val) ref.Val {
	k, ok := key.(types.String)
	if !ok {
		return types.MaybeNoSuchOverloadErr(key)
	}
	_, ok = get(t.Metadata, string(k))
	return types.Bool(ok)
}

func (t *texts) Size() ref.Val {
	switch m := t.Metadata.(type) {
	case nil:
		return types.Int(0)
	case Walked:
		n := types.Int(0)
		for _, _, next, ok := m.Next(0); ok; _, _, next, ok = m.Next(next) {
			n++
		}
		return n
	}
	return t.made().Size()
}

func (t *texts) Iterator() traits.Iterator                    { return t.made().Iterator() }
func (t *texts) Equal(other ref.Val) ref.Val                  { return t.made().Equal(other) }
func (t *texts) ConvertToNative(to reflect.Type) (any, error) { return t.made().ConvertToNative(to) }
func (t *texts) ConvertToType(to ref.Type) ref.Val            { return t.made().ConvertToType(to) }
func (t *texts) Value() any                                   { return t.made().Value() }
func (t *texts) Type() ref.Type                               { return types.MapType }

// made is the same as a map of the language.
func (t *texts) made() traits.Mapper {
	m := map[string]string{}
	if t.Metadata != nil {
		maps.Insert(m, t.All())
	}
	return types.NewStringStringMap(types.DefaultTypeAdapter, m)
}
