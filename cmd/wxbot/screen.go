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
		s.say(of(s.lang, "The phone asks to confirm the login; without an answer a code follows.", "请在手机上确认登录；没有确认时会显示二维码。"))
	case bot.Scanned:
		s.say(of(s.lang, "Scanned. Confirm on the phone.", "已扫码，请在手机上确认登录。"))
	case bot.LoggedIn:
		s.removeFile()
		s.say(fmt.Sprintf(of(s.lang, "Logged in as %s.", "已登录：%s"), n.Name))
	case bot.LoggedOut:
		s.say(fmt.Sprintf(of(s.lang, "Logged out: %s", "已退出登录：%s"), n.Reason))
	case bot.Refused:
		s.say(fmt.Sprintf(of(s.lang, "WeChat refuses this login (%d): %s\n"+
			"hint: see docs/operate.md, \"Refused\"; \"wxbot qr\" tries again. --mode filehelper may be\n"+
			"allowed, for the chat with yourself alone; --mode desktop too, but accounts get restricted for it.",
			"微信拒绝登录（%d）：%s\n提示：见 docs/operate.md 的 “Refused”；用 \"wxbot qr\" 再试。\n--mode filehelper 也许可用，只限文件传输助手；--mode desktop 也许可用，但账号可能因此被限制。"), n.Code, n.Text))
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
	s.say(fmt.Sprintf(of(s.lang, "Scan with WeChat on the phone (code %d of %d):", "请用手机微信扫码（第 %d 个，共 %d 个）："), n.Attempt, n.Max))
	s.say(m.draw(s.colour))
}

// loginMeans tells, before the first code, what a login does and risks.
func loginMeans(l lang.Language) string {
	return of(l,
		`Before you scan, what this login means:
  1. Use a spare account: this protocol is not meant for bots, and WeChat may object.
  2. WeChat on a computer will be logged out; only one web or desktop session is allowed.
  3. Keep the phone online with WeChat installed: without it the session goes silent.
  4. Run it at home: logins from cloud hosts are watched and cut more often.
  5. The account can be restricted, for days or for good. Nobody can promise otherwise.
`,
		`扫码之前，请了解登录意味着什么：
  1. 最好用小号：这个协议不是为机器人准备的，微信可能会有动作。
  2. 电脑上的微信会被挤下线：网页与桌面只能有一个会话。
  3. 手机微信要保持在线，否则收不到消息。
  4. 在家里的网络上运行更稳妥：云主机登录更容易被盯上、被断开。
  5. 账号可能被限制几天，甚至永久。没有人能保证不会。
`)
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
	s.say(fmt.Sprintf(of(s.lang, "The terminal is narrower than the code (%d columns). Scan it from %s",
		"终端太窄，放不下二维码（需要 %d 列）。请查看 %s"), columns, s.file))
}

func (s *screen) removeFile() {
	if err := removePrivate(s.file); err != nil {
		s.log.Error().Err(err).Msg("login code not removed")
	}
}
