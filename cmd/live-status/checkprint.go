package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/fluent-live/live-status/pipeline/check"
)

// checkTable prints findings in columns, with the way out below what is not well.
func checkTable(to io.Writer, rows []check.Row) error {
	const gap = 3
	first, second := len("CHECK"), len("RESULT")
	for _, r := range rows {
		first, second = max(first, len(r.Check)), max(second, len(r.Result))
	}
	first, second = first+gap, second+gap
	var b strings.Builder
	fmt.Fprintf(&b, "%-*s%-*s%s\n", first, "CHECK", second, "RESULT", "DETAIL")
	for _, r := range rows {
		fmt.Fprintf(&b, "%-*s%-*s%s\n", first, r.Check, second, r.Result, printable(r.Detail))
		if r.Fix != "" {
			fmt.Fprintf(&b, "%-*sfix: %s\n", first+second, "", printable(r.Fix))
		}
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// checkJSON prints findings for programs.
func checkJSON(to io.Writer, rows []check.Row) error {
	if rows == nil {
		rows = []check.Row{}
	}
	encoder := json.NewEncoder(to)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Result check.Result `json:"result"`
		Checks []check.Row  `json:"checks"`
	}{check.Worst(rows), rows})
}
