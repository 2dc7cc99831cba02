package scrape

// Label is one label of a series.
type Label struct {
	Name  string
	Value string
}

// Sample is the value of one series.
type Sample struct {
	Name   string
	Labels []Label
	Value  float64
}

// Get returns the value of a label, empty where the series has none.
func (s *Sample) Get(name string) string {
	for i := range s.Labels {
		if s.Labels[i].Name == name {
			return s.Labels[i].Value
		}
	}
	return ""
}
