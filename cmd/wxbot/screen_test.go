package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot"
	"wxbot/wx"
)

// testConsole is a console without a person, its output, and its standard error.
func testConsole(env map[string]string) (con *console, out, errOut *strings.Builder) {
	out, errOut = &strings.Builder{}, &strings.Builder{}
	return &console{
		in: strings.NewReader(""), out: out, err: errOut,
		env: func(k string) string { return env[k] },
	}, out, errOut
}

func sampleCode(attempt int) bot.QRCode {
	return bot.QRCode{Payload: wx.Secret(samplePayload), Attempt: attempt, Max: 5, FirstEver: true}
}

func TestFirstCodeTellsTheRisksAndIsDrawn(t *testing.T) {
	for name, env := range map[string]map[string]string{
		"spare account": {"LANG": "en_US.UTF-8"},
		"小号":            {"LANG": "zh_CN.UTF-8"},
	} {
		con, _, errOut := testConsole(env)
		con.errTerm, con.columns = true, 80
		s := newScreen(con, t.TempDir(), zerolog.Nop())
		s.show(sampleCode(1))
		risks, code := strings.Index(errOut.String(), name), strings.Index(errOut.String(), blackOnWhite)
		if risks < 0 || code < risks {
			t.Errorf("want %q before the code, got\n%s", name, errOut)
		}
		if strings.Contains(errOut.String(), samplePayload) {
			t.Error("the payload is written as text")
		}
		errOut.Reset()
		s.show(sampleCode(2))
		if strings.Contains(errOut.String(), name) {
			t.Error("the risks are told again with the second code")
		}
	}
}

func TestWithoutTerminalTheCodeGoesIntoAPrivateFile(t *testing.T) {
	con, out, errOut := testConsole(nil)
	var log strings.Builder
	s := newScreen(con, t.TempDir(), zerolog.New(&log))
	s.show(sampleCode(1))

	st, err := os.Stat(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if st.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, want 0600", st.Mode().Perm())
	}
	got, err := os.ReadFile(s.file)
	if err != nil {
		t.Fatal(err)
	}
	if !samePicture(t, got, samplePayload) {
		t.Error("the file is not the picture of the code")
	}
	if out.Len()+errOut.Len() > 0 {
		t.Errorf("written beside the log: %s%s", out, errOut)
	}
	if !strings.Contains(log.String(), "scan needed") || !strings.Contains(log.String(), filepath.Base(s.file)) {
		t.Errorf("log %s does not say what to do", &log)
	}
	if strings.Contains(log.String(), "login.weixin") {
		t.Errorf("log %s holds the payload", &log)
	}

	next := sampleCode(2)
	next.Payload = "https://login.weixin.qq.com/l/another=="
	s.show(next)
	if got, err = os.ReadFile(s.file); err != nil || !samePicture(t, got, next.Payload.Reveal()) {
		t.Errorf("the file is not the picture of the second code: %v", err)
	}

	s.show(bot.QRDone{})
	if _, err := os.Stat(s.file); !os.IsNotExist(err) {
		t.Errorf("the file is still there after the scan: %v", err)
	}
}

func TestNarrowTerminalGetsAFileInsteadOfATornCode(t *testing.T) {
	con, _, errOut := testConsole(nil)
	con.errTerm, con.columns = true, 20
	s := newScreen(con, t.TempDir(), zerolog.Nop())
	s.show(sampleCode(1))
	if strings.ContainsAny(errOut.String(), "█▀▄") {
		t.Error("a code was drawn that does not fit")
	}
	if !strings.Contains(errOut.String(), s.file) {
		t.Errorf("the terminal does not name the file: %s", errOut)
	}
}

func TestNoColorIsHonoured(t *testing.T) {
	con, _, errOut := testConsole(map[string]string{"NO_COLOR": "1"})
	con.errTerm = true
	s := newScreen(con, t.TempDir(), zerolog.Nop())
	s.show(sampleCode(1))
	if strings.Contains(errOut.String(), "\x1b") || !strings.Contains(errOut.String(), "█") {
		t.Errorf("want a drawing without escape sequences, got\n%s", errOut)
	}
}

func TestLeftPictureIsRemovedAndAnothersIsNot(t *testing.T) {
	con, _, _ := testConsole(nil)
	s := newScreen(con, t.TempDir(), zerolog.Nop())
	if err := os.WriteFile(s.file, []byte("left"), 0o600); err != nil {
		t.Fatal(err)
	}
	// A second daemon, which gets nowhere, has no notices.
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.run(ctx)
	if _, err := os.Stat(s.file); err != nil {
		t.Errorf("a daemon that never held the state directory took the picture away: %v", err)
	}

	ctx, cancel = context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { s.run(ctx) })
	s.observe(bot.RulesLoaded{})
	wait, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	eventually(t, wait, "removal of what was left", func() bool { _, err := os.Stat(s.file); return os.IsNotExist(err) })
	s.observe(sampleCode(1))
	eventually(t, wait, "picture", func() bool { _, err := os.Stat(s.file); return err == nil })
	cancel()
	done.Wait()
	if _, err := os.Stat(s.file); !os.IsNotExist(err) {
		t.Errorf("the picture is still there after the stop: %v", err)
	}
}
