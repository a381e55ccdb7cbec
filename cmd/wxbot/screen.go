package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/rs/zerolog"

	"wxbot/bot"
	"wxbot/bot/lang"
)

// screen shows a person what the daemon wants of them: the login code above all.
// Without a terminal the code goes into a private file instead, as a picture, and
// the log says where.
type screen struct {
	w       io.Writer // nil without a terminal
	colour  bool
	columns int
	lang    lang.Language
	file    string
	log     zerolog.Logger
	notices chan bot.Notice
}

// noticeBound is how many notices wait for a terminal that does not take them.
const noticeBound = 64

func newScreen(con *console, state string, log zerolog.Logger) *screen {
	s := &screen{
		columns: con.columns, lang: con.lang(), log: log,
		file:    filepath.Join(state, "qr.png"),
		notices: make(chan bot.Notice, noticeBound),
	}
	switch {
	case con.errTerm:
		s.w, s.colour = con.err, con.colours(true)
	case con.outTerm:
		s.w, s.colour = con.out, con.colours(true)
	}
	return s
}

// observe takes a notice without waiting. If the terminal hangs, notices are
// left out: the log and the control socket have them too.
func (s *screen) observe(n bot.Notice) {
	select {
	case s.notices <- n:
	default:
	}
}

// run shows notices until ctx ends, and then takes the code's file away.
//
// The first notice tells that the state directory is this daemon's: from then on a
// file there is its own, or one that a daemon left which was killed.
func (s *screen) run(ctx context.Context) {
	for ours := false; ; {
		select {
		case <-ctx.Done():
			if ours {
				s.removeFile()
			}
			return
		case n := <-s.notices:
			if !ours {
				s.removeFile()
				ours = true
			}
			s.show(n)
		}
	}
}

func (s *screen) show(n bot.Notice) {
	switch n := n.(type) {
	case bot.QRCode:
		s.code(n)
	case bot.QRDone:
		s.removeFile()
	case bot.PushAsked:
		s.say(lang.T("The phone asks to confirm the login; without an answer a code follows.").In(s.lang))
	case bot.Scanned:
		s.say(lang.T("Scanned. Confirm on the phone.").In(s.lang))
	case bot.LoggedIn:
		s.removeFile()
		s.say(lang.T("Logged in as %s.", n.Name).In(s.lang))
	case bot.LoggedOut:
		s.say(lang.T("Logged out: %s", n.Reason).In(s.lang))
	case bot.Refused:
		s.say(lang.T("WeChat refuses this login (%d): %s\n"+
			"hint: see docs/operate.md, \"Refused\"; \"wxbot qr\" tries again. --mode filehelper may be\n"+
			"allowed, for the chat with yourself alone; --mode desktop too, but accounts get restricted for it.", n.Code, n.Text).In(s.lang))
	case bot.RulesLoaded, bot.Problem:
		// The log, which stands on the same terminal, says it.
	}
}

func (s *screen) say(text string) {
	if s.w != nil {
		fmt.Fprintln(s.w, text)
	}
}

// code shows a login code.
func (s *screen) code(n bot.QRCode) {
	m, err := encodeQR(n.Payload.Reveal())
	if err != nil {
		s.log.Error().Err(err).Msg("login code not drawn")
		return
	}
	if n.FirstEver && n.Attempt <= 1 {
		s.say(loginMeans(s.lang))
	}
	if s.w == nil || s.columns != 0 && s.columns < m.columns() {
		s.toFile(n, m.columns())
		return
	}
	s.say(lang.T("Scan with WeChat on the phone (code %d of %d):", n.Attempt, n.Max).In(s.lang))
	s.say(m.draw(s.colour))
}

// loginMeans tells, before the first code, what a login does and risks.
func loginMeans(l lang.Language) string {
	return lang.T("Before you scan, what this login means:\n" +
		"  1. Use a spare account: this protocol is not meant for bots, and WeChat may object.\n" +
		"  2. WeChat on a computer will be logged out; only one web or desktop session is allowed.\n" +
		"  3. Keep the phone online with WeChat installed: without it the session goes silent.\n" +
		"  4. Run it at home: logins from cloud hosts are watched and cut more often.\n" +
		"  5. The account can be restricted, for days or for good. Nobody can promise otherwise.\n").In(l)
}

// toFile writes the picture where only the daemon's user can read it, over that of
// an earlier code.
func (s *screen) toFile(n bot.QRCode, columns int) {
	b, err := picture(n.Payload.Reveal())
	if err == nil {
		err = writePrivate(s.file, b)
	}
	if err != nil {
		s.log.Error().Err(err).Msg("login code not written")
		return
	}
	s.log.Warn().Str("file", s.file).Msg("scan needed: run wxbot qr, or look at the file")
	s.say(lang.T("The terminal is narrower than the code (%d columns). Scan it from %s", columns, s.file).In(s.lang))
}

func (s *screen) removeFile() {
	if err := removePrivate(s.file); err != nil {
		s.log.Error().Err(err).Msg("login code not removed")
	}
}
