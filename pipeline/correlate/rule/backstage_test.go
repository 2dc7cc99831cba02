package rule

import "testing"

func TestBackstage(t *testing.T) { testFixtures(t, "backstage") }
