package match

// A shape is how patterns of at least a length are looked for. Of each pattern
// a piece of that length, its anchor, is chosen, and all windows of the anchor
// are put into a filter. There are length-window+1 of them, one after the
// other, and so it suffices to look at every such position of a text.
type shape struct{ length, window int }

// stride is the distance of the positions that are looked at.
func (s shape) stride() int { return s.length - s.window + 1 }

// lengths are those that a class may begin with.
var lengths = [...]int{1, 2, 3, 4, 5, 6, 8, 12, 16, 24}

// chances says how many windows of 1, 2, ... bytes there would have to be for
// every window of an ordinary text to be one of them, as if all were alike
// frequent. Measured with audit events and with patterns of letters and
// digits, base64 and hexadecimal digits.
var chances = [...]float64{0, 50, 2e3, 1e5, 5e6, 1.5e8, 2e9, 3e10, 3e11}

// cost estimates the nanoseconds for each byte of a text that a class of n
// patterns takes. It need not be exact to tell good shapes from bad ones.
func (s shape) cost(n int) float64 {
	stride, windows := s.stride(), float64(n*s.stride())
	look := 1.9
	switch size := windows * filterBits * 1.5 / 8; {
	case size > 4<<20:
		look = 6
	case size > 1<<20:
		look = 3
	case size > 256<<10:
		look = 2.2
	}
	known := min(1, 0.01+windows/chances[s.window])
	const begin = 0.1 // Nanoseconds that a short text takes besides, by byte.
	return begin + (look+known*float64(15+5*stride))/float64(stride)
}

// group is what a class is made of.
type group struct {
	shape   shape
	entries []entry
}

// plan sorts entries into the classes that cost the least together. Each more
// of them reads the whole text again; each less makes the patterns in it be
// looked for by shorter anchors than they could have, at more positions or by
// windows that are met by chance more often.
func plan(entries []entry) []group {
	var counts [len(lengths)]int
	for i := range entries {
		counts[bucket(entries[i].size)]++
	}
	// best is the least cost of all patterns from a length on; shapes and ends
	// are the class that begins there, and where the next one does.
	var best [len(lengths) + 1]float64
	var shapes [len(lengths)]shape
	var ends [len(lengths)]int
	for i := len(lengths) - 1; i >= 0; i-- {
		if counts[i] == 0 {
			best[i], ends[i] = best[i+1], i+1
			continue
		}
		n := 0
		for end := i + 1; end <= len(lengths); end++ {
			n += counts[end-1]
			for window := 1; window <= min(lengths[i], 8); window++ {
				s := shape{lengths[i], window}
				if c := s.cost(n) + best[end]; ends[i] == 0 || c < best[i] {
					best[i], shapes[i], ends[i] = c, s, end
				}
			}
		}
	}
	var out []group
	var to [len(lengths)]int
	for i := 0; i < len(lengths); i = ends[i] {
		if counts[i] == 0 {
			continue
		}
		n := 0
		for j := i; j < ends[i]; j++ {
			n += counts[j]
			to[j] = len(out)
		}
		out = append(out, group{shapes[i], make([]entry, 0, n)})
	}
	for _, e := range entries {
		g := &out[to[bucket(e.size)]]
		g.entries = append(g.entries, e)
	}
	return out
}

// bucket returns the index of the greatest length that is at most size.
func bucket(size uint32) int {
	i := len(lengths) - 1
	for int(size) < lengths[i] {
		i--
	}
	return i
}
