package luahost

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"wxbot/bot/clock"
	"wxbot/bot/event"
	"wxbot/bot/match"
)

// The reasons why a question ends without an answer.
const (
	endTimeout   = "timeout"
	endCancelled = "cancelled"
	endReload    = "reload"
	endReplaced  = "replaced"
	endInvalid   = "invalid" // too many answers that were none
)

// asked is who is asked, and where.
type asked struct{ chat, person string }

// question waits for the next message of a person in a chat. What is below ready may
// be read once that is closed.
type question struct {
	asked  asked
	plugin *plugin
	// types are the messages that can be an answer; none: all.
	types []event.MessageType
	// own tells the words that this question offers: they come before those that
	// cancel it.
	own func(text string) bool

	ready  chan struct{}
	turn   *turn // the message; nil without one
	reason string
}

// questions are those that wait for an answer, of all plugins. Its methods may be
// called concurrently.
type questions struct {
	quiet *quiet

	mu   sync.Mutex
	most int
	open map[asked]*question
}

// limit sets how many may wait.
func (qs *questions) limit(most int) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	qs.most = most
}

// ask makes a question wait, in the place of an older one to the same person in the
// same chat. That of a version that is replaced ends at once.
func (qs *questions) ask(q *question) error {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	q.ready = make(chan struct{})
	if q.plugin.gone {
		q.reason = endReload
		qs.quiet.add(1) // as if who asked were waiting already
		close(q.ready)
		return nil
	}
	if old := qs.open[q.asked]; old != nil {
		qs.endLocked(old, nil, endReplaced)
	}
	if len(qs.open) >= qs.most {
		return fmt.Errorf("more than %d questions are waiting for an answer", qs.most)
	}
	qs.open[q.asked] = q
	return nil
}

func (qs *questions) endLocked(q *question, t *turn, reason string) {
	delete(qs.open, q.asked)
	q.turn, q.reason = t, reason
	qs.quiet.add(1) // who asked goes on
	close(q.ready)
}

// end ends a question with a message or a reason; false if it has ended already.
func (qs *questions) end(q *question, t *turn, reason string) bool {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	if qs.open[q.asked] != q {
		return false
	}
	qs.endLocked(q, t, reason)
	return true
}

// to gives the question that waits for a person in a chat, or nil.
func (qs *questions) to(a asked) *question {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	return qs.open[a]
}

// leave ends the questions of a version that is replaced or gone; it can ask no more.
func (qs *questions) leave(p *plugin) {
	qs.mu.Lock()
	defer qs.mu.Unlock()
	p.gone = true
	for _, q := range qs.open {
		if q.plugin == p {
			qs.endLocked(q, nil, endReload)
		}
	}
}

// wait waits until a question has ended, which it has at the latest when the timer
// fires or ctx ends.
func (qs *questions) wait(ctx context.Context, q *question, c clock.Clock, timeout time.Duration) {
	t := c.NewTimer(timeout)
	defer t.Stop()
	qs.quiet.add(-1)
	select {
	case <-q.ready:
		return
	case <-t.C:
	case <-ctx.Done():
	}
	qs.end(q, nil, endTimeout) // else it has ended meanwhile
}

// canAnswer tells whether a message can be an answer to a question at all.
func (q *question) canAnswer(m *event.Message) bool {
	return len(q.types) == 0 || slices.Contains(q.types, m.Type)
}

// cancels tells whether a message takes a question back.
func cancels(text string) bool {
	switch match.DefaultFolding.Fold(strings.TrimSpace(text)) {
	case "取消", "退出":
		return true
	}
	return false
}

// Answer gives a message to the question that waits for its writer in its chat; it
// is event.Unclaimed if there is none. A message that calls a known command by a
// prefix, which command tells, ends the question and is not taken. It returns when
// the handler that asked waits again or has ended.
func (h *Host) Answer(ctx context.Context, ev *event.Event, command func() bool) event.Claim {
	if ev.Kind != event.KindMessage || ev.Message == nil || ev.Sender.Key == "" {
		return event.Unclaimed
	}
	q := h.questions.to(asked{ev.Chat.Key, ev.Sender.Key})
	if q == nil || !q.canAnswer(ev.Message) {
		return event.Unclaimed
	}
	reason := ""
	if q.own == nil || !q.own(ev.Message.Text) {
		switch {
		case command():
			h.questions.end(q, nil, endCancelled)
			return event.Unclaimed
		case ev.Message.Type == event.TypeText && cancels(ev.Message.Text):
			reason = endCancelled
		}
	}
	t := newTurn(ev)
	t.answers, t.reply = true, true
	if !h.questions.end(q, t, reason) {
		return event.Unclaimed
	}
	since := time.Now()
	select {
	case <-t.claimed:
		claim := t.hold()
		h.noteRan(ev, event.Ran{Plugin: q.plugin.name, Handler: "answer", Claim: claim, Took: time.Since(since)}, nil)
		return claim
	case <-ctx.Done():
		return event.Claimed
	}
}

// Waiting is how many questions wait for an answer.
func (h *Host) Waiting() int {
	h.questions.mu.Lock()
	defer h.questions.mu.Unlock()
	return len(h.questions.open)
}
