package luahost

import (
	"errors"
	"slices"
)

// Lua patterns, matched with a budget: the library's own matcher goes on for ever
// on some patterns and takes quadratic time on others, and nothing can stop it.

const (
	capturesMost = 32
	// matchDepth bounds how deep a match may recurse, matchSteps its work.
	matchDepth = 200
	matchSteps = 2_000_000
)

var (
	errPatternBudget = errors.New("pattern takes too long on this text")
	errPatternDepth  = errors.New("pattern too complex")
	errPattern       = errors.New("malformed pattern")
)

const (
	capOpen     = -1
	capPosition = -2
)

type span struct{ start, length int }

// matcher is one attempt of a pattern on a text.
type matcher struct {
	src, pat string
	caps     []span
	steps    *int
	depth    int
	err      error
}

func (m *matcher) fail(err error) int {
	if m.err == nil {
		m.err = err
	}
	return -1
}

// step takes one unit of the budget.
func (m *matcher) step() bool {
	if *m.steps--; *m.steps < 0 {
		m.fail(errPatternBudget)
		return false
	}
	return m.err == nil
}

// match tries the pattern from p at the text from s; it gives the end of the match
// or -1.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > matchDepth {
		return m.fail(errPatternDepth)
	}
	defer func() { m.depth-- }()
	for {
		if !m.step() {
			return -1
		}
		if p == len(m.pat) {
			return s
		}
		switch m.pat[p] {
		case '(':
			return m.open(s, p)
		case ')':
			return m.close(s, p+1)
		case '$':
			if p+1 == len(m.pat) {
				if s == len(m.src) {
					return s
				}
				return -1
			}
		case '%':
			next, end, special := m.escape(s, p)
			if special {
				if end < 0 {
					return -1
				}
				s, p = end, next
				continue
			}
		}
		end, next, done := m.item(s, p)
		if done {
			return end
		}
		s, p = end, next
	}
}

// escape handles %b, %f and %1; special is false for everything else.
func (m *matcher) escape(s, p int) (next, end int, special bool) {
	if p+1 >= len(m.pat) {
		return 0, m.fail(errPattern), true
	}
	switch c := m.pat[p+1]; {
	case c == 'b':
		return p + 4, m.balance(s, p+2), true
	case c == 'f':
		return m.frontier(s, p+2)
	case c >= '0' && c <= '9':
		return p + 2, m.back(s, c), true
	}
	return 0, 0, false
}

// item matches one single-character class with its repetition. done is true when
// the rest was matched too, or nothing can.
func (m *matcher) item(s, p int) (end, next int, done bool) {
	ep := m.classEnd(p)
	if ep < 0 {
		return -1, 0, true
	}
	var rep byte
	if ep < len(m.pat) {
		rep = m.pat[ep]
	}
	hit := s < len(m.src) && m.single(m.src[s], p, ep)
	switch rep {
	case '?':
		if hit {
			if r := m.match(s+1, ep+1); r >= 0 || m.err != nil {
				return r, 0, true
			}
		}
		return s, ep + 1, false
	case '*':
		return m.longest(s, p, ep, 0), 0, true
	case '+':
		if !hit {
			return -1, 0, true
		}
		return m.longest(s, p, ep, 1), 0, true
	case '-':
		return m.shortest(s, p, ep), 0, true
	}
	if !hit {
		return -1, 0, true
	}
	return s + 1, ep, false
}

func (m *matcher) longest(s, p, ep, least int) int {
	n := 0
	for s+n < len(m.src) && m.single(m.src[s+n], p, ep) {
		if n++; !m.step() {
			return -1
		}
	}
	for ; n >= least; n-- {
		if r := m.match(s+n, ep+1); r >= 0 || m.err != nil {
			return r
		}
	}
	return -1
}

func (m *matcher) shortest(s, p, ep int) int {
	for {
		if r := m.match(s, ep+1); r >= 0 || m.err != nil {
			return r
		}
		if s >= len(m.src) || !m.single(m.src[s], p, ep) {
			return -1
		}
		s++
	}
}

func (m *matcher) open(s, p int) int {
	kind, next := capOpen, p+1
	if next < len(m.pat) && m.pat[next] == ')' {
		kind, next = capPosition, p+2
	}
	if len(m.caps) >= capturesMost {
		return m.fail(errors.New("too many captures"))
	}
	m.caps = append(m.caps, span{s, kind})
	r := m.match(s, next)
	if r < 0 {
		m.caps = m.caps[:len(m.caps)-1]
	}
	return r
}

func (m *matcher) close(s, p int) int {
	at := -1
	for i, v := range slices.Backward(m.caps) {
		if v.length == capOpen {
			at = i
			break
		}
	}
	if at < 0 {
		return m.fail(errors.New("invalid pattern capture"))
	}
	m.caps[at].length = s - m.caps[at].start
	r := m.match(s, p)
	if r < 0 {
		m.caps[at].length = capOpen
	}
	return r
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pat) {
		return m.fail(errPattern)
	}
	if s >= len(m.src) || m.src[s] != m.pat[p] {
		return -1
	}
	open, end, depth := m.pat[p], m.pat[p+1], 1
	for i := s + 1; i < len(m.src); i++ {
		if !m.step() {
			return -1
		}
		switch m.src[i] {
		case end:
			if depth--; depth == 0 {
				return i + 1
			}
		case open:
			depth++
		}
	}
	return -1
}

// frontier is %f[set]: the text enters the set here.
func (m *matcher) frontier(s, p int) (next, end int, special bool) {
	if p >= len(m.pat) || m.pat[p] != '[' {
		return 0, m.fail(errors.New("missing '[' after '%f' in pattern")), true
	}
	ep := m.classEnd(p)
	if ep < 0 {
		return 0, -1, true
	}
	var before, here byte
	if s > 0 {
		before = m.src[s-1]
	}
	if s < len(m.src) {
		here = m.src[s]
	}
	if m.inSet(before, p, ep-1) || !m.inSet(here, p, ep-1) {
		return 0, -1, true
	}
	return ep, s, true
}

func (m *matcher) back(s int, c byte) int {
	i := int(c) - '1'
	if i < 0 || i >= len(m.caps) || m.caps[i].length < 0 {
		return m.fail(errors.New("invalid capture index"))
	}
	text := m.src[m.caps[i].start : m.caps[i].start+m.caps[i].length]
	*m.steps -= len(text) / 64
	if len(m.src)-s < len(text) || m.src[s:s+len(text)] != text {
		return -1
	}
	return s + len(text)
}

// classEnd gives where the single-character class at p ends.
func (m *matcher) classEnd(p int) int {
	c := m.pat[p]
	p++
	switch c {
	case '%':
		if p >= len(m.pat) {
			return m.fail(errors.New("malformed pattern (ends with '%')"))
		}
		return p + 1
	case '[':
		if p < len(m.pat) && m.pat[p] == '^' {
			p++
		}
		for first := true; ; first = false {
			if p >= len(m.pat) {
				return m.fail(errors.New("malformed pattern (missing ']')"))
			}
			c := m.pat[p]
			p++
			if c == ']' && !first {
				return p
			}
			if c == '%' {
				if p >= len(m.pat) {
					return m.fail(errors.New("malformed pattern (missing ']')"))
				}
				p++
			}
		}
	}
	return p
}

// single tells whether a character is in the class from p to ep.
func (m *matcher) single(c byte, p, ep int) bool {
	switch m.pat[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.pat[p+1])
	case '[':
		*m.steps -= (ep - p) / 8
		return m.inSet(c, p, ep-1)
	}
	return m.pat[p] == c
}

// inSet tells whether a character is in the set from '[' at p to ']' at end.
func (m *matcher) inSet(c byte, p, end int) bool {
	yes := true
	p++
	if m.pat[p] == '^' {
		yes = false
		p++
	}
	for ; p < end; p++ {
		switch {
		case m.pat[p] == '%' && p+1 < end:
			p++
			if inClass(c, m.pat[p]) {
				return yes
			}
		case p+2 < end && m.pat[p+1] == '-':
			if m.pat[p] <= c && c <= m.pat[p+2] {
				return yes
			}
			p += 2
		case m.pat[p] == c:
			return yes
		}
	}
	return !yes
}

func inClass(c, class byte) bool {
	var yes bool
	switch class | 0x20 {
	case 'a':
		yes = isAlpha(c)
	case 'd':
		yes = isDigit(c)
	case 'l':
		yes = c >= 'a' && c <= 'z'
	case 's':
		yes = c == ' ' || c >= 9 && c <= 13
	case 'u':
		yes = c >= 'A' && c <= 'Z'
	case 'w':
		yes = isAlpha(c) || isDigit(c)
	case 'x':
		yes = isDigit(c) || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
	case 'p':
		yes = c > 32 && c < 127 && !isAlpha(c) && !isDigit(c)
	case 'c':
		yes = c < 32 || c == 127
	case 'z':
		yes = c == 0
	default:
		return class == c
	}
	if class >= 'A' && class <= 'Z' {
		return !yes
	}
	if class < 'a' || class > 'z' {
		return class == c
	}
	return yes
}

func isAlpha(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// find looks for the pattern from init on. start is -1 if it is not there.
func find(src, pat string, init int, steps *int) (start, end int, caps []span, err error) {
	anchored := pat != "" && pat[0] == '^'
	p := 0
	if anchored {
		p = 1
	}
	m := matcher{src: src, pat: pat, steps: steps}
	for s := init; s <= len(src); s++ {
		m.caps = m.caps[:0]
		if e := m.match(s, p); e >= 0 {
			for _, c := range m.caps {
				if c.length == capOpen {
					return -1, 0, nil, errors.New("unfinished capture")
				}
			}
			return s, e, m.caps, nil
		}
		if m.err != nil {
			return -1, 0, nil, m.err
		}
		if anchored {
			break
		}
	}
	return -1, 0, nil, nil
}
