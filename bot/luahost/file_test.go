package luahost_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// desk is a stage of plugin a, whose files are in data/a.
func newDesk(t *testing.T, body string) (s *stage, data string) {
	t.Helper()
	s = &stage{t: t, dir: t.TempDir(), world: &world{keys: map[string]bool{}, settings: event.Settings{Location: time.UTC}}}
	s.write("a.lua", head+`bot.on("message", function(msg) local function show(...) local t = {...} for i = 1, select("#", ...) do t[i] = tostring(t[i]) end msg:reply(table.concat(t, " ")) end `+body+` end)`)
	data = filepath.Join(t.TempDir(), "plugins")
	var err error
	if s.host, err = luahost.New(luahost.Options{Dir: s.dir, DataDir: data, World: s.world, Limits: luahost.Limits{Run: 5 * time.Second}}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.host.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	s.mustLoad()
	return s, filepath.Join(data, "a")
}

func TestFilesAreReadAndWritten(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"written and read": {`show(bot.file.write("名单.txt", "a\0b"), #bot.file.read("名单.txt"))`, "true 3"},
		"written again":    {`bot.file.write("f", "long text") bot.file.write("f", "x") show(bot.file.read("f"))`, "x"},
		"not there":        {`show(bot.file.read("none"))`, "nil not found"},
		"listed":           {`bot.file.write("b", "") bot.file.write("a", "1") show(table.concat(bot.file.list(), ","))`, "a,b"},
		"nothing to list":  {`show(#bot.file.list())`, "0"},
		"deleted":          {`bot.file.write("b", "") show(bot.file.delete("b"), #bot.file.list(), bot.file.delete("b"))`, "true 0 nil not found"},
		"too long":         {`show(bot.file.write("b", ("x"):rep(1048576) ), bot.file.read("b") ~= nil)`, "true true"},
		"up":               {`show(pcall(bot.file.read, ".."))`, "false a.lua:2: bad argument #1 to (anonymous) (a name of a file such as list.txt expected, without folders)"},
		"hidden":           {`show((pcall(bot.file.write, ".new", "")))`, "false"},
		"a folder":         {`show((pcall(bot.file.write, "a/b", "")))`, "false"},
		"a drive":          {`show((pcall(bot.file.read, "C:x")))`, "false"},
		"a terminator":     {`show((pcall(bot.file.read, "a\0b")))`, "false"},
		"no text":          {`show((pcall(bot.file.read, "a\255b")))`, "false"},
	} {
		t.Run(name, func(t *testing.T) {
			s, data := newDesk(t, tt.body)
			if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply " + tt.want}) {
				t.Errorf("got %q, want %q; notices %q", got, tt.want, s.world.notices)
			}
			for _, path := range []string{data, filepath.Join(data, "b")} {
				if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s has mode %v", path, st.Mode())
				}
			}
		})
	}
}

func TestFilesStayInTheFolder(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "outside")
	writeFile(t, filepath.Dir(outside), "outside", "secret")
	for name, prepare := range map[string]func(data string) error{
		"a link to a file":    func(data string) error { return os.Symlink(outside, filepath.Join(data, "f")) },
		"a link that climbs":  func(data string) error { return os.Symlink("../../outside", filepath.Join(data, "f")) },
		"a folder":            func(data string) error { return os.Mkdir(filepath.Join(data, "f"), 0o700) },
		"a link as new file":  func(data string) error { return os.Symlink(outside, filepath.Join(data, ".new")) },
		"a folder that links": func(data string) error { return replaceByLink(data, filepath.Dir(outside)) },
	} {
		t.Run(name, func(t *testing.T) {
			s, data := newDesk(t, `local read, write = bot.file.read("f"), bot.file.write("f", "overwritten") show(read, write)`)
			if err := os.MkdirAll(data, 0o700); err != nil {
				t.Fatal(err)
			}
			if err := prepare(data); err != nil {
				t.Skip(err)
			}
			if got := s.say(s.message("hi")); len(got) != 1 || strings.Contains(got[0], "secret") || strings.Contains(got[0], "true") {
				t.Errorf("got %q", got)
			}
			if b, err := os.ReadFile(outside); err != nil || string(b) != "secret" {
				t.Errorf("outside holds %q, %v", b, err)
			}
			if _, err := os.Lstat(filepath.Join(filepath.Dir(outside), "f")); err == nil {
				t.Error("a file was written outside")
			}
		})
	}
}

func replaceByLink(data, to string) error {
	if err := os.Remove(data); err != nil {
		return err
	}
	return os.Symlink(to, data)
}

func TestFilesHaveQuotas(t *testing.T) {
	for name, tt := range map[string]struct {
		files, size int
		body, want  string
	}{
		"bytes":           {49, 1 << 20, `show(bot.file.write("x", ("x"):rep(1000000)), bot.file.write("y", ("x"):rep(1000000)))`, "true nil full"},
		"files":           {999, 1, `show(bot.file.write("x", ""), bot.file.write("y", ""))`, "true nil full"},
		"the same file":   {1000, 1, `show(bot.file.write("old1", "x"))`, "true"},
		"after a removal": {1000, 1, `bot.file.delete("old1") show(bot.file.write("y", "x"))`, "true"},
		"writes":          {0, 0, `local n = 0 while bot.file.write("x", "") do n = n + 1 end show(n, bot.file.write("x", ""))`, "600 nil rate"},
		"too large":       {1, 2 << 20, `show(bot.file.read("old0"))`, "nil the file has more than 1048576 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			s, data := newDesk(t, tt.body)
			if err := os.MkdirAll(data, 0o700); err != nil {
				t.Fatal(err)
			}
			for i := range tt.files {
				writeFile(t, data, fmt.Sprint("old", i), strings.Repeat("x", tt.size))
			}
			if got := s.say(s.message("hi")); !slices.Equal(got, []string{"a reply " + tt.want}) {
				t.Errorf("got %q, want %q; notices %q", got, tt.want, s.world.notices)
			}
		})
	}
}
