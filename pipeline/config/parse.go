package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Parse reads and checks the whole configuration, misspelt keys included. Its
// error joins one *KeyError per mistake; the Config is then not to be used.
// It reads the files and tries out the folders that the options name, and
// leaves nothing behind.
func Parse(g Getter) (Config, error) { return parse(g, inputPlugin()) }

func parse(g Getter, p plugin) (Config, error) {
	c, errs := defaults(p.options)
	for _, o := range p.options {
		v := strings.TrimSpace(g.Get(o.Key))
		if v == "" {
			continue
		}
		if err := o.set(&c, v); err != nil {
			errs = append(errs, keyError(o, v, err))
		}
	}
	if c.SaltFile == "" && c.Cursor.Path != "" {
		c.SaltFile = c.Cursor.Path + ".salt"
	}
	p.complete(&c)
	if !c.Statuses.EnabledSet {
		c.Statuses.Enabled = c.Objects.Enabled
	}
	if c.Audit.Webhook.SpoolFile == "" && c.Cursor.Path != "" {
		c.Audit.Webhook.SpoolFile = c.Cursor.Path + ".spool"
	}
	if len(errs) == 0 {
		// A value that cannot be read says nothing of how it fits the others.
		if err := c.validate(p); err != nil {
			errs = append(errs, err)
		}
	}
	for _, e := range p.misplaced(g) {
		errs = append(errs, e)
	}
	for _, e := range misspellings(g, p.options) {
		errs = append(errs, e)
	}
	if len(errs) > 0 {
		return Config{}, errors.Join(errs...)
	}
	return c, nil
}

// defaults returns the Config of someone who set nothing.
func defaults(options []Option) (Config, []error) {
	var c Config
	var errs []error
	c.Events.PageSize = DefaultPageSize
	for _, o := range options {
		if o.Default == "" {
			continue
		}
		if err := o.set(&c, o.Default); err != nil {
			errs = append(errs, keyError(o, o.Default, err))
		}
	}
	c.Kube.URLSet, c.Kube.CAFileSet, c.Kube.TokenFileSet = false, false, false
	return c, errs
}

func keyError(o Option, value string, err error) *KeyError {
	e := &KeyError{Key: o.Key, Value: value, Problem: err.Error()}
	if p, ok := errors.AsType[*valueError](err); ok {
		e.Hint = p.hint
	}
	switch {
	case o.Secret:
		e.Value = ""
	case strings.Contains(value, "://"):
		e.Value = showURL(value)
	}
	return e
}

// misplaced reports keys that something else has.
func (p plugin) misplaced(g Getter) []*KeyError {
	var out []*KeyError
	for _, owner := range slices.Sorted(maps.Keys(p.others)) {
		for _, o := range p.others[owner] {
			if g.Get(o.Key) != "" {
				out = append(out, &KeyError{Key: o.Key, Problem: "is an option of the " + owner, Hint: "drop " + o.Key})
			}
		}
	}
	return out
}
