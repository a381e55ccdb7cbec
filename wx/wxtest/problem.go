package wxtest

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Problem is something that was wrong with a request.
type Problem struct {
	Time     time.Time // of the first one, server time
	Endpoint string    // such as "webwxsendmsg"
	What     string
	Section  string // of the protocol notes, "" if none
	Count    int    // how often it was seen
}

func (p Problem) String() string {
	out := p.Endpoint + ": " + p.What
	if p.Section != "" {
		out += " (section " + p.Section + ")"
	}
	if p.Count > 1 {
		out += fmt.Sprintf(", %d times", p.Count)
	}
	return out
}

// maxProblems bounds what is kept; a client in a loop must not fill the memory.
const maxProblems = 500

type problems struct {
	mu   sync.Mutex
	list []Problem
}

func (p *problems) add(now time.Time, endpoint, section, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.list {
		if q := &p.list[i]; q.Endpoint == endpoint && q.What == what {
			q.Count++
			return
		}
	}
	if len(p.list) < maxProblems {
		p.list = append(p.list, Problem{Time: now, Endpoint: endpoint, What: what, Section: section, Count: 1})
	}
}

// Problems lists what was wrong with the requests so far, each kind once, in
// order of first appearance; at most 500 kinds are kept.
func (s *Server) Problems() []Problem {
	s.problems.mu.Lock()
	defer s.problems.mu.Unlock()
	return slices.Clone(s.problems.list)
}

// TakeProblems lists the problems so far and forgets them, for tests that make
// them on purpose.
func (s *Server) TakeProblems() []Problem {
	s.problems.mu.Lock()
	defer s.problems.mu.Unlock()
	out := s.problems.list
	s.problems.list = nil
	return out
}
