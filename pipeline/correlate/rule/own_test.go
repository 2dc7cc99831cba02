package rule

import "testing"

func TestOwn(t *testing.T) { testFixtures(t, "own") }
