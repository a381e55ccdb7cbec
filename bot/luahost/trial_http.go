package luahost

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
)

// trialHTTP answers what a plugin asks for in its tests, where there is no network.
// It is safe for concurrent use.
type trialHTTP struct {
	mu      sync.Mutex
	answers []trialAnswer
	asked   []trialRequest
}

// trialRequest is one that came.
type trialRequest struct{ method, address, query, body string }

// trialAnswer is what t.http:on prepared.
type trialAnswer struct {
	method, address string
	status          int
	header          http.Header
	body            string
}

// matches reports whether an answer is for a request: by the address without its
// query, or with it.
func (a trialAnswer) matches(r *http.Request) bool {
	if a.method != "*" && a.method != r.Method {
		return false
	}
	bare := *r.URL
	bare.RawQuery = ""
	if prefix, ok := strings.CutSuffix(a.address, "*"); ok {
		return strings.HasPrefix(r.URL.String(), prefix)
	}
	return a.address == bare.String() || a.address == r.URL.String()
}

// RoundTrip gives the answer that was prepared last.
func (h *trialHTTP) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := requestBody(r)
	if err != nil {
		return nil, err
	}
	bare := *r.URL
	bare.RawQuery = ""
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, trialRequest{r.Method, bare.String(), r.URL.RawQuery, body})
	for i := range h.answers {
		if a := h.answers[len(h.answers)-1-i]; a.matches(r) {
			return &http.Response{
				StatusCode: a.status, Header: a.header.Clone(), Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
			}, nil
		}
	}
	return nil, &refusedError{fmt.Sprintf("no answer is prepared for %s %s://%s%s: use t.http:on", r.Method, r.URL.Scheme, r.URL.Host, r.URL.Path)}
}

func requestBody(r *http.Request) (string, error) {
	if r.Body == nil {
		return "", nil
	}
	b, err := io.ReadAll(io.LimitReader(r.Body, stringMost))
	return string(b), errors.Join(err, r.Body.Close())
}

// requests is t.http:requests(): those that came, in order.
func (h *trialHTTP) requests(l *lua.LState) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := l.NewTable()
	for _, r := range h.asked {
		row := l.NewTable()
		row.RawSetString("method", lua.LString(r.method))
		row.RawSetString("url", lua.LString(r.address))
		row.RawSetString("query", lua.LString(r.query))
		row.RawSetString("body", lua.LString(r.body))
		out.Append(row)
	}
	l.Push(out)
	return nil
}

// on is t.http:on(method, address, {status, headers, json, body}).
func (h *trialHTTP) on(l *lua.LState) error {
	a := trialAnswer{method: strings.ToUpper(l.CheckString(2)), address: l.CheckString(3), status: http.StatusOK, header: http.Header{}}
	o := l.OptTable(4, l.NewTable())
	if n, ok := o.RawGetString("status").(lua.LNumber); ok {
		a.status = int(n)
	}
	if t, ok := o.RawGetString("headers").(*lua.LTable); ok {
		t.ForEach(func(k, v lua.LValue) { a.header.Set(k.String(), v.String()) })
	}
	if s, ok := o.RawGetString("body").(lua.LString); ok {
		a.body = string(s)
	}
	if v := o.RawGetString("json"); v != lua.LNil {
		plain, err := fromLua(v)
		if err != nil {
			return err
		}
		b, err := encodeJSON(plain)
		if err != nil {
			return err
		}
		a.body = string(bytes.TrimSpace(b))
		a.header.Set("Content-Type", "application/json")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = append(h.answers, a)
	return nil
}
