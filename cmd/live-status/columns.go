package main

import (
	"io"
	"strings"
	"text/tabwriter"

	"github.com/fluent-live/live-status/pipeline/redact"
	"github.com/fluent-live/live-status/pipeline/redact/pattern"
)

// columns prints rows in columns that are as wide as they have to be.
type columns struct {
	to *tabwriter.Writer
}

func newColumns(to io.Writer, titles ...string) *columns {
	c := &columns{to: tabwriter.NewWriter(to, 0, 8, 3, ' ', 0)}
	c.add(titles...)
	return c
}

// add adds a row. What is wrong is told by write.
func (c *columns) add(cells ...string) {
	for i, cell := range cells {
		if cells[i] = printable(cell); cell == "" {
			cells[i] = "-"
		}
	}
	_, _ = io.WriteString(c.to, strings.Join(cells, "\t")+"\n")
}

func (c *columns) write() error { return c.to.Flush() }

// listRules prints all rules.
func listRules(to io.Writer, patterns *pattern.Set) error {
	c := newColumns(to, "RULE", "FINDS")
	for _, r := range redact.Rules() {
		c.add(r.ID, r.Description)
	}
	for _, r := range patterns.Rules() {
		c.add(r.ID, r.Description)
	}
	return c.write()
}
