package plant

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
)

// TestEveryFormIsFoundAgain makes sure that what the recall rests on can tell.
func TestEveryFormIsFoundAgain(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range Kinds() {
		for _, form := range Forms() {
			value := kind.New(r)
			text := form.Write(r, value)
			if Occurs(text, value) == "" {
				t.Errorf("%s / %s: %q is not found in %q", kind.Name, form.Name, value, text)
			}
			if at := Occurs(text, kind.New(r)); at != "" {
				t.Errorf("%s / %s: another value is found %s in %q", kind.Name, form.Name, at, text)
			}
		}
	}
}

func TestEveryShapeHoldsItsValue(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, shape := range append(Shapes(), Places()...) {
		value := of(r, alnum, 20)
		rec := shape.Put(r, `{"metadata":{"name":"a"},"spec":{"b":["c"]}}`, value)
		b, err := json.Marshal(rec)
		if err != nil {
			t.Fatal(err)
		}
		if Occurs(string(b), value) == "" {
			t.Errorf("%s: not in the record", shape.Name)
		}
	}
}
