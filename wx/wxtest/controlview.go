package wxtest

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The shapes of what the control API tells.
type (
	viewState struct {
		URL      string      `json:"url"`
		BaseHost string      `json:"base_host"`
		Login    viewLogin   `json:"login"`
		Self     viewChat    `json:"self"`
		People   []viewChat  `json:"people"`
		Groups   []viewGroup `json:"groups"`
	}
	viewLogin struct {
		Online bool   `json:"online"`
		Code   string `json:"code"` // none, waiting, scanned, confirmed, cancelled or expired
		UUID   string `json:"uuid,omitempty"`
	}
	viewChat struct {
		ID       string `json:"id"`
		UserName string `json:"user_name,omitempty"`
		Name     string `json:"name"`
		Remark   string `json:"remark,omitempty"`
		Friend   bool   `json:"friend,omitempty"`
	}
	viewGroup struct {
		ID       string   `json:"id"`
		UserName string   `json:"user_name,omitempty"`
		Name     string   `json:"name"`
		Members  []string `json:"members"` // ids
	}
	viewRecord struct {
		Seq    int         `json:"seq"`
		Kind   string      `json:"kind"`
		Time   time.Time   `json:"time"`
		Chat   string      `json:"chat,omitempty"` // name of the person or group
		ChatID string      `json:"chat_id,omitempty"`
		Text   string      `json:"text,omitempty"`
		People []string    `json:"people,omitempty"` // names
		Sent   *viewSent   `json:"sent,omitempty"`
		Upload *viewUpload `json:"upload,omitempty"`
	}
	viewSent struct {
		MsgID       string `json:"msg_id"`
		ClientMsgID string `json:"client_msg_id"`
		To          string `json:"to"` // user name as the client gave it
		Type        int    `json:"type"`
		EmoticonMD5 string `json:"emoticon_md5,omitempty"`
		MediaID     string `json:"media_id,omitempty"`
	}
	viewUpload struct {
		MediaID   string `json:"media_id"`
		Name      string `json:"name"`
		MIME      string `json:"mime"`
		MediaType string `json:"media_type"`
		Size      int64  `json:"size"`
		MD5       string `json:"md5"`
		Chunks    int    `json:"chunks"`
	}
	viewProblem struct {
		Time     time.Time `json:"time"`
		Endpoint string    `json:"endpoint"`
		What     string    `json:"what"`
		Section  string    `json:"section,omitempty"`
		Count    int       `json:"count"`
	}
)

func (s *Server) loginView() viewLogin {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := viewLogin{Code: "none", Online: s.onlineLocked()}
	c := s.desk.newest
	if c == nil {
		return v
	}
	s.expireLocked(c)
	v.UUID = c.uuid
	switch c.state {
	case codeFresh:
		v.Code = "waiting"
	case codeScanned:
		v.Code = "scanned"
	case codeConfirmed:
		v.Code = "confirmed"
	case codeCancelled:
		v.Code = "cancelled"
	case codeExpired:
		v.Code = "expired"
	}
	return v
}

func (s *Server) stateView() viewState {
	v := viewState{
		URL: s.URL(), BaseHost: s.cfg.RedirectHost, Login: s.loginView(), Self: accountView(s.Self()),
		People: []viewChat{}, Groups: []viewGroup{},
	}
	s.mu.Lock()
	people := append([]*Account(nil), s.world.accounts...)
	groups := append([]*Group(nil), s.world.groups...)
	s.mu.Unlock()
	for _, a := range people {
		v.People = append(v.People, accountView(a))
	}
	for _, g := range groups {
		v.Groups = append(v.Groups, groupView(g))
	}
	return v
}

func accountView(a *Account) viewChat {
	return viewChat{ID: a.WxID(), UserName: a.UserName(), Name: a.NickName(), Remark: a.RemarkName(), Friend: a.IsFriend()}
}

func groupView(g *Group) viewGroup {
	v := viewGroup{ID: g.WxID(), UserName: g.UserName(), Name: g.Topic(), Members: []string{}}
	for _, a := range g.Members() {
		v.Members = append(v.Members, a.WxID())
	}
	return v
}

func recordView(r Record) viewRecord {
	v := viewRecord{Seq: r.Seq, Kind: r.Kind.String(), Time: r.Time, Text: r.Text}
	a, g := r.Account, r.Group
	switch r.Kind {
	case RecordSent, RecordRevoked:
		a, g, v.Text = r.Sent.ToAccount, r.Sent.ToGroup, r.Sent.Content
		v.Sent = &viewSent{
			MsgID: r.Sent.MsgID, ClientMsgID: r.Sent.ClientMsgID, To: r.Sent.To, Type: r.Sent.Type,
			EmoticonMD5: r.Sent.EmoticonMD5, MediaID: r.Sent.MediaID,
		}
	case RecordUploaded:
		u := r.Upload
		v.Upload = &viewUpload{u.MediaID, u.Name, u.MIME, u.MediaType, u.Size, u.MD5, u.Chunks}
	default:
	}
	switch {
	case g != nil:
		v.Chat, v.ChatID = g.Topic(), g.WxID()
	case a != nil:
		v.Chat, v.ChatID = a.NickName(), a.WxID()
	}
	for _, p := range r.Accounts {
		v.People = append(v.People, p.NickName())
	}
	return v
}

func problemsView(list []Problem) any {
	out := make([]viewProblem, len(list))
	for i, p := range list {
		out[i] = viewProblem(p)
	}
	return map[string]any{"problems": out}
}

const (
	maxWait  = 5 * time.Minute
	pageSize = 1000 // records in one answer
)

// records answers with the records of a kind, "" for every kind, after a cursor,
// and waits for the first if the query says so.
func (c *control) records(w http.ResponseWriter, r *http.Request, kind string) {
	after, err := queryNumber(r, "after")
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	wait, err := queryNumber(r, "wait")
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	match := func(rec Record) bool { return kind == "" || rec.Kind.String() == kind }
	if wait > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), min(time.Duration(wait)*time.Second, maxWait))
		defer cancel()
		// Nothing within the time is an answer too: an empty list.
		_, _ = c.srv.AwaitAfter(ctx, after, match)
	}
	out, next := []viewRecord{}, after
	fresh, _ := c.srv.recordsAfter(after)
	for _, rec := range fresh {
		if len(out) == pageSize {
			break
		}
		next = rec.Seq
		if match(rec) {
			out = append(out, recordView(rec))
		}
	}
	reply(w, http.StatusOK, map[string]any{"records": out, "next": next})
}

func queryNumber(r *http.Request, name string) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s %q: want a number that is not negative", name, text)
	}
	return n, nil
}
