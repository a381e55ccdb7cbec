package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestWatchRunsTheTestsAgainAtEveryChange(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no interrupt to send")
	}
	t.Parallel()
	dir := filepath.Dir(write(t, "dice.lua", dicePlugin))
	test := "it(\"rolls\", function(t)\n\tlocal m = t.friend(\"小明\")\n\tm:says(\"骰子\")\n\tm:hears(\"7\")\nend)\n"
	writeIn(t, dir, "dice_test.lua", test)
	cmd := exec.CommandContext(t.Context(), binary, "test", "dice", "--watch", "--plugins", dir)
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errOut, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 100)
	for _, r := range []*bufio.Scanner{bufio.NewScanner(out), bufio.NewScanner(errOut)} {
		go func() {
			for r.Scan() {
				lines <- r.Text()
			}
		}()
	}
	// The two outputs come in any order.
	until := func(what string) {
		t.Helper()
		late := time.After(20 * time.Second)
		said, waits := false, false
		for !said || !waits {
			select {
			case line := <-lines:
				said = said || strings.HasPrefix(line, what) || !strings.HasPrefix(what, "ok") && strings.Contains(line, what)
				waits = waits || strings.Contains(line, "waiting for changes")
			case <-late:
				t.Fatalf("no line with %q, or none that it waits", what)
			}
		}
	}
	until("not ok 1 - dice: rolls")
	writeIn(t, dir, "dice_test.lua", strings.Replace(test, "7", "6", 1))
	until("ok 1 - dice: rolls")
	if err := os.Remove(filepath.Join(dir, "dice.lua")); err != nil {
		t.Fatal(err)
	}
	until(`there is no plugin "dice"`)
	writeIn(t, dir, "dice.lua", dicePlugin)
	until("ok 1 - dice: rolls")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
}
