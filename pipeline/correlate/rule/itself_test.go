package rule

import "testing"

func TestItself(t *testing.T) { testFixtures(t, "itself") }
