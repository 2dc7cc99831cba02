package controlplane

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"
)

//go:embed kwok.yaml.tmpl
var stagesTemplate string

// pulls is an expression of kwok's templates: how often the image of the pod has
// been pulled in vain so far.
const pulls = `(int (get (or .metadata.annotations dict) "controlplane.test/pulls"))`

// stageEvent is what an event step of a stage says. Message and Attempt are
// expressions of kwok's templates.
type stageEvent struct {
	Type, Reason, Message, Attempt string
	// Key tells the events of one pod apart, as the kubelet's names do.
	Key string
}

// stageWaiting is why a container waits; Message is an expression.
type stageWaiting struct {
	Reason, Message string
}

// kwokStages renders the configuration that says how fake nodes and pods behave.
func kwokStages() ([]byte, error) {
	functions := template.FuncMap{
		"event": func(kind, reason, message, attempt string) stageEvent {
			key := fmt.Sprintf("%s %x", reason, message)
			return stageEvent{Type: kind, Reason: reason, Message: message, Attempt: attempt, Key: key}
		},
		"waiting": func(reason, message string) stageWaiting {
			return stageWaiting{Reason: reason, Message: message}
		},
		"current": func() string { return pulls },
		"next":    func() string { return "(add1 " + pulls + " | int)" },
	}
	parsed, err := template.New("kwok.yaml").Delims("[[", "]]").Funcs(functions).Parse(stagesTemplate)
	if err != nil {
		return nil, fmt.Errorf("parse the stages of kwok: %w", err)
	}
	var out bytes.Buffer
	if err := parsed.Execute(&out, nil); err != nil {
		return nil, fmt.Errorf("render the stages of kwok: %w", err)
	}
	return out.Bytes(), nil
}
