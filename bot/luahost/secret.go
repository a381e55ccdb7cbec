package luahost

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Secrets stand in plugins.yaml as ${env:NAME} and ${cred:NAME}. What they stand for
// is masked wherever the plugin's words go: logs, notices, errors.

const (
	secretMost = 16 << 10 // bytes of a credential's file
	// maskLeast is how long a text must be to be masked: "1" would leave nothing
	// readable.
	maskLeast = 4
	masked    = "[redacted]"
)

var placeholder = regexp.MustCompile(`\$\{(env|cred):([^}]*)\}`)

var secretName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*$`)

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
	if !secretName.MatchString(name) {
		return "", fmt.Errorf("${%s:…} holds no name such as ${%s:TOKEN}", kind, kind)
	}
	getenv := h.opts.Getenv
	if getenv == nil {
		getenv = os.Getenv
	}
	if kind == "env" {
		v := getenv(name)
		if v == "" {
			return "", fmt.Errorf("${env:%s}: the variable is not set", name)
		}
		return v, nil
	}
	dir := getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", fmt.Errorf("${cred:%s}: CREDENTIALS_DIRECTORY is not set", name)
	}
	v, err := readCredential(filepath.Join(dir, name))
	if err != nil {
		return "", fmt.Errorf("${cred:%s}: %w", name, err)
	}
	return v, nil
}

// readCredential reads a file without the end of its last line.
func readCredential(path string) (_ string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(io.LimitReader(f, secretMost+1))
	if err != nil {
		return "", err
	}
	v := strings.TrimRight(string(b), "\r\n")
	switch {
	case v == "":
		return "", errors.New("the file is empty")
	case len(b) > secretMost:
		return "", fmt.Errorf("the file has more than %d bytes", secretMost)
	}
	return v, nil
}

// hide has a text masked from now on. It is called while the plugin is being loaded.
func (p *plugin) hide(secret string) {
	if len(secret) >= maskLeast && !slices.Contains(p.secrets, secret) {
		p.secrets = append(p.secrets, secret)
		// The longest first: one may be a part of another.
		slices.SortFunc(p.secrets, func(a, b string) int { return len(b) - len(a) })
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
	for _, s := range p.secrets {
		text = strings.ReplaceAll(text, s, masked)
	}
	return text
}
