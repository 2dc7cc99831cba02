package values

import (
	"syscall"
	"time"
)

// statusChange returns when a file was last changed in any respect.
func statusChange(st *syscall.Stat_t) time.Time { return time.Unix(st.Ctim.Unix()) }
