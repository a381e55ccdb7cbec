package bot

import (
	"cmp"
	"context"
	"fmt"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/wx"
)

// tend does what is about a chat and writes nothing into it: renaming a group,
// pinning, marking as read.
func (s *sender) tend(ctx context.Context, c *wx.Client, d event.Delivery) error {
	a := d.Action
	key := cmp.Or(a.ToKey, d.Chat.Key)
	if err := s.braked(d, key); err != nil {
		return err
	}
	user, ok := s.acc.book.user(key)
	if !ok {
		return fmt.Errorf("%s: chat %s is not known in this session: %w", a.Kind, key, outbox.ErrPermanent)
	}
	switch a.Kind { //nolint:exhaustive // the others are not about a chat alone
	case event.ActRename:
		return c.RenameGroup(ctx, user, a.Remark)
	case event.ActPin:
		return c.Pin(ctx, user, !a.Unpin)
	case event.ActRead:
		return c.MarkRead(ctx, user)
	}
	return fmt.Errorf("%s: not about a chat: %w", a.Kind, outbox.ErrPermanent)
}
