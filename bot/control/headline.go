package control

import (
	"strings"

	"wxbot/bot/lang"
)

// Headline says in a line what an operator must know first: the state, and whatever
// keeps messages from being answered. systemctl status shows it, and wxbot status.
func (s *Status) Headline() lang.Text {
	t := StateText(s.State)
	if s.Store != nil {
		t = lang.T("%s; the state cannot be written: %s", t, s.Store.Error)
	}
	if s.Brakes.Paused != nil {
		t = lang.T("%s; everything is paused", t)
	}
	if s.Brakes.Warning != "" {
		t = lang.T("%s; WeChat warned: nothing unsolicited is sent", t)
	}
	if s.Mode == "trial" {
		t = lang.T("%s; mode trial: nothing is sent", t)
	}
	paused := 0
	for _, p := range s.Plugins {
		if p.Paused != "" {
			paused++
		}
	}
	if paused > 0 {
		t = lang.T("%s; %d plugins are paused after errors", t, paused)
	}
	if n := s.Outbox.Poisoned; n > 0 {
		t = lang.T("%s; %d messages are skipped: the daemon died of them", t, n)
	}
	if s.Broken != "" {
		first, _, _ := strings.Cut(s.Broken, "\n")
		t = lang.T("%s; newer file invalid: %s", t, first)
	}
	return t
}

// StateText names a state of the account, as Status and QR have it, in the reader's
// language.
func StateText(state string) lang.Text {
	switch state {
	case "online":
		return lang.T("online")
	case "refused":
		return lang.T("refused")
	case "scan needed: run wxbot qr":
		return lang.T("scan needed: run wxbot qr")
	case "scanned: confirm on the phone":
		return lang.T("scanned: confirm on the phone")
	case "waiting for the phone to confirm the login":
		return lang.T("waiting for the phone to confirm the login")
	case "waiting for wxbot qr: nobody scanned":
		return lang.T("waiting for wxbot qr: nobody scanned")
	case "waiting for wxbot qr: logged out":
		return lang.T("waiting for wxbot qr: logged out")
	case "no connection: trying again":
		return lang.T("no connection: trying again")
	case "online, but nothing comes in: open WeChat on the phone":
		return lang.T("online, but nothing comes in: open WeChat on the phone")
	}
	return lang.Raw(state)
}
