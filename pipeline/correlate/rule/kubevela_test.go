package rule

import "testing"

func TestKubeVela(t *testing.T) { testFixtures(t, "kubevela") }
