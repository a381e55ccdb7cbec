package bot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

// documented is one request of docs/control.md.
type documented struct {
	method, path, query string
	request, answer     string
	status              int
}

// documentedRequests reads them off the page.
func documentedRequests(t *testing.T) map[string]documented {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", "control.md"))
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`^(GET|POST) (/v1/[a-z/]+)(?:\?(\S+))?\n`)
	block := regexp.MustCompile("(?s)(Request|Answer):\n\n```json\n(.*?)\n```\n")
	bare := regexp.MustCompile(`(?m)^Answer: (\d+)$`)
	out := map[string]documented{}
	for _, section := range strings.Split(string(text), "\n### ")[1:] {
		h := heading.FindStringSubmatch(section)
		if h == nil {
			t.Errorf("a heading that is no request: %.40q", section)
			continue
		}
		d := documented{method: h[1], path: h[2], query: h[3], status: http.StatusOK}
		for _, b := range block.FindAllStringSubmatch(section, -1) {
			if b[1] == "Request" {
				d.request = b[2]
			} else {
				d.answer = b[2]
			}
		}
		if m := bare.FindStringSubmatch(section); m != nil {
			fmt.Sscan(m[1], &d.status)
		} else if d.answer == "" {
			t.Errorf("%s %s: no answer", d.method, d.path)
		}
		out[d.method+" "+d.path] = d
	}
	return out
}

// bodies are what requests and answers are made of.
func bodies() map[string][2]any {
	return map[string][2]any{
		"GET /v1/status":          {nil, control.Status{}},
		"GET /v1/config":          {nil, control.Config{}},
		"GET /v1/contacts":        {nil, control.Contacts{}},
		"GET /v1/history":         {nil, control.History{}},
		"GET /v1/trace":           {nil, control.Traces{}},
		"GET /v1/qr":              {nil, control.QR{}},
		"POST /v1/qr":             {nil, control.QR{}},
		"POST /v1/pause":          {control.PauseRequest{}, control.Pause{}},
		"POST /v1/resume":         {control.ResumeRequest{}, nil},
		"POST /v1/plugins/resume": {control.ResumeRequest{}, nil},
		"POST /v1/send":           {control.SendRequest{}, control.Sending{}},
		"GET /v1/send":            {nil, control.Sending{}},
		"POST /v1/alerts/test":    {nil, []control.AlertResult{}},
		"POST /v1/forget":         {control.ForgetRequest{}, control.Forgotten{}},
		"POST /v1/reload":         {nil, nil},
		"GET /v1/backup":          {nil, nil},
		"POST /v1/logout":         {nil, nil},
	}
}

// keys are the paths of the keys in a JSON value, with [] for the items of lists.
func keys(v any, at string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			into[at+"."+k] = true
			keys(x, at+"."+k, into)
		}
	case []any:
		for _, x := range v {
			keys(x, at+"[]", into)
		}
	}
}

// typeKeys are those that a Go type can have; of maps and of any, none.
func typeKeys(t reflect.Type, at string, into map[string]bool) {
	switch t.Kind() {
	case reflect.Pointer:
		typeKeys(t.Elem(), at, into)
	case reflect.Slice:
		typeKeys(t.Elem(), at+"[]", into)
	case reflect.Struct:
		for f := range t.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "" || name == "-" {
				continue
			}
			into[at+"."+name] = true
			typeKeys(f.Type, at+"."+name, into)
		}
	default:
	}
}

// free are the places below which keys are not fixed.
var free = []string{".hits.", ".settings[].value."}

func fixed(all map[string]bool) []string {
	var out []string
	for k := range all {
		if !slices.ContainsFunc(free, func(f string) bool { return strings.HasPrefix(k, f) }) {
			out = append(out, k)
		}
	}
	slices.Sort(out)
	return out
}

// Every request that the server takes is on the page, and the examples have every key
// of what the server reads and writes, and no others.
func TestControlRequestsAreDocumented(t *testing.T) {
	docs, types := documentedRequests(t), bodies()
	sources, err := filepath.Glob(filepath.Join("control", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	route := regexp.MustCompile(`HandleFunc\("((?:GET|POST) /v1/[a-z/]+)"`)
	routes := map[string]bool{}
	for _, f := range sources {
		if strings.HasSuffix(f, "_test.go") {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range route.FindAllStringSubmatch(string(text), -1) {
			routes[m[1]] = true
		}
	}
	want := slices.Sorted(maps.Keys(routes))
	if got := slices.Sorted(maps.Keys(docs)); !slices.Equal(got, want) {
		t.Errorf("docs/control.md has\n%q\nand the server takes\n%q", got, want)
	}
	if got := slices.Sorted(maps.Keys(types)); !slices.Equal(got, want) {
		t.Errorf("the test knows the bodies of\n%q\nand the server takes\n%q", got, want)
	}
	for name, d := range docs {
		for i, text := range []string{d.request, d.answer} {
			body := types[name][i]
			if body == nil || text == "" {
				if (body == nil) != (text == "") {
					t.Errorf("%s: example %q of a %T", name, text, body)
				}
				continue
			}
			into := reflect.New(reflect.TypeOf(body)).Interface()
			dec := json.NewDecoder(strings.NewReader(text))
			dec.DisallowUnknownFields()
			if err := dec.Decode(into); err != nil {
				t.Errorf("%s: example: %v", name, err)
				continue
			}
			var v any
			if err := json.Unmarshal([]byte(text), &v); err != nil {
				t.Fatal(err)
			}
			shown, there := map[string]bool{}, map[string]bool{}
			keys(v, "", shown)
			typeKeys(reflect.TypeOf(body), "", there)
			for _, k := range fixed(there) {
				if i == 1 && !shown[k] {
					t.Errorf("%s: the example lacks %s", name, k)
				}
			}
		}
	}
}

// The requests of the page, as they stand there, do what it says on a real daemon.
func TestDocumentedControlRequestsWork(t *testing.T) {
	t.Parallel()
	docs := documentedRequests(t)
	r := newRig(t, wxtest.Config{}, baseRules, map[string]string{"dice.lua": `
bot.plugin {name = "dice", version = "1.0.0", api = 1, about = "掷骰子"}
bot.command("坏", {}, function(msg) error("oh " .. math.random()) end)
`})
	ming := r.srv.AddFriend(wxtest.Person{NickName: "明明", RemarkName: "小明"})
	r.online()
	ming.Say("ping")
	r.wantSent("pong")
	for range 10 {
		ming.Say("坏")
	}
	for !slices.ContainsFunc(r.status().Plugins, func(p control.Plugin) bool { return p.Paused != "" }) {
		select {
		case <-r.ctx().Done():
			t.Fatal("the plugin is not paused")
		default:
		}
	}
	web := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", r.config.Socket)
	}}}
	id := ""
	for _, name := range []string{
		"GET /v1/status", "GET /v1/config", "GET /v1/contacts", "GET /v1/history", "GET /v1/qr", "POST /v1/reload",
		"POST /v1/pause", "POST /v1/resume", "POST /v1/plugins/resume", "POST /v1/send", "GET /v1/send",
		"POST /v1/alerts/test", "GET /v1/backup", "POST /v1/forget", "POST /v1/logout", "POST /v1/qr",
	} {
		d, ok := docs[name]
		if !ok {
			t.Errorf("%s: not on the page", name)
			continue
		}
		query := strings.ReplaceAll(d.query, "id=17", "id="+id)
		req, err := http.NewRequestWithContext(r.ctx(), d.method, "http://wxbot"+d.path+"?"+query, strings.NewReader(d.request))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := web.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != d.status {
			t.Errorf("%s: status %d, want %d: %s %v", name, resp.StatusCode, d.status, got, err)
			continue
		}
		if d.answer == "" {
			continue
		}
		var told, shown any
		if err := errors.Join(json.Unmarshal(got, &told), json.Unmarshal([]byte(d.answer), &shown)); err != nil {
			t.Errorf("%s: %v: %s", name, err, got)
			continue
		}
		said, page := map[string]bool{}, map[string]bool{}
		keys(told, "", said)
		keys(shown, "", page)
		for _, k := range fixed(said) {
			if !page[k] {
				t.Errorf("%s: the answer has %s, the page has not", name, k)
			}
		}
		if m, ok := told.(map[string]any); ok && name == "POST /v1/send" {
			id = fmt.Sprint(m["id"])
		}
		if bytes.Contains(got, []byte(`"lines":null`)) || bytes.Contains(got, []byte(`"contacts":null`)) {
			t.Errorf("%s: nothing to look at: %s", name, got)
		}
	}
}
