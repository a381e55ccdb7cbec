//go:build unix

package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/wx/wxtest"
)

func TestHistoryAndForgetOnTheCommandLine(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	ming := srv.AddFriend(wxtest.Person{NickName: "小明"})
	_, socket := daemonAt(t, ctx, srv)
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if err := srv.AwaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
	ming.Say("你好\x1b[2J世界")
	run := func(args ...string) (code int, out, errOut string) {
		con, o, e := testConsole(nil)
		code = execute(ctx, con, append(args, "--socket", socket))
		return code, o.String(), e.String()
	}
	eventually(t, ctx, "line of the history", func() bool {
		_, out, _ := run("history", "小明")
		return strings.Contains(out, "你好[2J世界")
	})
	if code, out, _ := run("history", "小明", "--json", "-n", "1"); code != exitOK || !strings.Contains(out, `"by": "小明"`) {
		t.Errorf("JSON: %d, %s", code, out)
	}
	for _, tc := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"history", "-n", "501"}, exitFailure, "1 to 500"},
		{[]string{"history", "a", "b"}, exitUsage, "unexpected argument"},
		{[]string{"forget"}, exitUsage, "a name is required"},
		{[]string{"forget", "小红"}, exitFailure, "nobody and no group"},
	} {
		if code, _, errOut := run(tc.args...); code != tc.code || !strings.Contains(errOut, tc.want) {
			t.Errorf("%v: code %d, %s", tc.args, code, errOut)
		}
	}
	if code, out, errOut := run("forget", "小明"); code != exitOK || !strings.Contains(out, "forgotten: 1 messages") {
		t.Errorf("forget: %d, %s%s", code, out, errOut)
	}
	if _, out, _ := run("history"); strings.Contains(out, "世界") {
		t.Errorf("still in the history:\n%s", out)
	}
}

func TestPlainKeepsWhatPeopleReadOnly(t *testing.T) {
	for in, want := range map[string]string{
		"你好": "你好", "a\nb": "a⏎b", "\x1b]0;x\x07": "]0;x", "\u202egnp.exe": "gnp.exe", "👨\u200d👩": "👨\u200d👩", "\u009b2J": "2J",
	} {
		if got := plain(in); got != want {
			t.Errorf("plain(%q) = %q, want %q", in, got, want)
		}
	}
	con, out, _ := testConsole(nil)
	printLine(con, event.Line{Time: time.Unix(0, 0), Out: true, Chat: event.Chat{Key: "p1"}, By: "rule:r", Kind: "reply", Outcome: "failed", Reason: "refused"})
	if !strings.Contains(out.String(), "p1") || !strings.Contains(out.String(), "(failed: refused)") {
		t.Errorf("line %q", out)
	}
}
