package luahost

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
)

const (
	requestTime     = 10 * time.Second
	requestTimeMost = 60 * time.Second
	requestBodyMost = 256 << 10
	urlMost         = 8 << 10
	saveMost        = filesBytesMost
	requestHeaders  = 50
)

// httpTable is bot.http.
func (p *plugin) httpTable() *lua.LTable {
	t := p.l.NewTable()
	p.l.SetFuncs(t, map[string]lua.LGFunction{
		"get": func(l *lua.LState) int {
			return p.ask(l, "bot.http.get", http.MethodGet, l.CheckString(1), l.OptTable(2, nil))
		},
		"post": func(l *lua.LState) int {
			return p.ask(l, "bot.http.post", http.MethodPost, l.CheckString(1), l.OptTable(2, nil))
		},
		"request": func(l *lua.LState) int {
			o := l.CheckTable(1)
			address, ok := o.RawGetString("url").(lua.LString)
			if !ok {
				l.ArgError(1, "url is missing")
			}
			method := http.MethodGet
			if m, ok := o.RawGetString("method").(lua.LString); ok {
				method = strings.ToUpper(string(m))
			}
			return p.ask(l, "bot.http.request", method, string(address), o)
		},
	})
	return t
}

// request is one that a script asks for.
type request struct {
	req     *http.Request
	timeout time.Duration
	most    int64  // bytes of the answer; 0: as many as there may be
	saveTo  string // name of the file that gets the body; "" is none
}

var errNoAddress = errors.New("no proper address")

// ask makes a request, waits for the answer and pushes it, or nil and the reason.
func (p *plugin) ask(l *lua.LState, what, method, address string, o *lua.LTable) int {
	c := p.running(l, what)
	charge(l, kvWork)
	r, err := p.request(l, method, address, o)
	if err != nil {
		return p.fails(l, err.Error())
	}
	if p.asking >= requestsMost+requestQueue {
		return p.fails(l, "busy")
	}
	p.asking++
	defer func() { p.asking-- }() // the lock is held again
	var out reply
	var failed error
	err = c.pausing(l, true, func(ctx context.Context) error {
		claim := time.AfterFunc(laneHold, c.claim)
		defer claim.Stop()
		ctx, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		if r.saveTo != "" {
			out, failed = p.fetchInto(ctx, r)
			return nil
		}
		var body bytes.Buffer
		out, failed = p.fetch(ctx, r.req, r.most, &body)
		out.body = body.Bytes()
		return nil
	})
	if err == nil {
		err = failed
	}
	if err == nil && r.saveTo != "" {
		err = p.putAway(out, r.saveTo)
	}
	if err != nil {
		return p.fails(l, p.mask(fileError(err)))
	}
	charge(l, work(16*len(out.body)))
	l.Push(p.answer(l, out))
	return 1
}

// answer is the table that a script gets.
func (p *plugin) answer(l *lua.LState, r reply) *lua.LTable {
	t, headers := l.NewTable(), l.NewTable()
	names := sortedKeys(r.header)
	slices.Sort(names)
	for _, name := range names {
		headers.RawSetString(strings.ToLower(name), lua.LString(strings.Join(r.header[name], ", ")))
	}
	t.RawSetString("status", lua.LNumber(r.status))
	t.RawSetString("headers", headers)
	if r.file == "" {
		t.RawSetString("body", lua.LString(r.body))
	}
	t.RawSetString("json", p.method("response", "json", func(l *lua.LState) int {
		body, ok := l.CheckTable(1).RawGetString("body").(lua.LString)
		if !ok {
			l.ArgError(1, "the answer expected; json is called with a colon")
		}
		return pushJSON(l, string(body))
	}))
	return t
}

// request reads the options of a request and checks its address.
func (p *plugin) request(l *lua.LState, method, address string, o *lua.LTable) (request, error) {
	r := request{timeout: requestTime}
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, method) {
		l.ArgError(1, "the method is none of GET, HEAD, POST, PUT, PATCH, DELETE")
	}
	if len(address) > urlMost {
		return r, errNoAddress
	}
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" {
		return r, errNoAddress // the parser's own error would show it
	}
	if err := p.access.permit(u); err != nil {
		return r, err
	}
	f := filler{body: payload{p: p}, header: http.Header{"User-Agent": {"wxbot"}}, query: u.Query()}
	if o != nil {
		o.ForEach(func(k, v lua.LValue) { f.option(l, &r, k.String(), v) })
	}
	if f.more {
		u.RawQuery = f.query.Encode()
	}
	if f.bodies > 1 {
		l.ArgError(2, "of json, form, body, body_file and multipart only one")
	}
	if f.failed != nil {
		return r, f.failed
	}
	most := int64(stringMost)
	if r.saveTo != "" {
		most = saveMost
	}
	if r.most > most {
		l.ArgError(2, fmt.Sprintf("max is a number of bytes up to %d", most))
	}
	r.most = cmp.Or(r.most, most)
	u.Fragment = ""
	if r.req, err = http.NewRequest(method, u.String(), nil); err != nil { //nolint:noctx // it gets one when it is sent
		return r, errNoAddress
	}
	if f.bodies > 0 {
		f.body.attachTo(r.req)
	}
	if f.boundary != "" { // nobody else knows it
		f.header.Set("Content-Type", f.boundary)
	}
	r.req.Header = f.header
	return r, nil
}

// filler gathers what the options say.
type filler struct {
	failed error
	header http.Header
	query  url.Values
	more   bool // in the query
	body   payload
	bodies int
	texts  int // bytes of texts in a form
	// boundary is the type of a multipart body, which names its boundary.
	boundary string
}

func (f *filler) option(l *lua.LState, r *request, key string, v lua.LValue) {
	switch key {
	case "url", "method":
	case "query":
		f.more = true
		maps.Copy(f.query, queryOf(l, tableOption(l, key, v), 2))
	case "headers":
		f.headers(l, tableOption(l, key, v))
	case "json":
		plain, err := fromLua(v)
		if err == nil {
			var b []byte
			b, err = encodeJSON(plain)
			f.setBody(l, string(b), "application/json")
		}
		if err != nil {
			l.ArgError(2, "json: "+err.Error())
		}
	case "form":
		f.setBody(l, queryOf(l, tableOption(l, key, v), 2).Encode(), "application/x-www-form-urlencoded")
	case "body":
		s, ok := v.(lua.LString)
		if !ok {
			l.ArgError(2, "body is a text")
		}
		f.setBody(l, string(s), "text/plain; charset=utf-8")
	case "timeout":
		d, ok := toDuration(v)
		if !ok || d <= 0 || d > requestTimeMost {
			l.ArgError(2, fmt.Sprintf("timeout is a duration up to %s", requestTimeMost))
		}
		r.timeout = d
	case "max":
		n, ok := v.(lua.LNumber)
		if !ok || n < 1 || n > saveMost {
			l.ArgError(2, fmt.Sprintf("max is a number of bytes up to %d", saveMost))
		}
		r.most = int64(n)
	case "save_to":
		r.saveTo = nameOption(l, key, v)
	case "body_file":
		f.bodyFile(l, nameOption(l, key, v))
	case "multipart":
		f.multipart(l, tableOption(l, key, v))
	default:
		hint := ""
		if s := conf.Suggest(key, []string{"query", "headers", "json", "form", "body", "timeout", "max", "url", "method", "save_to", "body_file", "multipart"}); s != "" {
			hint = fmt.Sprintf(", did you mean %q?", s)
		}
		l.ArgError(2, fmt.Sprintf("unknown option %q%s", key, hint))
	}
}

func nameOption(l *lua.LState, key string, v lua.LValue) string {
	if s, ok := v.(lua.LString); ok && properName(string(s)) {
		return string(s)
	}
	l.ArgError(2, key+" is a name of a file such as list.txt, without folders")
	return ""
}

func tableOption(l *lua.LState, key string, v lua.LValue) *lua.LTable {
	t, ok := v.(*lua.LTable)
	if !ok {
		l.ArgError(2, key+" is a table")
	}
	return t
}

func (f *filler) setBody(l *lua.LState, body, kind string) {
	charge(l, work(16*len(body)))
	if len(body) > requestBodyMost {
		l.ArgError(2, fmt.Sprintf("a body of more than %d KB", requestBodyMost>>10))
	}
	f.body.addText(body)
	f.bodies++
	f.kind(kind)
}

// kind sets the type of the body, unless the script has.
func (f *filler) kind(kind string) {
	if f.header.Get("Content-Type") == "" {
		f.header.Set("Content-Type", kind)
	}
}

func (f *filler) headers(l *lua.LState, t *lua.LTable) {
	n := 0
	t.ForEach(func(k, v lua.LValue) {
		name := http.CanonicalHeaderKey(k.String())
		switch name {
		case "Host", "Connection", "Content-Length", "Transfer-Encoding", "Te", "Trailer", "Upgrade", "Expect":
			l.ArgError(2, "header "+name+" cannot be set")
		}
		if strings.HasPrefix(name, "Proxy-") {
			l.ArgError(2, "header "+name+" cannot be set")
		}
		if n++; n > requestHeaders || len(v.String()) > urlMost {
			l.ArgError(2, "headers that are too many or too long")
		}
		f.header.Set(name, v.String())
	})
}
