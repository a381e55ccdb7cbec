package wxtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// call is one request with what is needed to judge it.
type call struct {
	srv      *Server
	r        *http.Request
	endpoint string
	query    url.Values
	body     []byte
}

// problem records what is wrong with the request.
func (c *call) problem(section, format string, args ...any) {
	c.srv.problems.add(c.srv.now(), c.endpoint, section, fmt.Sprintf(format, args...))
}

func (c *call) cookie(name string) string {
	if ck, err := c.r.Cookie(name); err == nil {
		return ck.Value
	}
	return ""
}

// answer is what goes back.
type answer struct {
	status  int // 0 is 200
	kind    string
	cookies []string // Set-Cookie headers
	header  map[string]string
	body    []byte
}

const (
	kindText   = "text/plain"
	kindScript = "text/javascript"
	kindJPEG   = "image/jpeg"
)

func script(format string, args ...any) answer {
	return answer{kind: kindScript, body: fmt.Appendf(nil, format, args...)}
}

// jsonAnswer encodes a response. An answer that cannot be encoded is a fault of
// the simulator's own and shows as status 500.
func jsonAnswer(v response) answer {
	body, err := encode(v)
	if err != nil {
		return answer{status: http.StatusInternalServerError, kind: kindText, body: []byte(err.Error())}
	}
	return answer{kind: kindText, body: body}
}

// object is a JSON object of a request, with its keys as they were written.
type object map[string]json.RawMessage

// escapePattern finds the escapes that the server does not understand (section
// 2.4): \/ and \uXXXX, except those of control characters. Pairs of backslashes
// are skipped over.
var escapePattern = regexp.MustCompile(`\\(?:u[0-9a-fA-F]{4}|[^u]|u)`)

// object reads the JSON body. What is malformed gives false.
func (c *call) object() (object, bool) {
	if !utf8.Valid(c.body) {
		c.problem("2.4", "body is not UTF-8")
	}
	bad := false
	literal := escapePattern.ReplaceAllFunc(c.body, func(m []byte) []byte {
		if m[1] == '/' || m[1] == 'u' && !bytes.HasPrefix(m, []byte(`\u00`)) || m[1] == 'u' && len(m) == 6 && m[4] >= '2' {
			bad = true
			return append([]byte{'\\'}, m...) // shown to the receiver as it stands
		}
		return m
	})
	if bad {
		c.problem("2.4", `JSON has \u or \/ escapes, which receivers see literally`)
	}
	var o object
	if err := json.Unmarshal(literal, &o); err != nil || o == nil {
		c.problem("2.2", "body is not a JSON object")
		return nil, false
	}
	if ct := c.r.Header.Get("Content-Type"); !strings.EqualFold(strings.ReplaceAll(ct, " ", ""), "application/json;charset=utf-8") {
		c.problem("2.3", "Content-Type is %q, not application/json; charset=UTF-8", ct)
	}
	return o, true
}

// sub gives the object under a key.
func (c *call) sub(o object, key string) object {
	var out object
	raw, ok := o[key]
	if !ok || json.Unmarshal(raw, &out) != nil || out == nil {
		c.problem("1.3", "%s is missing or not an object", key)
		return object{}
	}
	return out
}

// text gives the string under a key.
func (c *call) text(o object, key string) string {
	var out string
	raw, ok := o[key]
	if !ok {
		c.problem("1.3", "%s is missing", key)
		return ""
	}
	if err := json.Unmarshal(raw, &out); err != nil || raw[0] != '"' {
		c.problem("1.3", "%s is not a string", key)
		return ""
	}
	return out
}

// optional gives the string under a key, "" without one.
func (c *call) optional(o object, key string) string {
	if _, ok := o[key]; !ok {
		return ""
	}
	return c.text(o, key)
}

// number gives the number under a key.
func (c *call) number(o object, key string) int64 {
	var out int64
	raw, ok := o[key]
	if !ok {
		c.problem("1.3", "%s is missing", key)
		return 0
	}
	if err := json.Unmarshal(raw, &out); err != nil || string(raw) == "null" {
		c.problem("1.3", "%s is not a whole number", key)
	}
	return out
}

// loose gives the text of a string or number under a key, for fields where both
// are understood.
func (c *call) loose(o object, key string) string {
	raw, ok := o[key]
	if !ok {
		c.problem("1.3", "%s is missing", key)
		return ""
	}
	var str string
	if json.Unmarshal(raw, &str) == nil && raw[0] == '"' {
		return str
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil && n != "" {
		return n.String()
	}
	c.problem("1.3", "%s is neither a string nor a number", key)
	return ""
}

// objects gives the list of objects under a key.
func (c *call) objects(o object, key string) []object {
	var out []object
	raw, ok := o[key]
	if !ok || json.Unmarshal(raw, &out) != nil {
		c.problem("1.3", "%s is missing or not a list of objects", key)
		return nil
	}
	return out
}
