//go:build !linux

package controlplane

import "syscall"

// childAttributes puts a child into its own process group. Without Linux's
// death signal, children outlive a parent that is killed.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
