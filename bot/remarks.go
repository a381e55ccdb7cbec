package bot

import (
	"context"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"wxbot/wx"
)

const (
	// remarkWait is how long a contact update gets to bring a new remark.
	remarkWait = 10 * time.Second
	// remarkLookup bounds the question that is asked when none has brought it.
	remarkLookup = 30 * time.Second
	remarksMost  = 100
)

// remarks looks after remarks that were given: servers since 2023 may answer that
// all is well and do nothing (section 10.2), and the contact alone shows what holds.
// Those that wait at a stop of the daemon are not looked after.
type remarks struct {
	acc     *account
	log     zerolog.Logger
	pending chan remark
	// missed tells the operator of a remark that does not hold.
	missed func(nickname, remark string)
}

// remark is one that was given, and when it is to be looked at.
type remark struct {
	key, nickname, text string
	due                 time.Time
}

func newRemarks(acc *account, log zerolog.Logger, missed func(nickname, remark string)) *remarks {
	return &remarks{acc: acc, log: log, pending: make(chan remark, remarksMost), missed: missed}
}

// given notes a remark that was asked for. It does not wait.
func (r *remarks) given(key, text string) {
	w := remark{key: key, text: text, due: r.acc.clock.Now().Add(remarkWait)}
	if user, ok := r.acc.book.user(key); ok {
		c, _ := r.acc.book.contact(user)
		w.nickname = c.NickName
	}
	select {
	case r.pending <- w:
	default:
		r.log.Warn().Str("chat", key).Msg("too many remarks at once: one is not checked")
	}
}

// run checks remarks when they are due. They all wait equally long, so the first to
// come is the first to be due.
func (r *remarks) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case w := <-r.pending:
			if r.acc.clock.Sleep(ctx, w.due.Sub(r.acc.clock.Now())) != nil {
				return nil //nolint:nilerr // the end of ctx is how a task is stopped
			}
			r.check(ctx, w)
		}
	}
}

// check tells of a remark that the contact does not bear, or that cannot be checked
// since nobody bears the key any more. Where WeChat does not answer, nothing is known
// and the log says so.
func (r *remarks) check(ctx context.Context, w remark) {
	user, ok := r.acc.book.user(w.key)
	if !ok {
		r.fail(w)
		return
	}
	c, _ := r.acc.book.contact(user)
	if sameRemark(c, w.text) {
		return
	}
	found, err := r.ask(ctx, user)
	if err != nil {
		if ctx.Err() == nil {
			r.log.Warn().Err(err).Str("chat", w.key).Msg("remark not checked")
		}
		return
	}
	for _, now := range found {
		if now.UserName == user && sameRemark(now, w.text) {
			return
		}
	}
	r.fail(w)
}

func (r *remarks) ask(ctx context.Context, user string) ([]wx.Contact, error) {
	client, ok := r.acc.wxClient()
	if !ok {
		return nil, wx.ErrNotReady
	}
	ctx, cancel := context.WithTimeout(ctx, remarkLookup)
	defer cancel()
	return client.Lookup(ctx, "", user)
}

// fail tells of a remark that does not hold.
func (r *remarks) fail(w remark) {
	r.log.Warn().Str("chat", w.key).Msg("remark not set: set it on the phone")
	r.missed(w.nickname, w.text)
}

func sameRemark(c wx.Contact, remark string) bool {
	return strings.TrimSpace(c.RemarkName) == strings.TrimSpace(remark)
}
