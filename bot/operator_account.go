package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/bot/match"
	"wxbot/wx"
)

// What an operator asks of the account itself.

// logoutWait is how long Logout waits, after WeChat has ended the session, for it to
// be put away.
const logoutWait = 5 * time.Second

// Logout ends the session at WeChat and removes it here; the daemon then waits for
// wxbot qr. It implements control.AccountDaemon.
func (b *Bot) Logout(ctx context.Context) error {
	c, ok := b.acc.wxClient()
	if !ok {
		_, state := b.acc.readiness()
		return fmt.Errorf("logout: nobody is logged in (%s)", cmp.Or(state, "starting"))
	}
	// What was begun is not left half done because somebody stopped waiting.
	ctx = context.WithoutCancel(ctx)
	err := c.Logout(ctx)
	if err != nil && !errors.Is(err, wx.ErrUnknownOutcome) {
		return fmt.Errorf("logout: the session goes on: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, logoutWait)
	defer cancel()
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		if _, state := b.acc.readiness(); state == stateLeft {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, errors.New("logout: the session is not over yet: wxbot status tells more"))
		case <-t.C:
		}
	}
}

// Contacts gives friends, groups and official accounts. It implements
// control.AccountDaemon.
func (b *Bot) Contacts(_ context.Context, name, kind string) (control.Contacts, error) {
	caps := capabilities(b.opts.Config.Mode)
	if !caps.Friends && !caps.Groups {
		return control.Contacts{}, fmt.Errorf("contacts: in mode %s there are none", caps.Mode)
	}
	client, ok := b.acc.wxClient()
	if !ok {
		_, state := b.acc.readiness()
		return control.Contacts{}, fmt.Errorf("contacts: the account is not online (%s)", cmp.Or(state, "starting"))
	}
	kinds := []string{control.KindFriend, control.KindGroup, control.KindOfficial}
	part := match.DefaultFolding.Fold(name)
	out := control.Contacts{Contacts: []control.Contact{}, Complete: client.Directory().Complete()}
	self := b.acc.book.SelfUserName()
	for _, c := range client.Directory().All() {
		k := chatKind(c)
		if c.UserName == self || !slices.Contains(kinds, string(k)) || kind != "" && kind != string(k) {
			continue
		}
		if !strings.Contains(match.DefaultFolding.Fold(c.RemarkName), part) && !strings.Contains(match.DefaultFolding.Fold(c.NickName), part) {
			continue
		}
		e := control.Contact{
			Kind: string(k), Name: c.Name(), Nickname: c.NickName, Remark: c.RemarkName, Key: b.acc.book.keyOf(c.UserName, k),
		}
		if k == event.ChatGroup {
			e.Members = max(c.MemberCount, len(c.Members))
		}
		out.Contacts = append(out.Contacts, e)
	}
	slices.SortFunc(out.Contacts, func(x, y control.Contact) int {
		return cmp.Or(
			cmp.Compare(slices.Index(kinds, x.Kind), slices.Index(kinds, y.Kind)),
			cmp.Compare(x.Name, y.Name), cmp.Compare(x.Key, y.Key))
	})
	return out, nil
}

var _ control.AccountDaemon = (*Bot)(nil)
