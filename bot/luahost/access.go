package luahost

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
	"wxbot/bot/lang"
)

// access is what a plugin may reach beyond its event: its header asks, plugins.yaml
// grants.
type access struct {
	hosts   []hostRule
	send    bool // to any chat
	history bool
}

// hostRule is a host that bot.http may speak to.
type hostRule struct {
	host   string // in lower case
	port   string // "" is 80 and 443
	below  bool   // and not the host itself, but those below it
	scheme string // "" is both
	// private: addresses that are not public, too.
	private bool
}

// String gives the rule as plugins.yaml has it.
func (r hostRule) String() string {
	host := r.host
	if strings.Contains(host, ":") && r.port != "" {
		host = "[" + host + "]"
	}
	if r.below {
		host = "*." + host
	}
	if r.port != "" && (r.scheme == "" || r.port != map[string]string{"http": "80", "https": "443"}[r.scheme]) {
		host += ":" + r.port
	}
	return host
}

// grants are what plugins.yaml says of one plugin, with places.
type grants struct {
	node      *conf.Node
	noHTTP    bool
	http      []*conf.Node
	send      bool
	history   bool
	sendAt    *conf.Node
	historyAt *conf.Node
}

// readGrant reads grant: {http: [host], send: any, history: true}.
func readGrant(n *conf.Node) (g grants, problems []conf.Problem) {
	fail := func(n *conf.Node, text lang.Text, hint ...lang.Text) {
		problems = append(problems, n.At(conf.Error, text, hint...))
	}
	g.node = n
	if n.Kind != conf.Map {
		fail(n, lang.T("grant is a map such as {send: any}"))
		return g, problems
	}
	for _, e := range n.Entries {
		switch key, _ := conf.Spelled(grantKeys, e.Key.Value); key {
		case "http":
			if _, none := e.Value.Word(conf.Spellings(noneWords)); none {
				g.noHTTP = true
				continue
			}
			texts, bad := e.Value.Texts()
			if bad != nil {
				fail(bad, lang.T("http is a list of hosts such as api.lan or 127.0.0.1:8080, or none"))
				continue
			}
			for _, t := range texts {
				if _, err := parseHost(t.Value); err != nil {
					fail(t, lang.Cause(err))
					continue
				}
				g.http = append(g.http, t)
			}
		case "send":
			if _, g.send = e.Value.Word(conf.Spellings(anyWords)); !g.send {
				fail(e.Value, lang.T("send is any"))
			}
			g.sendAt = e.Key
		case "history":
			on, ok := e.Value.Bool()
			if !ok {
				fail(e.Value, lang.T("history is true or false"))
			}
			g.history, g.historyAt = on, e.Key
		default:
			fail(e.Key, lang.T("unknown grant %q", e.Key.Value), meant(e.Key.Value, conf.Names(grantKeys)))
		}
	}
	return g, problems
}

// parseHost reads "host", "host:port", "*.host" or an address.
func parseHost(s string) (hostRule, error) {
	bad := lang.Errorf("%q is no host such as api.example.com, *.example.com or 127.0.0.1:8080", s)
	r := hostRule{host: strings.ToLower(s)}
	if _, err := netip.ParseAddr(s); err == nil {
		return r, nil
	}
	if host, port, err := net.SplitHostPort(r.host); err == nil {
		if r.host, r.port = host, port; port == "" || strings.Trim(port, "0123456789") != "" {
			return r, bad
		}
	}
	r.host = strings.TrimSuffix(strings.TrimPrefix(r.host, "["), "]")
	if rest, ok := strings.CutPrefix(r.host, "*."); ok {
		r.host, r.below = rest, true
	}
	if _, err := netip.ParseAddr(r.host); err == nil && !r.below {
		return r, nil
	}
	if r.host == "" || strings.Trim(r.host, "abcdefghijklmnopqrstuvwxyz0123456789-._") != "" || strings.Contains(r.host, "..") {
		return r, bad
	}
	return r, nil
}

// matches reports whether a rule is for a host and port.
func (r hostRule) matches(host, port string) bool {
	if r.port != "" && r.port != port || r.port == "" && port != "80" && port != "443" {
		return false
	}
	if r.below {
		return strings.HasSuffix(host, "."+r.host)
	}
	return host == r.host
}

// rule finds the rule for a host and port: one that allows private addresses first.
func (a *access) rule(host, port string) (hostRule, bool) {
	var found hostRule
	ok := false
	host = strings.ToLower(host)
	for _, r := range a.hosts {
		if r.matches(host, port) && (!ok || r.private) {
			found, ok = r, true
		}
	}
	return found, ok
}

// refusedError tells that a host may not be spoken to.
type refusedError struct{ text string }

func (e *refusedError) Error() string { return e.text }

// permit checks an address before it is asked for.
func (a *access) permit(u *url.URL) error {
	port := u.Port()
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return &refusedError{"only http and https"}
	case u.Hostname() == "":
		return &refusedError{"the address has no host"}
	case port == "" && u.Scheme == "https":
		port = "443"
	case port == "":
		port = "80"
	}
	r, ok := a.rule(u.Hostname(), port)
	if !ok {
		return &refusedError{fmt.Sprintf("host %s is not among those that the plugin may speak to", u.Host)}
	}
	if r.scheme != "" && r.scheme != u.Scheme {
		return &refusedError{fmt.Sprintf("host %s is for %s only", u.Host, r.scheme)}
	}
	return nil
}

// dial connects. What a name stands for is checked at the moment of the connection,
// since it may change after any check before.
func (a *access) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	rule, ok := a.rule(host, port)
	if !ok {
		return nil, &refusedError{fmt.Sprintf("host %s is not among those that the plugin may speak to", host)}
	}
	d := net.Dialer{ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		ap, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		if !rule.private && !public(ap.Addr()) {
			return &refusedError{fmt.Sprintf("host %s has a private address: that needs grant: {http: [...]} in plugins.yaml", host)}
		}
		return nil
	}}
	return d.DialContext(ctx, network, address)
}

// readAllow reads what the header asks for, when bot.config is filled, and puts
// together what is granted.
func (p *plugin) readAllow(l *lua.LState, allow *lua.LTable) {
	var asked access
	allow.ForEach(func(k, v lua.LValue) {
		switch k.String() {
		case "http":
			asked.hosts = p.askedHosts(l, v)
		case "send":
			if asked.send = v.String() == "any"; !asked.send {
				l.ArgError(1, `allow.send is "any"`)
			}
		case "history":
			asked.history = lua.LVAsBool(v)
		default:
			hint := ""
			if s := conf.Suggest(k.String(), []string{"http", "send", "history"}); s != "" {
				hint = fmt.Sprintf(", did you mean %q?", s)
			}
			l.ArgError(1, fmt.Sprintf("unknown key %q in allow%s", k.String(), hint))
		}
	})
	p.grant(l, asked)
}

// grant puts together what the header asks for and what plugins.yaml grants.
func (p *plugin) grant(l *lua.LState, asked access) {
	if p.config.trusted {
		p.access = asked
		return
	}
	g := p.config.grants
	if !g.noHTTP {
		p.access.hosts = asked.hosts
	}
	for _, n := range g.http {
		r, err := parseHost(n.Value)
		if err != nil {
			continue // readGrant told
		}
		if !slices.ContainsFunc(asked.hosts, func(a hostRule) bool { return a.covers(r) }) {
			p.wrongGrant(l, n, lang.T("plugin %s does not ask for the host %s", p.name, n.Value))
		}
		r.private = true
		p.access.hosts = append(p.access.hosts, r)
	}
	if g.send && !asked.send {
		p.wrongGrant(l, g.sendAt, lang.T("plugin %s does not ask for send", p.name))
	}
	if g.history && !asked.history {
		p.wrongGrant(l, g.historyAt, lang.T("plugin %s does not ask for history", p.name))
	}
	p.access.send, p.access.history = g.send, g.history
}

// covers reports whether what is granted was asked for.
func (r hostRule) covers(granted hostRule) bool {
	return (r.port == granted.port || r.port == "" || granted.port == "") &&
		(r.host == granted.host && r.below == granted.below || r.below && strings.HasSuffix(granted.host, "."+r.host))
}

func (p *plugin) wrongGrant(l *lua.LState, n *conf.Node, text lang.Text) {
	p.configErr = &configError{problem: n.At(conf.Error, text)}
	l.RaiseError("%s", text.String())
}

const hostsMost = 50

func (p *plugin) askedHosts(l *lua.LState, v lua.LValue) []hostRule {
	t, ok := v.(*lua.LTable)
	if !ok {
		l.ArgError(1, `allow.http is a list of hosts, or of {config = "option"}`)
	}
	var out []hostRule
	t.ForEach(func(_, v lua.LValue) {
		switch v := v.(type) {
		case lua.LString:
			r, err := parseHost(string(v))
			if err != nil {
				l.ArgError(1, "allow.http: "+err.Error())
			}
			out = append(out, r)
		case *lua.LTable:
			name := v.RawGetString("config").String()
			if r, ok := p.endpoint(l, name); ok {
				out = append(out, r)
			}
		default:
			l.ArgError(1, `allow.http is a list of hosts, or of {config = "option"}`)
		}
	})
	if len(out) > hostsMost {
		l.ArgError(1, fmt.Sprintf("allow.http: more than %d hosts", hostsMost))
	}
	return out
}

// endpoint is the host of an address that an option holds. Where the operator wrote an
// address of the machine or its network into plugins.yaml as such, that grants it; a
// name that merely turns out to be one does not.
func (p *plugin) endpoint(l *lua.LState, option string) (hostRule, bool) {
	if _, ok := p.header.option(option); !ok {
		l.ArgError(1, fmt.Sprintf("allow.http: there is no option %q", option))
	}
	p.header.endpoints = true
	s, ok := p.configTable.RawGetString(option).(lua.LString)
	if !ok || s == "" {
		return hostRule{}, false
	}
	r, err := endpointRule(string(s))
	_, written := p.config.config[option]
	if err != nil {
		if written {
			p.wrongOption(l, p.config, option, lang.T("option %s of plugin %s: %s", option, p.name, err))
		}
		l.ArgError(1, fmt.Sprintf("config.%s: %v", option, err))
	}
	r.private = r.private && written
	return r, true
}

var errEndpoint = lang.T("want an address such as https://api.example.com/path").Err()

func endpointRule(s string) (hostRule, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return hostRule{}, errEndpoint // the address may hold a secret
	}
	r, err := parseHost(u.Hostname())
	if err != nil || r.below {
		return hostRule{}, errEndpoint
	}
	r.scheme, r.port = u.Scheme, u.Port()
	if r.port == "" {
		r.port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	_, err = netip.ParseAddr(r.host)
	r.private = err == nil || r.host == "localhost"
	return r, nil
}
