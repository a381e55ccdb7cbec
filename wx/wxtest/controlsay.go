package wxtest

import (
	"errors"
	"fmt"
)

// saying is a message of the control API. Which fields count follows from Kind.
type saying struct {
	From    string `json:"from"`  // empty: the account's owner on the phone
	Group   string `json:"group"` // empty: a private chat
	To      string `json:"to"`    // of what the owner writes
	Mention bool   `json:"mention"`

	Kind    string `json:"kind"` // "text" if empty
	Text    string `json:"text"`
	Name    string `json:"name"` // of a file; whom a card shows
	URL     string `json:"url"`
	Seconds int    `json:"seconds"` // of a voice or video
	Data    []byte `json:"data"`    // what a download gives
}

// told is how the control API answers for a message.
type told struct {
	ID MsgID `json:"id"`
	// Lost: there was no session, so no client will ever see it.
	Lost bool `json:"lost,omitempty"`
}

func (c *control) told(deliver func() MsgID) told {
	lost := !c.srv.alive()
	return told{ID: deliver(), Lost: lost}
}

// alive reports whether there is a session that messages go to.
func (s *Server) alive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.session != nil && s.session.dead == 0
}

func (c *control) say(in saying) (any, error) {
	u, err := c.speaker(in)
	if err != nil {
		return nil, err
	}
	m, err := c.message(in)
	if err != nil {
		return nil, err
	}
	if in.Mention {
		if u.group == nil || m.Type != typeText || u.from == nil {
			return nil, errors.New("mention is for texts of members in groups")
		}
	}
	out := c.told(func() MsgID {
		switch {
		case u.to != nil:
			return c.srv.SendFromPhone(u.to, m)
		case in.Mention:
			return u.group.Mention(u.from, in.Text)
		case u.group != nil:
			return u.group.Send(u.from, m)
		}
		return u.from.Send(m)
	})
	c.remember(out.ID, u)
	return out, nil
}

// speaker finds who speaks where.
func (c *control) speaker(in saying) (u utterance, err error) {
	if in.Group != "" {
		if u.group, err = c.room(in.Group); err != nil {
			return u, err
		}
	}
	if in.From != "" && in.From != selfName {
		if in.To != "" {
			return u, errors.New("to is for what the owner writes; who has a from writes to the account, or to group")
		}
		if u.from, err = c.account(in.From); err != nil {
			return u, err
		}
		return u, c.mayWrite(u)
	}
	switch {
	case u.group != nil && in.To != "":
		return u, errors.New("to and group exclude each other")
	case u.group != nil:
		u.to = u.group
		return u, nil
	case in.To == "":
		return u, errors.New("from, to or group is missing")
	}
	u.to, err = c.account(in.To)
	return u, err
}

// mayWrite refuses what would be lost without a word.
func (c *control) mayWrite(u utterance) error {
	c.srv.mu.Lock()
	defer c.srv.mu.Unlock()
	switch {
	case u.group != nil && !u.group.hasLocked(u.from):
		return fmt.Errorf("%q is not in the group", u.from.person.NickName)
	case u.group == nil && u.from.kind == kindPerson && !u.from.friend:
		return fmt.Errorf("%q is no friend of the account", u.from.person.NickName)
	}
	return nil
}

// message makes the message.
func (c *control) message(in saying) (Message, error) {
	var m Message
	switch in.Kind {
	case "", "text":
		if in.Text == "" {
			return m, errors.New("text is missing")
		}
		m = Text(in.Text)
	case "image":
		m = Image()
	case "voice":
		m = Voice(max(in.Seconds, 1) * 1000)
	case "video":
		m = Video(max(in.Seconds, 1))
	case "emoticon":
		m = StoreEmoticon()
	case "file":
		if in.Name == "" {
			return m, errors.New("name of the file is missing")
		}
		m = File(in.Name, int64(len(in.Data)))
	case "link":
		m = Link(in.Text, "", in.URL)
	case "card":
		of, err := c.account(in.Name)
		if err != nil {
			return m, err
		}
		m = Card(of)
	case "system":
		m = System(in.Text)
	default:
		return m, fmt.Errorf("kind %q: want text, image, voice, video, emoticon, file, link, card or system", in.Kind)
	}
	if in.Data != nil {
		m.Data = in.Data
	}
	return m, nil
}

// maxSaid bounds how many messages can still be recalled.
const maxSaid = 4096

func (c *control) remember(id MsgID, u utterance) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.said) >= maxSaid {
		clear(c.said)
	}
	c.said[id] = u
}

type recallCall struct {
	ID MsgID `json:"id"`
}

func (c *control) recall(in recallCall) (any, error) {
	c.mu.Lock()
	u, known := c.said[in.ID]
	c.mu.Unlock()
	if !known {
		return nil, fmt.Errorf("message %q: %w", in.ID, errNobody)
	}
	return c.told(func() MsgID {
		switch {
		case u.to != nil:
			return c.srv.RecallFromPhone(u.to, in.ID)
		case u.group != nil:
			return u.group.Recall(u.from, in.ID)
		}
		return u.from.Recall(in.ID)
	}), nil
}
