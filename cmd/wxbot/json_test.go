//go:build unix

package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/trace"
	"wxbot/wx/wxtest"
)

// asked runs a command and gives the JSON that it prints.
func asked(t *testing.T, ctx context.Context, words ...string) map[string]any {
	t.Helper()
	con, out, errOut := testConsole(nil)
	if code := execute(ctx, con, append(words, "--json")); code != exitOK {
		t.Fatalf("%q: exit code %d: %s", words, code, errOut)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(out.String()), &got); err != nil {
		t.Fatalf("%q prints %q: %v", words, out, err)
	}
	return got
}

func TestCommandsThatDoSomethingTellScripts(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	srv := wxtest.NewServer(t, wxtest.Config{})
	_, socket := daemonAt(t, ctx, srv)
	uuid, err := srv.AwaitQR(ctx)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "code", func() bool {
		payload, _ := asked(t, ctx, "qr", "--socket", socket)["payload"].(string)
		return strings.HasSuffix(payload, uuid)
	})
	if err := srv.Login(ctx); err != nil {
		t.Fatal(err)
	}
	if err := srv.AwaitOnline(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, ctx, "online", func() bool { return asked(t, ctx, "qr", "--socket", socket)["online"] == true })
	file := filepath.Join(t.TempDir(), "b.tar.gz")
	made := asked(t, ctx, "backup", file, "--socket", socket)
	st, err := os.Stat(file)
	if err != nil || made["path"] != file || made["bytes"] != float64(st.Size()) || made["session"] != false {
		t.Errorf("backup tells %v of %v, %v", made, st, err)
	}
	for _, c := range []string{"reload", "resume", "logout"} {
		if got := asked(t, ctx, c, "--socket", socket); got["ok"] != true {
			t.Errorf("%s: %v", c, got)
		}
	}
}

func TestNumbersOfVersionsAreCompleted(t *testing.T) {
	state := t.TempDir()
	if err := os.Mkdir(filepath.Join(state, "rule-versions"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"9", "11", "12"} {
		writeIn(t, filepath.Join(state, "rule-versions"), n+".json", `{"n": `+n+`, "files": {}}`)
	}
	if got, want := completed(t, "rule", "restore", "--state", state, "1"), []string{"12", "11"}; !slices.Equal(got, want) {
		t.Errorf("offered %q, want %q", got, want)
	}
	if got, want := completed(t, "rule", "diff", "--state", state, "12", ""), []string{"11", "9"}; !slices.Equal(got, want) {
		t.Errorf("offered %q, want %q", got, want)
	}
}

// Whoever names a chat or writes a message must not write on the operator's terminal.
func TestTraceShowsNoControlCharacters(t *testing.T) {
	v := trace.View{Title: "a\u202eb", Note: "\x1b[2J", Lines: []trace.Line{{Name: "r\x07", Text: "c\u2066d\n"}}}
	got := strings.Join(whyLines(v), "|")
	if want := "ab|  r  cd⏎|  [2J"; got != want {
		t.Errorf("shown %q, want %q", got, want)
	}
}
