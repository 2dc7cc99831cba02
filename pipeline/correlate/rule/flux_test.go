package rule

import "testing"

func TestFlux(t *testing.T) { testFixtures(t, "flux") }
