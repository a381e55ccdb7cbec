//go:build unix

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRuleHistoryDiffRestore(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	rules, state := write(t, "rules.yaml", liveRules), filepath.Join(t.TempDir(), "state")
	at := []string{"--rules", rules, "--state", state}
	rule := func(args ...string) result {
		return runBinary(t, nil, append(append([]string{"rule"}, args...), at...)...)
	}
	if r := rule("history"); r.code != exitOK || !strings.Contains(r.out, "no versions are kept yet") {
		t.Errorf("without any: code %d, %q", r.code, r.out)
	}
	cmd := exec.CommandContext(ctx, binary, append([]string{"run", "--server", "http://127.0.0.1:1"}, at...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"HOME=" + cmd.Dir}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kept := func(n string) func() bool {
		return func() bool { _, err := os.Stat(filepath.Join(state, "rule-versions", n)); return err == nil }
	}
	eventually(t, ctx, "the first version", kept("1.json"))
	if err := os.WriteFile(rules, []byte(strings.Replace(liveRules, "你也好", "大家好", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "the second version", kept("2.json"))

	if r := rule("history"); !strings.Contains(r.out, "   2  ") || !strings.Contains(r.out, "rules.yaml +1 -1\n") || !strings.Contains(r.out, "rules.yaml new\n") {
		t.Errorf("history:\n%s%s", r.out, r.errOut)
	}
	if r := rule("diff", "1", "2"); !strings.Contains(r.out, "--- rules.yaml@1\n+++ rules.yaml@2\n") || !strings.Contains(r.out, "-    reply: 你也好\n+    reply: 大家好\n") {
		t.Errorf("diff:\n%s%s", r.out, r.errOut)
	}
	if r := rule("diff"); r.code != exitOK || r.out != "" {
		t.Errorf("diff with what is in force: code %d\n%s", r.code, r.out)
	}
	if r := rule("diff", "7"); r.code != exitFailure || !strings.Contains(r.errOut, "there are 1 to 2") {
		t.Errorf("diff of none: code %d, %q", r.code, r.errOut)
	}
	if r := rule("restore", "1"); r.code != exitOK || r.out != "rules.yaml\n" {
		t.Errorf("restore: code %d\n%s%s", r.code, r.out, r.errOut)
	}
	eventually(t, ctx, "the restored version in force", kept("3.json"))
	if b, err := os.ReadFile(rules + ".bak"); err != nil || !strings.Contains(string(b), "大家好") {
		t.Errorf("what was there: %q, %v", b, err)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
