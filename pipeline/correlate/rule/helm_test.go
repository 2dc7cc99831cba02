package rule

import "testing"

func TestHelm(t *testing.T) { testFixtures(t, "helm") }
