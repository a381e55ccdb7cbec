package luahost_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// gallery is a world that has the content of messages.
type gallery struct{ *world }

func (g gallery) Download(_ context.Context, id string, to io.Writer, most int64) error {
	if id != "m1" {
		return errors.New("gone")
	}
	_, err := to.Write(make([]byte, min(most, 3000)))
	return err
}

// showing runs a handler's body in plugin a, a folder with pictures, and gives what
// was queued.
func showing(t *testing.T, hosts, settings, body string, prepare func(dir, data string) error) (got []string, data string) {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), world: &world{keys: map[string]bool{}, settings: event.Settings{Location: time.UTC}}}
	dir, data := filepath.Join(s.dir, "a"), filepath.Join(t.TempDir(), "a")
	for _, d := range []string{filepath.Join(dir, "pics"), data} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, dir, "init.lua", `bot.plugin { name = "a", version = "1", api = 1, allow = { send = "any", http = {`+hosts+`} } }
		bot.on("message", function(msg) local function show(sent, err) if not sent then msg:reply(err) end end `+body+` end)`)
	writeFile(t, filepath.Join(dir, "pics"), "cat.png", strings.Repeat("x", 10))
	writeFile(t, data, "made.png", strings.Repeat("x", 20))
	writeFile(t, s.dir, "outside.png", "secret")
	writeFile(t, s.dir, "plugins.yaml", "plugins: {a: "+settings+"}\n")
	if prepare != nil {
		if err := prepare(dir, data); err != nil {
			t.Skip(err)
		}
	}
	h, err := luahost.New(luahost.Options{Dir: s.dir, DataDir: filepath.Dir(data), World: gallery{s.world}, Limits: luahost.Limits{Run: 2 * time.Second}})
	if err != nil {
		t.Fatal(err)
	}
	s.host = h
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	s.mustLoad()
	ev := s.message("hi")
	ev.Message.Type = event.TypeImage
	s.host.On(t.Context(), ev)
	began := time.Now()
	for s.host.Busy() > 0 && time.Since(began) < 20*time.Second {
		<-time.After(time.Millisecond)
	}
	return append(s.world.take(), s.world.notices...), data
}

func TestFilesAreSent(t *testing.T) {
	site := newSite(t)
	here := site.host()
	granted := "{grant: {send: any, http: ['" + here + "']}}"
	link := func(dir, _ string) error {
		return os.Symlink(filepath.Join(filepath.Dir(dir), "outside.png"), filepath.Join(dir, "pics", "link.png"))
	}
	old := func(_, data string) error {
		dir := filepath.Join(data, ".sent", "old")
		return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "x"), []byte("x"), 0o600), os.Chtimes(dir, time.Time{}, time.Now().Add(-25*time.Hour)))
	}
	full := func(_, data string) error {
		dir := filepath.Join(data, ".sent", "now")
		return errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, "x"), nil, 0o600), os.Truncate(filepath.Join(dir, "x"), 200<<20))
	}
	for name, tt := range map[string]struct {
		body, want string
		prepare    func(dir, data string) error
	}{
		"a picture of the plugin's":    {`show(msg:reply_image("pics/cat.png"))`, "a reply cat.png of 10 <nil>", nil},
		"one that it made":             {`show(msg:reply_file("made.png"))`, "a reply made.png of 20 <nil>", nil},
		"as a part":                    {`show(msg:reply({text = "看", image = "pics/cat.png"}))`, "a reply cat.png of 10 <nil> 看", nil},
		"by content":                   {`show(msg:reply_file({name = "名单.csv", bytes = "a,b\0"}))`, "a reply 名单.csv of 4 <nil>", nil},
		"by URL":                       {`show(msg:reply_image("` + site.URL + `/json"))`, "a reply json of 26 <nil>", nil},
		"to somebody else":             {`show(bot.send("读书群", {file = "made.png"}))`, "a reply ambiguous: 2 chats named 读书群; set a remark", nil},
		"a URL without a file":         {`show(msg:reply_image("` + site.URL + `/nothing"))`, "a reply image: status 418", nil},
		"a URL that is not granted":    {`show(msg:reply_image("https://example.com/x.png"))`, "a reply image: host example.com is not among those that the plugin may speak to", nil},
		"a file by URL":                {`show(msg:reply_image("file:///etc/passwd"))`, "a reply image: only http and https", nil},
		"not there":                    {`show(msg:reply_image("pics/dog.png"))`, "a reply image: not found", nil},
		"a folder":                     {`show(msg:reply_image("pics"))`, "a reply image: not a file", nil},
		"beside the plugin":            {`show(msg:reply_image("../outside.png"))`, "a reply image: path escapes from parent", nil},
		"of the machine":               {`show(msg:reply_image("/etc/passwd"))`, "a reply image: path escapes from parent", nil},
		"beside the plugin, by a link": {`show(msg:reply_image("pics/link.png"))`, "a reply image: path escapes from parent", link},
		"no name":                      {`show((select(2, pcall(msg.reply_file, msg, {name = "../x", bytes = "x"}))))`, "", nil},
		"old ones are removed":         {`show(msg:reply_file({name = "x", bytes = "x"}))`, "a reply x of 1 <nil>", old},
		"too many":                     {`show(msg:reply_file({name = "x", bytes = "x"}))`, "a reply file: full", full},
		"fetched into a file":          {`local r = bot.http.get("` + site.URL + `/long", {save_to = "got"}) msg:reply(r.status .. tostring(r.body)) show(msg:reply_file("got"))`, "a reply 200nil|a reply got of 2097152 <nil>", nil},
		"fetched, but too long":        {`show(bot.http.get("` + site.URL + `/long", {save_to = "got", max = 1000}))`, "a reply the answer has more than 1000 bytes", nil},
		"a file as the body":           {`msg:reply(bot.http.post("` + site.URL + `", {body_file = "made.png"}).status)`, "a reply 418", nil},
		"no file as the body":          {`show(bot.http.post("` + site.URL + `", {body_file = "none"}))`, "a reply body_file: not found", nil},
		"forwarded":                    {`show(msg:forward(msg.chat, {header = "看"}))`, "a forward as m1 after 看 [图片] hi p1", nil},
		"downloaded":                   {`msg:reply(tostring(#msg:download()))`, "a reply 3000", nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, data := showing(t, `"`+here+`"`, granted, tt.body, tt.prepare)
			if want := strings.Split(tt.want, "|"); tt.want != "" && !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if strings.Contains(strings.Join(got, ""), "outside.png") || tt.want == "" && len(got) > 0 && strings.Contains(got[0], " of ") {
				t.Errorf("got %q", got)
			}
			if left, _ := os.ReadDir(filepath.Join(data, ".sent")); strings.Contains(name, "fetched") && len(left) > 0 {
				t.Errorf("%d folders of what was fetched are left", len(left))
			}
			if _, err := os.Stat(filepath.Join(data, ".sent", "old")); err == nil {
				t.Error("what was sent long ago is still there")
			}
			site.take()
		})
	}
}
