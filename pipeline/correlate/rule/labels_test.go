package rule

import "testing"

func TestLabels(t *testing.T) { testFixtures(t, "labels") }
