package rule

import "testing"

func TestKapp(t *testing.T) { testFixtures(t, "kapp") }
