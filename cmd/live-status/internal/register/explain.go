package register

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// minHidden is the length in bytes below which a value is not looked for in an
// error: it would be found in every word.
const minHidden = 3

// explain says what failed, and of a refusal the rule that is missing. What the
// Secrets hold is taken out: an admission webhook chooses the words of its refusal.
func (r runner) explain(what, verb string, err error, secrets ...*corev1.Secret) error {
	// A description is cut where it gets long, and of a value that was cut in two
	// nothing is found.
	if status, ok := errors.AsType[*apierrors.StatusError](err); ok {
		clean := status.ErrStatus
		clean.Message, clean.Details = hide(clean.Message, secrets), nil
		err = &apierrors.StatusError{ErrStatus: clean}
	}
	text := r.server.Describe(err)
	if apierrors.IsForbidden(err) && strings.Contains(err.Error(), "cannot "+verb) {
		text = fmt.Sprintf("the API server forbids it; add to a Role in the namespace %s the rule %s, and bind it to this account", r.target.Namespace, r.rule(verb))
	}
	return fmt.Errorf("%s secret %s: %w", what, r.target, errors.New(hide(text, secrets)))
}

// rule is the rule of a Role that allows the verb. RBAC cannot tie create to a
// name, since the name is not yet known when it is decided.
func (r runner) rule(verb string) string {
	if verb == "create" {
		return `{apiGroups: [""], resources: [secrets], verbs: [create]}`
	}
	return fmt.Sprintf(`{apiGroups: [""], resources: [secrets], resourceNames: [%s], verbs: [%s]}`, r.target.Name, verb)
}

// hide replaces the values of Secrets in a text, in the forms in which they may be
// repeated, the longest first.
func hide(text string, secrets []*corev1.Secret) string {
	var forms []string
	for _, s := range secrets {
		if s == nil {
			continue
		}
		for _, value := range s.Data {
			plain := string(value)
			quoted := strconv.Quote(strings.TrimSpace(plain))
			forms = append(forms, base64.StdEncoding.EncodeToString(value), quoted[1:len(quoted)-1])
			for line := range strings.Lines(plain) {
				forms = append(forms, strings.TrimSpace(line))
			}
			// Descriptions are on one line.
			forms = append(forms, strings.Join(strings.Fields(plain), " "))
		}
	}
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) })
	for _, form := range forms {
		if len(form) >= minHidden {
			text = strings.ReplaceAll(text, form, "[secret]")
		}
	}
	return text
}
