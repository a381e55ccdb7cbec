package wxtest

import (
	"net/http"
	"net/url"
	"strings"
)

// The small endpoints, which few clients call (sections 5.3, 9 and 11).

// nothing answers what the page reports about itself.
func nothing(*call, *session, object, response) {}

type searchAnswer struct {
	baseAnswer
	List []foundContact
}

type foundContact struct{ EncryUserName text }

func blankSearch() response { return &searchAnswer{List: []foundContact{}} }

// searchContact finds whose names a word is a part of.
func (s *Server) searchContact(c *call, e *session, body object, out response) {
	o, ok := out.(*searchAnswer)
	if !ok {
		return
	}
	word := c.text(body, "KeyWord")
	if word == "" {
		c.problem("5.3", "KeyWord is empty")
		return
	}
	for _, a := range s.world.accounts {
		if a.friend && strings.Contains(a.person.NickName+"\n"+a.person.RemarkName, word) {
			o.List = append(o.List, foundContact{EncryUserName: text(e.nameOf(a))})
		}
	}
	for _, g := range s.world.groups {
		if strings.Contains(g.topic, word) {
			o.List = append(o.List, foundContact{EncryUserName: text(e.nameOf(g))})
		}
	}
}

// getPlacePicture gives the map of a location (section 9).
func (s *Server) getPlacePicture(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c.cookie("wxsid") == "" || s.bySid[c.cookie("wxsid")] == nil {
		c.problem("2.3", "cookies wxsid and wxuin are missing")
		return noMedia()
	}
	if c.query.Get("msgid") == "" || c.query.Get("pictype") != "location" {
		c.problem("9", "msgid is missing, or pictype is not location")
		return noMedia()
	}
	return answer{kind: kindJPEG, body: avatar(len(c.query.Get("msgid")))}
}

// checkURL leads on to a link that the page shows (section 11).
func (s *Server) checkURL(c *call) answer {
	to := c.query.Get("requrl")
	if u, err := url.Parse(to); err != nil || u.Host == "" {
		c.problem("11", "requrl is no address")
		return answer{status: http.StatusBadRequest, kind: kindText}
	}
	return answer{status: http.StatusFound, kind: "text/html", header: map[string]string{"Location": to}}
}
