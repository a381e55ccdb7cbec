package wxtest

import (
	"context"
	"time"
)

type codeState int

const (
	codeFresh codeState = iota
	codeScanned
	codeConfirmed
	codeCancelled
	codeExpired
)

// code is a QR code, or a confirmation asked for by a push login.
type code struct {
	uuid        string
	ticket      string
	push        bool // nothing to scan: the phone asks to confirm by itself
	desktop     bool // asked for in desktop mode (section 3.6)
	helper      bool // of the file transfer helper
	state       codeState
	polled      bool
	told        bool // a poll has answered 201
	born        time.Time
	confirmedAt time.Time
}

type phoneAct int

const (
	actScan phoneAct = iota
	actConfirm
	actCancel
	actExpire
)

// desk holds the codes, and what the phone is to do with the next one.
type desk struct {
	codes  map[string]*code
	newest *code
	queued []phoneAct
}

// maxCodes bounds how many old codes are remembered.
const maxCodes = 256

func (s *Server) newCodeLocked(push bool) *code {
	if s.desk.codes == nil || len(s.desk.codes) >= maxCodes {
		s.desk.codes = map[string]*code{}
	}
	c := &code{uuid: newUUID(), ticket: "A" + randomText(base64Chars, 22) + "@qrticket_0", born: s.now()}
	if push {
		c.push, c.state, c.told = true, codeScanned, true
	}
	s.desk.codes[c.uuid], s.desk.newest = c, c
	s.pokeLocked()
	return c
}

func (s *Server) expireLocked(c *code) {
	if (c.state == codeFresh || c.state == codeScanned) && s.now().After(c.born.Add(s.cfg.CodeLife)) {
		c.state = codeExpired
	}
}

// live reports whether the phone can act on the code.
func (c *code) live() bool {
	return c != nil && c.polled && (c.state == codeFresh || c.state == codeScanned)
}

// applyPhoneLocked lets the phone do what was asked for before the code was there.
func (s *Server) applyPhoneLocked(c *code) {
	for c == s.desk.newest && c.live() && len(s.desk.queued) > 0 {
		act := s.desk.queued[0]
		s.desk.queued = s.desk.queued[1:]
		c.do(act)
	}
}

func (c *code) do(act phoneAct) {
	switch act {
	case actScan:
		c.state = codeScanned
	case actConfirm:
		c.state = codeConfirmed
	case actCancel:
		c.state = codeCancelled
	case actExpire:
		c.state = codeExpired
	}
}

func (s *Server) phone(act phoneAct) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.desk.queued = append(s.desk.queued, act)
	if s.desk.newest != nil {
		s.applyPhoneLocked(s.desk.newest)
	}
	s.pokeLocked()
}

// Scan scans the newest code with the phone. If no code is being polled it
// applies to the next one; so do Confirm, Cancel and Expire.
func (s *Server) Scan() { s.phone(actScan) }

// Confirm presses the button that allows the login. The client is told of the
// scan first.
func (s *Server) Confirm() { s.phone(actConfirm) }

// Cancel presses the button that refuses the login; the poll answers 202. For a
// push login Scan is not needed, and Confirm and Cancel act as well.
func (s *Server) Cancel() { s.phone(actCancel) }

// Expire makes the code invalid; the poll answers 400.
func (s *Server) Expire() { s.phone(actExpire) }

// AwaitQR waits until a code is being polled that nobody has confirmed yet, and
// gives its uuid. The question of a push login is no code.
func (s *Server) AwaitQR(ctx context.Context) (uuid string, err error) {
	err = s.await(ctx, func() bool {
		if !s.desk.newest.live() || s.desk.newest.push {
			return false
		}
		uuid = s.desk.newest.uuid
		return true
	})
	return uuid, err
}

// AwaitPush waits until the phone asks its owner to confirm a push login (section
// 3.4) and the client polls for the answer. Confirm, Cancel and Expire act on it.
func (s *Server) AwaitPush(ctx context.Context) error {
	return s.await(ctx, func() bool { return s.desk.newest.live() && s.desk.newest.push })
}

// QRPayload is the text that a QR code of this uuid holds.
func QRPayload(uuid string) string { return qrPayload(uuid) }

// Login waits for a code, scans it and confirms.
func (s *Server) Login(ctx context.Context) error {
	if _, err := s.AwaitQR(ctx); err != nil {
		return err
	}
	s.Scan()
	s.Confirm()
	return nil
}

// AwaitOnline waits until a session has been initialised and is polled.
func (s *Server) AwaitOnline(ctx context.Context) error {
	return s.await(ctx, s.onlineLocked)
}

func (s *Server) onlineLocked() bool {
	e := s.session
	return e != nil && e.dead == 0 && e.inits > 0 && e.polled
}

// LogoutFromPhone ends the session with 1100.
func (s *Server) LogoutFromPhone() { s.Cut(retSessionGone) }

// Cut ends the session at once: the held poll and everything after it is
// answered with this code: 1100, 1101 or 1102.
func (s *Server) Cut(retcode int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.session != nil && s.session.dead == 0 {
		s.session.dead = retcode
	}
	s.pokeLocked()
}

// PhoneAway takes the phone offline for longer than a session bears (section 16):
// the session stays alive, but synccheck announces what comes in with selector 2,
// again and again, and webwxsync hands nothing of it out. Sending still works.
// PhoneBack or a new login ends that.
func (s *Server) PhoneAway() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phoneAway = true
}

// PhoneBack brings the phone online again: what has waited is handed out, in
// order.
func (s *Server) PhoneBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.phoneAway = false
	if e := s.session; e != nil {
		for _, step := range e.withheld {
			e.push(step)
		}
		e.withheld = nil
	}
	s.pokeLocked()
}

// RefuseLogin makes the login page refuse the account from now on, such as with
// 1203 and a text (section 3.5); code 0 allows logins again. Logins of the file
// transfer helper pass all the same (section 18.1).
func (s *Server) RefuseLogin(code int, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusal = refusal{code: code, text: text}
}
