package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// binary is the program, built once for all tests that run it.
var binary string

func TestMain(m *testing.M) {
	code, err := withBinary(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func withBinary(m *testing.M) (code int, err error) {
	dir, err := os.MkdirTemp("", "wxbot-test-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	binary = filepath.Join(dir, "wxbot")
	if runtime.GOOS == "windows" {
		binary += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("go build: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// result is how a run of the binary ended.
type result struct {
	code        int
	out, errOut string
}

// runBinary runs the binary in an empty home with the variables given.
func runBinary(t *testing.T, env []string, args ...string) result {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	home := t.TempDir()
	cmd.Dir = home
	cmd.Env = append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir()}, env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("wxbot %v: %v", args, err)
	}
	return result{cmd.ProcessState.ExitCode(), out.String(), errOut.String()}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVersion(t *testing.T) {
	r := runBinary(t, nil, "version")
	if r.code != 0 || !strings.HasPrefix(r.out, "wxbot ") || !strings.Contains(r.out, runtime.Version()) {
		t.Errorf("version: code %d, output %q", r.code, r.out)
	}
	r = runBinary(t, nil, "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(r.out), &b); err != nil {
		t.Fatalf("version --json: %v in %q", err, r.out)
	}
	if b.Go != runtime.Version() || b.Version == "" {
		t.Errorf("version --json: %+v", b)
	}
}

func TestUsageErrorsExitWith2(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		text string
	}{
		"no command":      {nil, "Available Commands"},
		"unknown command": {[]string{"runn"}, `unknown command "runn"`},
		"unknown flag":    {[]string{"run", "--rulez", "x"}, "--rulez"},
		"unknown word":    {[]string{"run", "--log-format", "xml"}, "want one of auto, json, console"},
		"stray argument":  {[]string{"check", "rules.yaml"}, `unexpected argument "rules.yaml"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := runBinary(t, nil, c.args...)
			if r.code != exitUsage {
				t.Errorf("exit code %d, want %d", r.code, exitUsage)
			}
			if !strings.Contains(r.errOut, c.text) {
				t.Errorf("standard error lacks %q:\n%s", c.text, r.errOut)
			}
			if len(c.args) > 0 && !strings.Contains(r.errOut, "hint: ") {
				t.Errorf("no hint:\n%s", r.errOut)
			}
			if r.out != "" {
				t.Errorf("standard output is not empty:\n%s", r.out)
			}
		})
	}
}

func TestHelpExitsWith0(t *testing.T) {
	r := runBinary(t, nil, "run", "--help")
	if r.code != 0 || !strings.Contains(r.out, "--log-format auto|json|console") {
		t.Errorf("code %d, output\n%s", r.code, r.out)
	}
}

func TestNoDaemonExitsWith3(t *testing.T) {
	for _, command := range []string{"status", "reload"} {
		r := runBinary(t, nil, command)
		if r.code != exitNobody || !strings.Contains(r.errOut, "hint: start it with") {
			t.Errorf("%s: code %d, %q", command, r.code, r.errOut)
		}
	}
}

func TestLoginCodeIsNotWrittenIntoAPipe(t *testing.T) {
	r := runBinary(t, nil, "qr")
	if r.code != exitFailure || !strings.Contains(r.errOut, "no terminal") || r.out != "" {
		t.Errorf("code %d, %q, output %q", r.code, r.errOut, r.out)
	}
}
