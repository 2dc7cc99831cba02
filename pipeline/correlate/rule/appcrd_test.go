package rule

import "testing"

func TestApplicationCRD(t *testing.T) { testFixtures(t, "appcrd") }
