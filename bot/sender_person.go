package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"wxbot/bot/event"
	"wxbot/bot/outbox"
	"wxbot/wx"
)

// Steps that are about a person: accepting, naming and inviting one.

const (
	// acceptWait is how long accepting waits for the person's new user name.
	acceptWait = 3 * time.Second
	// acceptMost is how long what follows waits for it.
	acceptMost = time.Minute
)

// person resolves whom an action is about.
func (s *sender) person(d event.Delivery) (string, error) {
	key := s.subject(d)
	if s.acc.book.accepting(key) && s.acc.clock.Now().Sub(d.Created) < acceptMost {
		return "", held(event.BrakeFriend, "%s: the new friend is not known yet: %w", d.Action.Kind, outbox.ErrNotReady)
	}
	if err := s.braked(d, key); err != nil {
		return "", err
	}
	user, ok := s.acc.book.user(key)
	if !ok {
		return "", fmt.Errorf("%s: person %s is not known in this session: %w", d.Action.Kind, key, outbox.ErrPermanent)
	}
	return user, nil
}

// invite brings somebody into the first of some groups that takes the person.
func (s *sender) invite(ctx context.Context, c *wx.Client, d event.Delivery) (event.Receipt, error) {
	user, err := s.person(d)
	if err != nil {
		return event.Receipt{}, err
	}
	if len(d.Action.To) == 0 {
		return event.Receipt{}, fmt.Errorf("invite: no group is named: %w", outbox.ErrPermanent)
	}
	loading := s.acc.stillLoading() // asked before: who comes in between is found
	var last error
	for _, name := range d.Action.To {
		hits := s.acc.book.find(event.ChatGroup, name)
		if len(hits) != 1 {
			if last == nil {
				last = &ambiguousError{name, len(hits)}
			}
			continue
		}
		group, ok := s.acc.book.user(hits[0].Key)
		if !ok {
			continue
		}
		got, err := c.AddMembers(ctx, group, user)
		if errors.Is(err, wx.ErrUnknownOutcome) || wx.Throttled(err) || ctx.Err() != nil {
			return event.Receipt{}, err
		}
		if err == nil && len(got.Refused) == 0 {
			return s.receipt(""), nil
		}
		if last = err; err == nil {
			last = fmt.Errorf("invite into %q: the person does not take invitations: %w", name, outbox.ErrPermanent)
		}
	}
	var unknown *ambiguousError
	if errors.As(last, &unknown) && unknown.hits == 0 && loading {
		return event.Receipt{}, held(event.BrakeContacts, "%w: contacts are still being loaded: %w", last, outbox.ErrNotReady)
	}
	return event.Receipt{}, last
}

// accept accepts a friend request and waits a little for the person's new user
// name, so that the next step finds it.
func (s *sender) accept(ctx context.Context, c *wx.Client, d event.Delivery) (event.Receipt, error) {
	a := d.Action
	key := s.subject(d)
	if err := s.braked(d, key); err != nil {
		return event.Receipt{}, err
	}
	bound := s.acc.book.expectAccept(key, d.Chat.Name, a.User)
	err := c.AcceptFriend(ctx, a.User, wx.Secret(a.Ticket))
	unclear := errors.Is(err, wx.ErrUnknownOutcome)
	if err != nil && !unclear {
		s.acc.book.dropAccept(key)
		return event.Receipt{}, err
	}
	t := time.NewTimer(acceptWait)
	defer t.Stop()
	select {
	case <-bound:
		// Whatever became of the answer: the person is a friend.
		s.name(ctx, c, key, a.Remark)
		return s.receipt(""), nil
	case <-t.C:
	case <-ctx.Done():
	}
	if unclear {
		s.acc.book.dropAccept(key)
		return event.Receipt{}, err
	}
	if a.Remark != "" {
		s.remarks.fail(remark{key: key, nickname: d.Chat.Name, text: a.Remark})
	}
	return s.receipt(""), nil
}

// name gives a new friend a remark. That the friend was accepted stands, whatever
// becomes of it; whether it holds is looked at later, after an error as well.
func (s *sender) name(ctx context.Context, c *wx.Client, key, remark string) {
	if remark == "" {
		return
	}
	if user, ok := s.acc.book.user(key); ok {
		if err := c.SetRemark(ctx, user, remark); err != nil {
			s.acc.log.Warn().Err(err).Str("chat", key).Msg("remark perhaps not set")
		}
	}
	s.remarks.given(key, remark)
}
