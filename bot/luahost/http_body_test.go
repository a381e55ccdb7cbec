package luahost_test

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
)

// formSite tells what a form held that it was sent, and moves on what is for /moved.
func formSite(t *testing.T) (address string, size *atomic.Int64) {
	t.Helper()
	size = &atomic.Int64{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/moved" {
			// A body that nobody reads ends some connections by a reset.
			_, _ = io.Copy(io.Discard, r.Body)
			http.Redirect(w, r, "/", http.StatusTemporaryRedirect)
			return
		}
		size.Store(r.ContentLength)
		kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "multipart/form-data" {
			n, err := io.Copy(io.Discard, r.Body)
			_, _ = fmt.Fprintf(w, "%s of %d %v", kind, n, err)
			return
		}
		for form := multipart.NewReader(r.Body, params["boundary"]); ; {
			part, err := form.NextPart()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				_, _ = fmt.Fprint(w, err)
				return
			}
			b, err := io.ReadAll(io.LimitReader(part, 30))
			_, _ = fmt.Fprintf(w, "%s=%s:%s:%s:%v;", part.FormName(), part.FileName(), part.Header.Get("Content-Type"), b, err)
			_, _ = io.Copy(io.Discard, part)
		}
	}))
	t.Cleanup(srv.Close)
	return srv.URL, size
}

func TestFormsWithFilesAreSent(t *testing.T) {
	site, size := formSite(t)
	here := strings.TrimPrefix(site, "http://")
	const twenty = "xxxxxxxxxxxxxxxxxxxx"
	big := func(_, data string) error { return os.Truncate(filepath.Join(data, "made.png"), 40<<20) }
	pair := func(_, data string) error {
		return errors.Join(os.Truncate(filepath.Join(data, "made.png"), 26<<20), os.WriteFile(filepath.Join(data, "b"), nil, 0o600))
	}
	link := func(_, data string) error {
		return os.Symlink(filepath.Join(data, "made.png"), filepath.Join(data, "link"))
	}
	for name, tt := range map[string]struct {
		options, want string
		prepare       func(dir, data string) error
		size          int64
	}{
		"texts and a file": {
			`multipart = {n = 3, pic = {file = "made.png"}, text = "看\r\n--x"}`,
			"n=::3:<nil>;pic=made.png:application/octet-stream:" + twenty + ":<nil>;text=::看\r\n--x:<nil>;", nil, 0,
		},
		"another name and type": {
			`multipart = {pic = {file = "made.png", name = "猫\"; x=\"", type = "image/png"}}`, "multipart: name is a name of a file", nil, 0,
		},
		"a Chinese name": {
			`multipart = {pic = {file = "made.png", name = "猫.png", type = "image/png"}}`, "pic=猫.png:image/png:" + twenty + ":<nil>;", nil, 0,
		},
		"a field twice": {
			`multipart = {pic = {{file = "made.png"}, "x"}}`, "pic=made.png:application/octet-stream:" + twenty + ":<nil>;pic=::x:<nil>;", nil, 0,
		},
		"nothing":                {`multipart = {}`, "", nil, 0},
		"a type of its own":      {`headers = {["Content-Type"] = "x/y"}, multipart = {a = 1}`, "a=::1:<nil>;", nil, 0},
		"a file that is missing": {`multipart = {pic = {file = "none"}}`, "multipart: not found", nil, 0},
		"a file elsewhere":       {`multipart = {pic = {file = "../a/made.png"}}`, "multipart: file is a name of a file", nil, 0},
		"a link":                 {`multipart = {pic = {file = "link"}}`, "multipart: not a file", link, 0},
		"no file":                {`multipart = {pic = {name = "x"}}`, "multipart: a field is a text", nil, 0},
		"a type of two lines":    {`multipart = {pic = {file = "made.png", type = "a\r\nb"}}`, "multipart: a field is a text", nil, 0},
		"a wrong key":            {`multipart = {pic = {fil = "made.png"}}`, `multipart: unknown key "fil", did you mean "file"?`, nil, 0},
		"with another body":      {`json = {}, multipart = {a = 1}`, "of json, form, body, body_file and multipart only one", nil, 0},
		"too long a text":        {`multipart = {a = ("x"):rep(300 * 1024)}`, "multipart: texts of more than 256 KB", nil, 0},
		"too many fields":        {`multipart = {a = (function() local t = {} for i = 1, 101 do t[i] = i end return t end)()}`, "multipart: more than 100 fields", nil, 0},
		"a large file":           {`body_file = "made.png"`, "application/octet-stream of 41943040 <nil>", big, 40 << 20},
		"a large file in a form": {`multipart = {pic = {file = "made.png"}}`, "pic=made.png:application/octet-stream:" + twenty + strings.Repeat("\x00", 10) + ":<nil>;", big, 40<<20 + 239},
		"too large together":     {`multipart = {pic = {{file = "made.png"}, {file = "made.png"}}}`, "multipart: a body of more than 50 MB", pair, 0},
		"sent again after a redirect": {
			`moved = 1, multipart = {pic = {file = "made.png"}}`, "pic=made.png:application/octet-stream:" + twenty + ":<nil>;", nil, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			address, options := site, tt.options
			if rest, ok := strings.CutPrefix(options, "moved = 1, "); ok {
				address, options = site+"/moved", rest
			}
			got, _ := showing(t, `"`+here+`"`, "{grant: {http: ['"+here+"']}}", `
				local ok, r, err = pcall(bot.http.post, "`+address+`", {`+options+`})
				msg:reply("got " .. tostring(ok and r and r.body or err or r))`, tt.prepare)
			if len(got) != 1 || !strings.HasPrefix(got[0], "a reply got ") || !strings.Contains(got[0], tt.want) || tt.want == "" && got[0] != "a reply got " {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if tt.size != 0 && size.Load() != tt.size {
				t.Errorf("the length was said to be %d, want %d", size.Load(), tt.size)
			}
		})
	}
}

// A file of 40 MB goes out and comes in while the plugin may have 4 MB.
func TestFilesPassByTheHeap(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.Header().Set("Content-Length", fmt.Sprint(40<<20))
			_, _ = io.CopyN(w, zeros{}, 40<<20)
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}))
	defer srv.Close()
	here := strings.TrimPrefix(srv.URL, "http://")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, data := showing(t, `"`+here+`"`, "{limits: {memory: 4MB}, grant: {http: ['"+here+"']}}", `
		local a, err = bot.http.get("`+srv.URL+`", {save_to = "big", timeout = "60s"})
		if a then a, err = bot.http.post("`+srv.URL+`", {body_file = "big", timeout = "60s"}) end
		msg:reply(a and "status " .. a.status or err)`, nil)
	runtime.ReadMemStats(&after)
	if st, err := os.Stat(filepath.Join(data, "big")); len(got) != 1 || got[0] != "a reply status 200" || err != nil || st.Size() != 40<<20 {
		t.Errorf("got %q, %v", got, err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 20<<20 {
		t.Errorf("%d MB were allocated on the way", grown>>20)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }
