// Package bot is the daemon: it connects an account (package wx) with rules and
// plugins. It owns the life of every other part and is the only package that
// sees them all; main gives it Options and calls Run.
//
// A message takes this way: wx delivers a batch to incoming.go, bot/classify turns
// it into events, bot/store commits them to the inbox, bot/dispatch offers them to
// plugins (bot/luahost) and rules (bot/rules), and what these decide goes through
// bot/outbox to sender.go, which calls wx again.
package bot

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/wx"
)

// Options configures a Bot.
type Options struct {
	// Config is where things are; see LoadConfig.
	Config Config
	// Clock is the daemon's time; the zero Clock is the system's.
	Clock clock.Clock
	// Logger; the zero value is silent.
	Logger zerolog.Logger
	// Transport carries all requests to WeChat; nil is wx's own.
	Transport http.RoundTripper
	// ForceLive ignores "mode: trial" and "trace: off" of the rules, for a simulated
	// account.
	ForceLive bool
	// Unpaced sends at once, whatever the rules say, for a simulated account.
	Unpaced bool
	// NewAccount moves the state of the account that the state directory belongs to
	// aside, so that another may log in.
	NewAccount bool
	// Version is shown in the status.
	Version string
	// Observe is told what a person at a terminal wants to see. It may be nil;
	// it is called from one goroutine at a time and must not block.
	Observe func(Notice)
}

func (o *Options) validate() error {
	if o.Config.State == "" {
		return errors.New("bot: Config.State is required")
	}
	switch o.Config.Mode {
	case "", ModeWeb, ModeDesktop, ModeFileHelper:
		return nil
	}
	return fmt.Errorf("mode %q: want %q, %q or %q", o.Config.Mode, ModeWeb, ModeDesktop, ModeFileHelper)
}

// Notice is something that a person at a terminal wants to see: QRCode, QRDone,
// PushAsked, Scanned, LoggedIn, LoggedOut, Refused, RulesLoaded, Handled or Problem.
type Notice interface{ isNotice() }

// QRCode asks for a scan.
type QRCode struct {
	Payload      wx.Secret // the text to draw
	Attempt, Max int
	// FirstEver: nobody has logged in on this state directory before.
	FirstEver bool
}

// QRDone tells that the code shown last is of no more use.
type QRDone struct{}

// PushAsked tells that the phone asks its owner to confirm a login, without a scan.
type PushAsked struct{}

// Scanned tells that a phone scanned the code and asks its owner to confirm.
type Scanned struct{}

// LoggedIn tells that the account is connected.
type LoggedIn struct {
	Name  string
	Fresh bool // by a scan; false if a stored session was taken up again
}

// LoggedOut tells that the session is over.
type LoggedOut struct{ Reason string }

// Refused tells that WeChat does not let this account in, in its own words.
type Refused struct {
	Code int
	Text string
}

// RulesLoaded tells what is in force after a start or reload.
type RulesLoaded struct {
	Rules, Plugins int
	Rev            string
}

// Handled tells what came of an event: "rule NAME", or why nothing did. Of what a
// plugin answers it is told at each answer.
type Handled struct{ ID, Outcome string }

// Problem tells of something that the operator should mend.
type Problem struct{ Text string }

func (QRCode) isNotice()      {}
func (QRDone) isNotice()      {}
func (PushAsked) isNotice()   {}
func (Scanned) isNotice()     {}
func (LoggedIn) isNotice()    {}
func (LoggedOut) isNotice()   {}
func (Refused) isNotice()     {}
func (RulesLoaded) isNotice() {}
func (Handled) isNotice()     {}
func (Problem) isNotice()     {}
