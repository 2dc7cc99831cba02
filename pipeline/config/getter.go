package config

import "strings"

// Getter looks options up. Get returns the value as the user wrote it, and ""
// when the key is not set. Keys compare without regard to case. Get is called
// tens of thousands of times by Parse, from one goroutine, and never after
// Parse has returned.
type Getter interface {
	Get(key string) string
}

// GetterFunc is a function as a Getter.
type GetterFunc func(key string) string

// Get calls the function.
func (f GetterFunc) Get(key string) string { return f(key) }

// Map is a map as a Getter.
type Map map[string]string

// Get returns the value of the key.
func (m Map) Get(key string) string {
	if v, ok := m[key]; ok {
		return v
	}
	for k, v := range m {
		if strings.EqualFold(k, key) {
			return v
		}
	}
	return ""
}
