package custom

import (
	"context"
	"errors"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fluent-live/live-status/pipeline/event"
)

// Limits of the machine: how deep calls nest, and how many local variables,
// arguments and results all calls have together.
const (
	maxCalls   = 128
	stack      = 256
	stackGrows = 256
	maxStack   = 4 << 10
	// maxRuns is how many scripts run at a time; each may take as much memory as
	// its budget has.
	maxRuns = 4
	// maxError is the longest error of a script that is told.
	maxError = 512
)

// sandbox runs scripts. Each run has a machine of its own, which is thrown away:
// what a script leaves in it is gone. It can be used by several goroutines.
type sandbox struct {
	library *library
	// runs has a place for each script that may run at a time.
	runs   chan struct{}
	closed chan struct{}
}

func newSandbox() *sandbox {
	s := &sandbox{library: newLibrary(), runs: make(chan struct{}, maxRuns), closed: make(chan struct{})}
	close(s.closed)
	return s
}

// luaRule is a rule that is a script.
type luaRule struct {
	sandbox *sandbox
	script  *script
}

var _ assessor = luaRule{}

// broken is a rule that cannot be used.
type broken struct{ err error }

var _ assessor = broken{}

func (b broken) assess(context.Context, *unstructured.Unstructured) (verdict, error) {
	return verdict{}, b.err
}

var (
	errNoTable = errors.New("the script does not return a table")
	errHealth  = errors.New("the script returns a status that is not Healthy, Progressing, Degraded, Suspended, Missing or Unknown")
	errMachine = errors.New("the script asks too much of the machine")
	errMessage = errors.New("the script returns a message that is not a text")
)

func (r luaRule) assess(ctx context.Context, obj *unstructured.Unstructured) (verdict, error) {
	s := r.sandbox
	select {
	case s.runs <- struct{}{}:
		defer func() { <-s.runs }()
	case <-ctx.Done():
		return verdict{}, errCancel
	}
	l := lua.NewState(lua.Options{
		SkipOpenLibs: true, CallStackSize: maxCalls,
		RegistrySize: stack, RegistryGrowStep: stackGrows, RegistryMaxSize: maxStack,
	})
	defer l.Close()
	s.library.open(l, r.script)
	c := converter{l: l}
	l.G.Global.RawSetString("obj", c.object(obj.Object, r.script.fields))
	if c.err != nil {
		return verdict{}, c.err
	}
	b := &budget{steps: maxSteps, bytes: maxBytes, deadline: time.Now().Add(maxTime), canceled: ctx.Done(), closed: s.closed}
	l.SetContext(b)
	l.Push(l.NewFunctionFromProto(r.script.proto))
	for _, g := range s.library.guards {
		l.Push(g)
	}
	err := protectedCall(l, len(s.library.guards))
	if b.err != nil {
		return verdict{}, b.err
	}
	if err != nil {
		return verdict{}, r.script.failure(err)
	}
	// Like Argo CD: of several results the last counts.
	return result(l.Get(-1))
}

// protectedCall calls a function. The machine turns the panics of a script into
// errors, but may panic over it where the stack is full; it is of no more use then.
func protectedCall(l *lua.LState, args int) (err error) {
	defer func() {
		if recover() != nil {
			err = errMachine
		}
	}()
	return l.PCall(args, lua.MultRet, nil)
}

// result reads the table that a script returns. No table, and one without
// anything, is for no health.
func result(v lua.LValue) (verdict, error) {
	if v == lua.LNil {
		return verdict{}, nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return verdict{}, errNoTable
	}
	if key, _ := t.Next(lua.LNil); key == lua.LNil {
		return verdict{}, nil
	}
	status, ok := field(t, "status").(lua.LString)
	if !ok {
		return verdict{}, errHealth
	}
	health, ok := healthOf(string(status))
	if !ok {
		return verdict{}, errHealth
	}
	out := verdict{health: health}
	switch m := field(t, "message").(type) {
	case lua.LString:
		out.message = string(m)
	case lua.LNumber, lua.LBool:
		out.message = m.String()
	case *lua.LNilType:
	default:
		return verdict{}, errMessage
	}
	return out, nil
}

// field returns a field of a table; its name may also begin with a capital letter,
// since Argo CD reads it as JSON.
func field(t *lua.LTable, name string) lua.LValue {
	if v := t.RawGetString(name); v != lua.LNil {
		return v
	}
	return t.RawGetString(strings.ToUpper(name[:1]) + name[1:])
}

func healthOf(s string) (event.Health, bool) {
	switch h := event.Health(s); h {
	case event.HealthHealthy, event.HealthSuspended, event.HealthProgressing, event.HealthMissing, event.HealthDegraded, event.HealthUnknown:
		return h, true
	default:
		return event.HealthNone, false
	}
}

// failure is why a script failed, in one line. What the script itself says with
// error stays as it is. The machine quotes keys, which may come from the object:
// only one that is written in the script is told.
func (s *script) failure(err error) error {
	e, ok := errors.AsType[*lua.ApiError](err)
	if !ok {
		return err
	}
	if e.Type == lua.ApiErrorPanic {
		return errMachine
	}
	text, ok := e.Object.(lua.LString)
	if !ok {
		return errors.New("failed with an error that is not a text")
	}
	message := string(text)
	if before, key, ok := strings.Cut(message, " with key '"); ok {
		if key, _ = strings.CutSuffix(key, "'"); !strings.Contains(s.source, key) {
			message = before
		}
	}
	// Of several lines the first: joined to one they would hide where a key begins,
	// by which secrets are found.
	message, _, _ = strings.Cut(strings.TrimSpace(message), "\n")
	message = strings.Join(strings.Fields(message), " ")
	if len(message) > maxError {
		// A part of a text does not show what is secret in it.
		return errors.New("fails with a text that is too long to be told")
	}
	return errors.New(message)
}
