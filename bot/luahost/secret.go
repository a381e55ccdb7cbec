package luahost

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/secret"
)

// Secrets stand in plugins.yaml as ${env:NAME} and ${cred:NAME}. What they stand for
// is masked wherever the plugin's words go: logs, notices, errors.

const (
	// maskLeast is how long a text must be to be masked: "1" would leave nothing
	// readable.
	maskLeast = 4
	masked    = "[redacted]"
)

var placeholder = regexp.MustCompile(`\$\{(env|cred):([^}]*)\}`)

// fillSecrets puts secrets into the texts of a value of plugins.yaml, and notes them.
// Errors hold the names alone.
func (p *plugin) fillSecrets(v any) (any, error) {
	switch v := v.(type) {
	case string:
		var failed error
		out := placeholder.ReplaceAllStringFunc(v, func(s string) string {
			m := placeholder.FindStringSubmatch(s)
			secret, err := p.host.secret(m[1], m[2])
			if err != nil {
				failed = errors.Join(failed, err)
			}
			p.hide(secret)
			return secret
		})
		if out != v {
			p.hide(out)
		}
		return out, failed
	case []any:
		out := make([]any, len(v))
		for i := range v {
			x, err := p.fillSecrets(v[i])
			if err != nil {
				return nil, err
			}
			out[i] = x
		}
		return out, nil
	}
	return v, nil
}

func (h *Host) secret(kind, name string) (string, error) {
	getenv := h.opts.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	return secret.Read(kind, name, getenv)
}

// secrets are what is masked. Its methods may be called concurrently.
type secrets struct {
	mu   sync.Mutex
	list []string
}

// hide has a text masked from now on.
func (p *plugin) hide(secret string) {
	s := &p.secrets
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(secret) >= maskLeast && !slices.Contains(s.list, secret) {
		s.list = append(slices.Clip(s.list), secret)
		// The longest first: one may be a part of another.
		slices.SortFunc(s.list, func(a, b string) int { return len(b) - len(a) })
	}
}

// hideValue masks the texts of an option that the header calls secret.
func (p *plugin) hideValue(v lua.LValue) {
	switch v := v.(type) {
	case lua.LString:
		p.hide(string(v))
	case *lua.LTable:
		v.ForEach(func(_, v lua.LValue) { p.hideValue(v) })
	}
}

// mask takes the plugin's secrets out of a text.
func (p *plugin) mask(text string) string {
	p.secrets.mu.Lock()
	defer p.secrets.mu.Unlock()
	for _, s := range p.secrets.list {
		text = strings.ReplaceAll(text, s, masked)
	}
	return text
}
