package bot

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// commandEndWait is how long a killed command may take to be gone.
const commandEndWait = time.Second

// runCommand runs a command once. It sees nothing on its standard input, and what
// it writes is not kept: it might repeat a secret.
func (t *alertTarget) runCommand(ctx context.Context, a *alert) error {
	argv := make([]string, len(t.spec.command))
	for i, arg := range t.spec.command {
		// An argument ends at the first NUL, and no system takes one.
		argv[i] = strings.ReplaceAll(arg.fill(a, nil), "\x00", "")
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) // #nosec G204 -- the operator names the program; alerts fill arguments only
	cmd.Env = commandEnv(os.Environ(), a)
	cmd.WaitDelay = commandEndWait
	inOwnGroup(cmd)
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Canceled
	case ctx.Err() != nil:
		return fmt.Errorf("killed after %s", t.spec.timeout)
	}
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("ended with %s", e.ProcessState)
	}
	return fmt.Errorf("not started: %w", innermost(err))
}

// commandEnv is the daemon's environment with the alert in it, and without what
// systemd speaks to the daemon alone through.
func commandEnv(own []string, a *alert) []string {
	var env []string
	for _, v := range own {
		name, _, _ := strings.Cut(v, "=")
		switch {
		case name == "NOTIFY_SOCKET", strings.HasPrefix(name, "WATCHDOG_"), strings.HasPrefix(name, "LISTEN_"):
		default:
			env = append(env, v)
		}
	}
	for _, name := range []string{"event", "text", "account", "time"} {
		env = append(env, "WXBOT_ALERT_"+strings.ToUpper(name)+"="+strings.ReplaceAll(a.field(name), "\x00", ""))
	}
	return env
}
