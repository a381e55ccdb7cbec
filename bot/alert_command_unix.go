//go:build unix

package bot

import (
	"os/exec"
	"syscall"
)

// inOwnGroup lets a command be killed together with what it started.
func inOwnGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
