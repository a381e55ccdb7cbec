package luahost_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
)

// site is a server on this machine that notes what it is asked.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string
}

func (s *site) note(r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	defer s.mu.Unlock()
	line := r.Method + " " + r.URL.String()
	for _, h := range []string{"Content-Type", "X-Key", "Authorization", "Referer", "User-Agent"} {
		if v := r.Header.Get(h); v != "" {
			line += " " + h + "=" + v
		}
	}
	if len(b) > 0 {
		line += " " + string(b)
	}
	s.asked = append(s.asked, line)
}

func (s *site) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.asked
	s.asked = nil
	return out
}

// host is the site's as plugins name it.
func (s *site) host() string { return strings.TrimPrefix(s.URL, "http://") }

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	release := make(chan struct{})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.note(r)
		switch r.URL.Path {
		case "/json":
			w.Header().Set("X-Answer", "yes")
			_, _ = io.WriteString(w, `{"temp": 26, "none": null}`)
		case "/to":
			http.Redirect(w, r, r.URL.Query().Get("u"), http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/long":
			_, _ = w.Write(bytes.Repeat([]byte("x"), 2<<20))
		case "/headers":
			for i := range 100 {
				w.Header().Set(fmt.Sprint("X-", i), strings.Repeat("x", 1000))
			}
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-release:
			}
		case "/cut":
			if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
				_ = c.Close()
			}
		default:
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "short and stout")
		}
	}))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(release) })
	return s
}

// asks runs a handler's body in a plugin that asks for hosts, with these settings in
// plugins.yaml.
func asks(t *testing.T, hosts, settings, body string) []string {
	t.Helper()
	s := newStage(t, map[string]string{
		"a.lua": `bot.plugin { name = "a", version = "1", api = 1, config = { url = {default = "http://127.0.0.1:1/"} }, allow = { http = {` + hosts + `} } }
			bot.on("message", function(msg)
				local function show(res, err) msg:reply(res and res.status .. " " .. res.body or "error " .. err) end
				` + body + ` end)`,
		"plugins.yaml": "plugins:\n  a: " + settings + "\n",
	})
	for _, p := range s.load() {
		return []string{p.Text.String()}
	}
	s.host.On(t.Context(), s.message("hi"))
	began := time.Now()
	for s.host.Busy() > 0 && time.Since(began) < 20*time.Second {
		<-time.After(time.Millisecond)
	}
	return append(s.world.take(), s.world.notices...)
}

func TestHTTPSpeaksToWhatIsGrantedOnly(t *testing.T) {
	site, other := newSite(t), newSite(t)
	here, there := site.host(), other.host()
	_, port, _ := strings.Cut(here, ":")
	private := "has a private address: that needs grant: {http: [...]} in plugins.yaml"
	for name, tt := range map[string]struct{ hosts, settings, address, want string }{
		"granted":                        {`"` + here + `"`, "{grant: {http: ['" + here + "']}}", site.URL, "418 short and stout"},
		"a private one that is named":    {`"` + here + `"`, "{}", site.URL, "error host 127.0.0.1 " + private},
		"a name of a private one":        {`"localhost:` + port + `"`, "{}", "http://localhost:" + port, "error host localhost " + private},
		"a granted name":                 {`"localhost:` + port + `"`, "{grant: {http: ['localhost:" + port + "']}}", "http://localhost:" + port, "418 short and stout"},
		"none that is named":             {``, "{}", site.URL, "error host " + here + " is not among those that the plugin may speak to"},
		"another than is granted":        {`"` + here + `"`, "{grant: {http: ['" + here + "']}}", other.URL, "error host " + there + " is not among those that the plugin may speak to"},
		"a grant that nobody asks for":   {`"` + here + `"`, "{grant: {http: ['" + there + "']}}", site.URL, "plugin a does not ask for the host " + there},
		"none is granted":                {`"` + here + `"`, "{grant: {http: none}}", site.URL, "error host " + here + " is not among"},
		"an endpoint that is configured": {`{config = "url"}`, "{config: {url: '" + site.URL + "/x'}}", site.URL, "418 short and stout"},
		"another than is configured":     {`{config = "url"}`, "{config: {url: '" + site.URL + "/x'}}", other.URL, "error host " + there + " is not among"},
		"an endpoint of the author's":    {`{config = "url"}`, "{}", "http://127.0.0.1:1/", "error host 127.0.0.1 " + private},
		"an endpoint that is none":       {`{config = "url"}`, "{config: {url: 'ftp://x?key=secret'}}", site.URL, "option url of plugin a: want an address such as https://api.example.com/path"},
		"another scheme":                 {`{config = "url"}`, "{config: {url: '" + site.URL + "'}}", "https://" + here, "error host " + here + " is for http only"},
		"a file":                         {`"` + here + `"`, "{}", "file:///etc/passwd", "error only http and https"},
		"the metadata of a provider":     {`"169.254.169.254"`, "{}", "http://169.254.169.254/latest/meta-data", "error host 169.254.169.254 " + private},
		"all that this machine is":       {`"0.0.0.0:` + port + `"`, "{}", "http://0.0.0.0:" + port, "error host 0.0.0.0 " + private},
		"this machine, mapped":           {`"[::ffff:127.0.0.1]:` + port + `"`, "{}", "http://[::ffff:127.0.0.1]:" + port, "error host ::ffff:127.0.0.1 " + private},
		"a redirect to one granted":      {`"` + here + `", "` + there + `"`, "{grant: {http: ['" + here + "', '" + there + "']}}", site.URL + "/to?u=" + other.URL, "418 short and stout"},
		"a redirect to one not named":    {`"` + here + `"`, "{grant: {http: ['" + here + "']}}", site.URL + "/to?u=" + other.URL, "error host " + there + " is not among"},
		"a redirect to a private one":    {`"` + here + `", "` + there + `"`, "{grant: {http: ['" + here + "']}}", site.URL + "/to?u=" + other.URL, "error host 127.0.0.1 " + private},
		"a redirect to a file":           {`"` + here + `"`, "{grant: {http: ['" + here + "']}}", site.URL + "/to?u=file:///etc/passwd", "error only http and https"},
		"redirects without end":          {`"` + here + `"`, "{grant: {http: ['" + here + "']}}", site.URL + "/loop", "error more than 5 redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			got := asks(t, tt.hosts, tt.settings, `show(bot.http.get("`+tt.address+`"))`)
			if want := strings.Replace("a reply "+tt.want, "a reply plugin", "plugin", 1); len(got) != 1 || !strings.HasPrefix(got[0], strings.Replace(want, "a reply option", "option", 1)) {
				t.Errorf("got %q, want %q", got, want)
			}
			if asked := other.take(); strings.Contains(tt.want, "error") && len(asked) > 0 {
				t.Errorf("the other site was asked %q", asked)
			}
			site.take()
		})
	}
}

func TestHTTPSendsWhatIsAskedFor(t *testing.T) {
	site := newSite(t)
	for name, tt := range map[string]struct{ body, asked, want string }{
		"query":        {`show(bot.http.get(U .. "/x?a=1", {query = {q = "上海", n = 2}}))`, "GET /x?a=1&n=2&q=%E4%B8%8A%E6%B5%B7 User-Agent=wxbot", "418 short and stout"},
		"headers":      {`show(bot.http.get(U, {headers = {["x-key"] = "k", ["user-agent"] = "me"}}))`, "GET / X-Key=k User-Agent=me", "418 short and stout"},
		"json":         {`show(bot.http.post(U, {json = {a = "<1>"}}))`, `POST / Content-Type=application/json User-Agent=wxbot {"a":"<1>"}`, "418 short and stout"},
		"form":         {`show(bot.http.post(U, {form = {a = 1, b = "x y"}}))`, "POST / Content-Type=application/x-www-form-urlencoded User-Agent=wxbot a=1&b=x+y", "418 short and stout"},
		"body":         {`show(bot.http.post(U, {body = "raw", headers = {["Content-Type"] = "x/y"}}))`, "POST / Content-Type=x/y User-Agent=wxbot raw", "418 short and stout"},
		"request":      {`show(bot.http.request {url = U .. "/r", method = "delete"})`, "DELETE /r User-Agent=wxbot", "418 short and stout"},
		"answer":       {`local r = bot.http.get(U .. "/json") local v = r:json() msg:reply(v.temp .. r.headers["x-answer"] .. tostring(v.none))`, "GET /json User-Agent=wxbot", "26yesnull"},
		"no json":      {`local r = bot.http.get(U) msg:reply(select(2, r:json()))`, "GET / User-Agent=wxbot", "invalid character 's' looking for beginning of value"},
		"too long":     {`show(bot.http.get(U .. "/long?key=secret"))`, "GET /long?key=secret User-Agent=wxbot", "error the answer has more than 1048576 bytes"},
		"max":          {`show(bot.http.get(U, {max = 5}))`, "GET / User-Agent=wxbot", "error the answer has more than 5 bytes"},
		"long headers": {`show(bot.http.get(U .. "/headers"))`, "GET /headers User-Agent=wxbot", "error no proper answer"},
		"timeout":      {`show(bot.http.get(U .. "/slow?key=secret", {timeout = 0.1}))`, "GET /slow?key=secret User-Agent=wxbot", "error timeout"},
		"cut off":      {`show(bot.http.post(U .. "/cut?key=secret"))`, "POST /cut?key=secret User-Agent=wxbot", "error the connection ended early"},
		"bad header":   {`show(bot.http.get(U, {headers = {["X-Key"] = "a\nsecret"}}))`, "", "error a header has a name or value that cannot be sent"},
		"no address":   {`show(bot.http.get("http://user:secret@%zz"))`, "", "error no proper address"},
		"refused":      {`show(bot.http.get("http://127.0.0.1:1/?key=secret"))`, "", "error host 127.0.0.1:1 is not among those that the plugin may speak to"},
	} {
		t.Run(name, func(t *testing.T) {
			got := asks(t, `"`+site.host()+`"`, "{grant: {http: ['"+site.host()+"']}}", `local U = "`+site.URL+`" `+tt.body)
			if !slices.Equal(got, []string{"a reply " + tt.want}) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if asked := strings.Join(site.take(), "\n"); asked != tt.asked {
				t.Errorf("asked %q, want %q", asked, tt.asked)
			}
		})
	}
}

func TestHTTPKeepsHeadersFromOtherHosts(t *testing.T) {
	site, other := newSite(t), newSite(t)
	got := asks(t, `"`+site.host()+`", "`+other.host()+`"`, "{grant: {http: ['"+site.host()+"', '"+other.host()+"']}}",
		`show(bot.http.get("`+site.URL+`/to?key=secret&u=`+other.URL+`/x", {headers = {["X-Key"] = "secret", Authorization = "secret"}}))`)
	if !slices.Equal(got, []string{"a reply 418 short and stout"}) {
		t.Errorf("got %q", got)
	}
	if asked := other.take(); !slices.Equal(asked, []string{"GET /x User-Agent=wxbot"}) {
		t.Errorf("the other site saw %q", asked)
	}
}

func TestHTTPRefusesWrongUse(t *testing.T) {
	for name, tt := range map[string]struct{ call, want string }{
		"unknown option":   {`bot.http.get("http://x", {jsn = 1})`, `unknown option "jsn", did you mean "json"?`},
		"two bodies":       {`bot.http.post("http://api.example.com", {json = 1, body = "x"})`, "only one"},
		"long timeout":     {`bot.http.get("http://api.example.com", {timeout = "5m"})`, "timeout is a duration up to 1m0s"},
		"another method":   {`bot.http.request {url = "http://api.example.com", method = "TRACE"}`, "the method is none of"},
		"a forged host":    {`bot.http.get("http://api.example.com", {headers = {host = "x"}})`, "header Host cannot be set"},
		"a huge body":      {`bot.http.post("http://api.example.com", {body = ("x"):rep(300000)})`, "a body of more than 256 KB"},
		"a file elsewhere": {`bot.http.get("http://api.example.com", {save_to = "../x"})`, "save_to is a name of a file"},
		"parts":            {`bot.http.post("http://api.example.com", {multipart = 1})`, "multipart is a table"},
		"too much":         {`bot.http.get("http://api.example.com", {max = 2000000})`, "max is a number of bytes up to 1048576"},
		"a table as text":  {`bot.http.get("http://api.example.com", {body = {}})`, "body is a text"},
	} {
		t.Run(name, func(t *testing.T) {
			got := asks(t, `"api.example.com", "x"`, "{}", tt.call)
			if len(got) != 1 || !strings.Contains(got[0], tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// transport answers after a while, in a test's own time.
type transport struct{ wait time.Duration }

func (tr transport) RoundTrip(r *http.Request) (*http.Response, error) {
	t := time.NewTimer(tr.wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("late")), Request: r}, nil
}

// stageOver is a running stage whose requests go to a transport.
func stageOver(t *testing.T, tr http.RoundTripper, script string) *stage {
	t.Helper()
	s := &stage{t: t, dir: t.TempDir(), bubble: true, world: &world{keys: map[string]bool{}, settings: event.Settings{Prefixes: []string{"/"}, Location: time.UTC}}}
	s.write("a.lua", `bot.plugin { name = "a", version = "1", api = 1, allow = { http = {"api.example.com"} } }`+"\n"+script)
	var err error
	if s.host, err = luahost.New(luahost.Options{Dir: s.dir, World: s.world, Transport: tr}); err != nil {
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
	return s
}

func TestHTTPHoldsTheLaneThreeSecondsAtMost(t *testing.T) {
	for name, tt := range map[string]struct {
		answers, held time.Duration
		claim         event.Claim
	}{
		"quick": {time.Second, time.Second, event.Answered},
		"slow":  {8 * time.Second, 3 * time.Second, event.Held},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := stageOver(t, transport{tt.answers}, `bot.on("message", function(msg) msg:reply(bot.http.get("https://api.example.com/").body) end)`)
				began := time.Now()
				claim := s.host.On(t.Context(), s.message("hi"))
				if took := time.Since(began); claim != tt.claim || took != tt.held {
					t.Errorf("claim %v after %s, want %v after %s", claim, took, tt.claim, tt.held)
				}
				<-time.After(10 * time.Second)
				if got := s.world.take(); !slices.Equal(got, []string{"a reply late"}) {
					t.Errorf("got %q", got)
				}
			})
		})
	}
}

func TestHTTPTakesTurnsAndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stageOver(t, transport{time.Second}, `local n, failed = 0, {}
			bot.on("message", {exact = "ask"}, function(msg)
				local res, err = bot.http.get("https://api.example.com/", {timeout = 30})
				if res then n = n + 1 else failed[err] = (failed[err] or 0) + 1 end
			end)
			bot.on("message", {exact = "count"}, function(msg) msg:reply(n .. " " .. (failed.busy or 0)) end)`)
		var calls sync.WaitGroup
		for range 40 {
			ev := s.message("ask")
			calls.Go(func() { s.host.On(t.Context(), ev) })
		}
		<-time.After(1500 * time.Millisecond)
		if got, want := s.say(s.message("count")), []string{"a reply 4 4"}; !slices.Equal(got, want) {
			t.Errorf("after one turn %q, want %q", got, want)
		}
		<-time.After(20 * time.Second)
		calls.Wait()
		if got, want := s.say(s.message("count")), []string{"a reply 36 4"}; !slices.Equal(got, want) {
			t.Errorf("at the end %q, want %q", got, want)
		}
	})
}

func TestSecretsAreFilledInAndMasked(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	writeFile(t, dir, "a.lua", `bot.plugin { name = "a", version = "1", api = 1, config = { key = {}, pin = {secret = true} } }
		bot.on("message", {exact = "show"}, function(msg) msg:reply(bot.config.key .. " " .. bot.config.pin) end)
		bot.on("message", {exact = "log"}, function(msg) print("key", bot.config.key) bot.admin("pin " .. bot.config.pin) error("with " .. bot.config.key) end)`)
	writeFile(t, dir, "plugins.yaml", "plugins:\n  a: {config: {key: \"Bearer ${env:KEY}\", pin: 24681357}}\n")
	w := &world{keys: map[string]bool{}, settings: event.Settings{Location: time.UTC}}
	h, err := luahost.New(luahost.Options{Dir: dir, World: w, Logger: zerolog.New(&log), Getenv: func(name string) string {
		return map[string]string{"KEY": "topsecret"}[name]
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range h.Reload(t.Context()) {
		t.Fatalf("not loaded: %s", p)
	}
	s := &stage{t: t, world: w, host: h}
	if got := s.say(s.message("show")); !slices.Equal(got, []string{"a reply Bearer topsecret 24681357"}) {
		t.Errorf("got %q", got)
	}
	s.say(s.message("log"))
	told := log.String() + strings.Join(w.notices, "\n")
	if strings.Contains(told, "topsecret") || strings.Contains(told, "24681357") || strings.Count(told, "[redacted]") < 4 {
		t.Errorf("told %s", told)
	}
	for name, tt := range map[string]struct{ value, want string }{
		"not set":       {"${env:OTHER}", "plugins.yaml:2: option key of plugin a: ${env:OTHER}: the variable is not set"},
		"no name":       {"${env:../x}", "${env:…} holds no name such as ${env:TOKEN}"},
		"no credential": {"${cred:key}", "${cred:key}: CREDENTIALS_DIRECTORY is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, dir, "plugins.yaml", "plugins:\n  a: {config: {key: \""+tt.value+"\"}}\n")
			if ps := h.Reload(t.Context()); len(ps) != 1 || !strings.Contains(fmt.Sprintf("%s:%d: %s", ps[0].File[len(dir)+1:], ps[0].Line, ps[0].Text), tt.want) {
				t.Errorf("problems %v, want %q", ps, tt.want)
			}
		})
	}
}
