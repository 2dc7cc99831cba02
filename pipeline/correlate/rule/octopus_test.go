package rule

import "testing"

func TestOctopus(t *testing.T) { testFixtures(t, "octopus") }
