package main

import (
	"bufio"
	"io"
	"strings"
	"unicode/utf8"
)

// grid prints rows in columns as they come. The first thousand rows decide how wide
// these are; what is wider moves the rest of its own row only.
type grid struct {
	to     *bufio.Writer
	held   [][]string
	widths []int
	// most are the widest that columns may be; none or 0 is as wide as they are.
	most  []int
	begun bool
}

func newGrid(to io.Writer, titles []string, most []int) *grid {
	return &grid{to: bufio.NewWriterSize(to, 64<<10), held: [][]string{titles}, widths: make([]int, len(titles)), most: most}
}

// add adds a row of cells, which it keeps.
func (g *grid) add(cells []string) error {
	const enough = 1000
	for i, cell := range cells {
		cells[i] = printable(cell)
		if cell == "" && i < len(cells)-1 {
			cells[i] = "<none>"
		}
	}
	g.held = append(g.held, cells)
	if g.begun || len(g.held) > enough {
		return g.write()
	}
	return nil
}

// write prints what is held.
func (g *grid) write() error {
	if !g.begun {
		for _, cells := range g.held {
			for i, cell := range cells {
				width := utf8.RuneCountInString(cell)
				if len(g.most) > i && g.most[i] > 0 {
					width = min(width, g.most[i])
				}
				g.widths[i] = max(g.widths[i], width)
			}
		}
		g.begun = true
	}
	for _, cells := range g.held {
		var b strings.Builder
		for i, cell := range cells {
			b.WriteString(cell)
			if i < len(cells)-1 {
				b.WriteString(strings.Repeat(" ", max(0, g.widths[i]-utf8.RuneCountInString(cell))+3))
			}
		}
		if _, err := g.to.WriteString(strings.TrimRight(b.String(), " ") + "\n"); err != nil {
			return err
		}
	}
	g.held = g.held[:0]
	return nil
}

// flush prints nothing before the columns are known.
func (g *grid) flush() error { return g.to.Flush() }

func (g *grid) close() error {
	if g.begun || len(g.held) > 1 {
		if err := g.write(); err != nil {
			return err
		}
	}
	return g.to.Flush()
}
