package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"wxbot/bot"
	"wxbot/bot/clock"
	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// recordBound is far more than a demo makes; records that find the buffer full
// would be missed.
const recordBound = 1 << 14

// stage is where a conversation is played: the simulated people, what the bot
// does, and the transcript. It belongs to one goroutine.
type stage struct {
	srv     *wxtest.Server
	clock   clock.Clock
	lang    lang.Language
	paper   *paper
	rules   string // path of the rules file in force
	people  map[string]*wxtest.Account
	groups  map[string]*wxtest.Group
	records <-chan wxtest.Record
	close   func()
	notices <-chan bot.Notice
	ended   <-chan error // the daemon's end
	over    bool         // ended has been read

	open     []*expectation // what has not come yet
	answers  int            // what has
	code     bot.QRCode     // shown last
	scanned  bool
	loggedIn bool
	online   bool // polled for messages
	loads    int  // of rules and plugins
	problem  string
	shown    int // records that were shown
	// onHandled, unless nil, is told what came of events.
	onHandled func(bot.Handled)
}

func newStage(con *console, srv *wxtest.Server, clk clock.Clock, rules string) *stage {
	st := &stage{
		srv: srv, clock: clk, lang: con.lang(), rules: rules,
		paper:  &paper{w: con.out, colour: con.colours(con.outTerm), clock: clk},
		people: map[string]*wxtest.Account{}, groups: map[string]*wxtest.Group{},
	}
	st.records, st.close = srv.Subscribe(recordBound)
	return st
}

// expectation is something the bot shall do.
type expectation struct {
	kind wxtest.RecordKind
	chat string // name of the person, group or 文件传输助手; "" is any
	text string // what it contains
	// later: the play goes on without waiting for it.
	later bool
}

func (e *expectation) String() string {
	s := fmt.Sprintf("%s in %s", e.kind, e.chat)
	if e.text != "" {
		s += fmt.Sprintf(" with %q", e.text)
	}
	return s
}

func (e *expectation) met(r wxtest.Record) bool {
	chat, text := described(r)
	return r.Kind == e.kind && (e.chat == "" || e.chat == chat) && strings.Contains(text, e.text)
}

// errDaemonEnded tells that the daemon stopped in the middle of the play.
var errDaemonEnded = lang.Errorf("the daemon ended")

// until takes part in what happens until done holds, for a while at most.
func (st *stage) until(ctx context.Context, most time.Duration, done func() bool) error {
	t := time.NewTimer(most)
	defer t.Stop()
	for !done() {
		select {
		case r := <-st.records:
			st.record(r)
		case n := <-st.notices:
			st.notice(n)
		case err := <-st.ended:
			st.over = true
			return errors.Join(errDaemonEnded, err)
		case <-t.C:
			return context.DeadlineExceeded
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// pause lets some real time pass.
func (st *stage) pause(ctx context.Context, d time.Duration) error {
	err := st.until(ctx, d, func() bool { return false })
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	return err
}

func (st *stage) record(r wxtest.Record) {
	st.shown++
	st.online = st.online || r.Kind == wxtest.RecordOnline
	st.paper.record(r, st.lang)
	left := st.open[:0]
	for _, e := range st.open {
		if e.met(r) {
			st.answers++
			continue
		}
		left = append(left, e)
	}
	st.open = left
}

func (st *stage) notice(n bot.Notice) {
	switch n := n.(type) {
	case bot.QRCode:
		st.code = n
	case bot.Scanned:
		st.scanned = true
	case bot.LoggedIn:
		st.loggedIn = true
		st.paper.remark(lang.T("logged in as %s", n.Name).In(st.lang))
	case bot.RulesLoaded:
		st.loads++
		st.paper.remark(lang.T("%d rules and %d plugins in force (rev %s)", n.Rules, n.Plugins, n.Rev).In(st.lang))
	case bot.Problem:
		st.problem = n.Text
		st.paper.remark(n.Text)
	case bot.Refused:
		st.paper.remark(fmt.Sprintf("%d %s", n.Code, n.Text))
	case bot.LoggedOut:
		st.paper.remark(n.Reason)
	case bot.Handled:
		if st.onHandled != nil {
			st.onHandled(n)
		}
	case bot.QRDone, bot.PushAsked:
	}
}

// waiting tells whether something is still to come that the play waits for.
func (st *stage) waiting() bool {
	for _, e := range st.open {
		if !e.later {
			return true
		}
	}
	return false
}
