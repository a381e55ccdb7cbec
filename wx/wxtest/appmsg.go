package wxtest

import (
	"encoding/xml"
	"path"
	"strings"
)

// appBody is the Content of a file message (section 7.6).
type appBody struct {
	XMLName  xml.Name `xml:"appmsg"`
	AppID    string   `xml:"appid,attr"`
	Title    string   `xml:"title"`
	Type     int      `xml:"type"`
	TotalLen int64    `xml:"appattach>totallen"`
	AttachID string   `xml:"appattach>attachid"`
	FileExt  string   `xml:"appattach>fileext"`
}

// webAppID is the appid of files that the web client sends.
const webAppID = "wxeb7ec651dd0aefa9"

// sendApp takes a file (section 7.6).
func (s *Server) sendApp(c *call, e *session, body object, out response) {
	c.wantQuery("7.6", "fun", "async")
	c.wantQuery("7.6", "f", "json")
	if e.desktop {
		c.wantQuery("3.6", "mod", desktopMod)
	} else if c.query.Get("mod") != "" {
		c.problem("3.6", "mod stands in the query of a web client")
	}
	s.sendLocked(c, e, body, out, func(m *outgoing) int {
		if m.Type != typeFile {
			c.problem("7.6", "Type is %d, not 6", m.Type)
		}
		m.Content = c.text(m.msg, "Content")
		var app appBody
		if err := xml.Unmarshal([]byte(m.Content), &app); err != nil || app.AttachID == "" {
			c.problem("7.6", "Content has no appmsg with an attachid, or is no XML")
			return retParameter
		}
		m.MediaID, m.FileName, m.FileSize = app.AttachID, app.Title, app.TotalLen
		c.checkApp(e, &app)
		if up := e.media[m.MediaID]; up != nil {
			return c.checkSentUpload(up, m)
		}
		return c.checkForwardedFile(e, m)
	})
}

func (c *call) checkApp(e *session, app *appBody) {
	want := webAppID
	if e.desktop {
		want = ""
	}
	if app.AppID != want {
		c.problem("7.6", "appid is %q, not %q", app.AppID, want)
	}
	if app.Type != typeFile {
		c.problem("7.6", "type in the XML is %d, not 6", app.Type)
	}
	if app.Title == "" {
		c.problem("7.6", "the file has no title")
	}
	if ext := strings.TrimPrefix(path.Ext(app.Title), "."); ext != app.FileExt {
		c.problem("7.6", "fileext is %q for a title that ends in %q", app.FileExt, ext)
	}
}

// checkSentUpload compares a file message with the upload that it names.
func (c *call) checkSentUpload(up *Upload, m *outgoing) int {
	if m.FileSize != up.Size {
		c.problem("7.6", "totallen is %d for %d bytes", m.FileSize, up.Size)
	}
	if up.signature != "" && c.optional(m.msg, "Signature") != up.signature {
		c.problem("7.6", "Signature of webwxcheckupload is missing for a file of more than 25 MB")
		return retSystem
	}
	return retOK
}

// checkForwardedFile wants a file that was received, and none over 25 MB: without
// the signature those cannot be sent on.
func (c *call) checkForwardedFile(e *session, m *outgoing) int {
	for _, got := range e.content {
		if got.MediaID != m.MediaID {
			continue
		}
		if m.FileSize > bigFile {
			c.problem("7.6", "a received file of more than 25 MB is forwarded")
			return retSystem
		}
		c.wantForward(m)
		return retOK
	}
	c.problem("7.6", "attachid is none of this session's uploads")
	return retSystem
}

// wantForward wants the Scene of forwarded messages (section 7.1).
func (c *call) wantForward(m *outgoing) {
	if m.Scene != sceneForward {
		c.problem("7.1", "Scene is %d, not 2, for something forwarded", m.Scene)
	}
}

const sceneForward = 2

// cardBody is the Content of a card (section 7.2).
type cardBody struct {
	XMLName  xml.Name `xml:"msg"`
	UserName string   `xml:"username,attr"`
	NickName string   `xml:"nickname,attr"`
}

// checkCard wants the card of a friend.
func (c *call) checkCard(e *session, m *outgoing) int {
	var card cardBody
	if err := xml.Unmarshal([]byte(m.Content), &card); err != nil || card.UserName == "" || card.NickName == "" {
		c.problem("7.2", "Content of a card is not XML with username and nickname")
		return retParameter
	}
	a, _ := e.byName[card.UserName].(*Account)
	if a == nil {
		a = c.srv.world.byAlias(card.UserName)
	}
	if a == nil || !a.friend {
		c.problem("7.2", "the card is of nobody who is a friend")
		return retSystem
	}
	m.Card = a
	return retOK
}

// checkPlace wants the XML of a location.
func (c *call) checkPlace(m *outgoing) int {
	var place struct {
		XMLName  xml.Name   `xml:"msg"`
		Location []struct{} `xml:"location"`
	}
	if err := xml.Unmarshal([]byte(m.Content), &place); err != nil || len(place.Location) != 1 {
		c.problem("7.2", "Content of a location is not its XML")
		return retParameter
	}
	return retOK
}

// checkForwardedMedia wants the body of a picture or video that was received, with
// its escapes undone (section 7.3).
func (c *call) checkForwardedMedia(e *session, m *outgoing) int {
	c.wantForward(m)
	for _, got := range e.content {
		if got.Type == m.Type && strings.TrimSpace(got.XML) == strings.TrimSpace(m.Content) {
			return retOK
		}
	}
	c.problem("7.3", "Content is of no message of that type that was received")
	return retSystem
}
