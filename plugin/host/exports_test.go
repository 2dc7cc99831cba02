package host_test

import (
	"debug/elf"
	"slices"
	"strings"
	"testing"
)

// TestExports: the plugins export what Fluent Bit looks up for their kind, and no
// function that it would not find or would take for another kind's.
func TestExports(t *testing.T) {
	t.Parallel()
	always := []string{"FLBPluginExit", "FLBPluginInit", "FLBPluginPreRegister", "FLBPluginRegister", "FLBPluginUnregister"}
	for what, more := range map[*panickyPlugin][]string{
		panickyInput: {
			"FLBPluginInputCallbackCtx", "FLBPluginInputCleanupCallbackCtx", "FLBPluginInputPause", "FLBPluginInputPreExit",
			"FLBPluginInputPreRun", "FLBPluginInputResume",
		},
		// FLBPluginExit is for hosts that know no contexts: Fluent Bit 5.1 calls it only
		// where there is no FLBPluginExitCtx.
		panickyOutput: {"FLBPluginExitCtx", "FLBPluginFlushCtx"},
	} {
		t.Run(what.name, func(t *testing.T) {
			t.Parallel()
			file, err := elf.Open(plant(t, what).plugin)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Close() }()
			symbols, err := file.DynamicSymbols()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range symbols {
				if s.Section != elf.SHN_UNDEF && strings.HasPrefix(s.Name, "FLB") {
					got = append(got, s.Name)
				}
			}
			slices.Sort(got)
			want := slices.Concat(always, more)
			slices.Sort(want)
			same(t, got, want)
		})
	}
}
