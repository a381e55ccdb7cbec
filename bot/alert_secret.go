package bot

import (
	"errors"
	"fmt"
	"net/url"
	"os/exec"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
	"wxbot/bot/secret"
)

// resolve reads the secrets that the targets name, by name, and checks what could
// not be checked without them. missing tells of secrets that are not there for
// this process; wrong of anything else.
func (c *Alerts) resolve() (secrets map[string]string, missing, wrong []conf.Problem) {
	secrets = map[string]string{}
	for _, s := range c.specs {
		complete := true
		s.templates(func(t alertTemplate) {
			for _, p := range t.parts {
				if !p.secret() {
					continue
				}
				v, err := c.secret(p.name)
				if err != nil {
					complete = false
					missing = append(missing, alertProblem(t.node, lang.Cause(err)))
				}
				secrets[p.name] = v
			}
		})
		if text, n := s.check(secrets); complete && !text.IsZero() {
			wrong = append(wrong, alertProblem(n, text))
		}
	}
	return secrets, missing, wrong
}

// templates calls f for every text of a target.
func (s *alertSpec) templates(f func(alertTemplate)) {
	f(s.url)
	if s.json != nil {
		s.json.templates(f)
	}
	for _, p := range s.form {
		f(p.value)
	}
	if s.body != nil {
		f(*s.body)
	}
	for _, p := range s.headers {
		f(p.value)
	}
	for _, t := range s.command {
		f(t)
	}
}

// check tells what is wrong with a target whose secrets are known.
func (s *alertSpec) check(secrets map[string]string) (lang.Text, *conf.Node) {
	if !s.isCommand() {
		return checkAlertURL(s.url.beforeFields(secrets)), s.url.node
	}
	program := s.command[0]
	if _, err := exec.LookPath(program.fill(nil, nil)); err != nil {
		if e, ok := errors.AsType[*exec.Error](err); ok {
			err = e.Err
		}
		return lang.T("command %q: %s", program.fill(nil, nil), lang.Cause(err)), program.node
	}
	return lang.Text{}, nil
}

// secret reads "env:NAME" or "cred:NAME". Its errors hold the name alone.
func (c *Alerts) secret(name string) (string, error) {
	kind, name, _ := strings.Cut(name, ":")
	if c.getenv == nil {
		return "", fmt.Errorf("${%s:%s}: no environment", kind, name)
	}
	return secret.Read(kind, name, c.getenv)
}

// beforeFields is the address as far as no alert changes it, and whether more
// follows.
func (t alertTemplate) beforeFields(secrets map[string]string) (prefix string, more bool) {
	for i, p := range t.parts {
		if p.name != "" && !p.secret() {
			return alertTemplate{parts: t.parts[:i]}.fill(nil, secrets), true
		}
	}
	return t.fill(nil, secrets), false
}

// checkAlertURL tells what is wrong with an address, in words that do not repeat
// it; more tells that an alert adds to its end.
func checkAlertURL(prefix string, more bool) lang.Text {
	u, err := url.Parse(prefix)
	switch {
	case err != nil:
		return lang.T("webhook is no URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return lang.T("webhook is no URL that begins with https:// or http://")
	case u.Hostname() == "":
		return lang.T("webhook names no host")
	case more && u.Path == "" && u.RawQuery == "" && !u.ForceQuery:
		return lang.T("the host of webhook must be fixed")
	}
	return lang.Text{}
}
