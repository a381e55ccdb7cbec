//go:build unix

package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"wxbot/wx/wxtest"
)

func TestContactsAndLogoutByTheCommandLine(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	ming := srv.AddFriend(wxtest.Person{NickName: "小明\x1b[31m", RemarkName: "王经理"})
	srv.AddGroup("客户一群", ming)
	c, socket := daemonAt(t, ctx, srv)
	run := func(args ...string) (code int, out, errOut string) {
		con, o, e := testConsole(nil)
		code = execute(ctx, con, append(args, "--socket", socket))
		return code, o.String(), e.String()
	}
	if code, _, errOut := run("contacts"); code != exitFailure || !strings.Contains(errOut, "not online") {
		t.Errorf("before the login: exit code %d, %s", code, errOut)
	}
	if code, _, _ := run("contacts", "--groups", "--official"); code != exitUsage {
		t.Errorf("two kinds: exit code %d, want %d", code, exitUsage)
	}
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "all contacts", func() bool {
		got, err := c.Contacts(ctx, "", "")
		return err == nil && got.Complete && len(got.Contacts) == 2
	})
	code, out, errOut := run("contacts")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if code != exitOK || len(lines) != 2 || errOut != "" {
		t.Fatalf("exit code %d, %q, %s", code, lines, errOut)
	}
	for i, want := range []string{"friend|王经理|小明[31m", "group|客户一群|2 members"} {
		for part := range strings.SplitSeq(want, "|") {
			if !strings.Contains(lines[i], part) {
				t.Errorf("line %q lacks %q", lines[i], part)
			}
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Errorf("a nickname commands the terminal: %q", out)
	}
	if _, out, _ := run("contacts", "--groups", "--json"); !strings.Contains(out, `"members": 2`) || strings.Contains(out, "王经理") {
		t.Errorf("groups as JSON: %s", out)
	}
	if code, out, errOut := run("logout"); code != exitOK || !strings.Contains(out, "wxbot qr") {
		t.Errorf("logout: exit code %d, %s%s", code, out, errOut)
	}
	if code, _, errOut := run("logout"); code != exitFailure || !strings.Contains(errOut, "nobody is logged in") {
		t.Errorf("a second logout: exit code %d, %s", code, errOut)
	}
}
