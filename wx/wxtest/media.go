package wxtest

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
)

// mediaSession finds the session of a download, whose keys are in the cookies
// and the query (section 9).
func (c *call) mediaSessionLocked() (*session, int) {
	skey := c.query.Get("skey")
	if e := c.srv.bySid[c.cookie("wxsid")]; skey == "" && c.endpoint == "webwxgetmedia" && e != nil {
		skey = e.skey
	}
	return c.sessionLocked(c.cookie("wxuin"), c.cookie("wxsid"), skey)
}

// noMedia is what a download that fails gives: status 200 and nothing in it.
func noMedia() answer { return answer{kind: kindText} }

// getIcon gives the picture of a person or group.
func (s *Server) getIcon(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ret := c.mediaSessionLocked()
	if ret != retOK {
		return noMedia()
	}
	if room := c.query.Get("chatroomid"); room != "" && !e.isRoom(room) {
		c.problem("9", "chatroomid is no group's EncryChatRoomId")
	}
	switch chat := e.byName[c.query.Get("username")].(type) {
	case *Account:
		if c.endpoint != "webwxgeticon" {
			c.problem("9", "webwxgetheadimg gives the pictures of groups, username is a person")
		}
		return answer{kind: kindJPEG, body: avatar(chat.id)}
	case *Group:
		if c.endpoint != "webwxgetheadimg" {
			c.problem("9", "webwxgeticon gives the pictures of people, username is a group")
		}
		return answer{kind: kindJPEG, body: avatar(chat.id)}
	}
	c.problem("9", "username is nobody")
	return noMedia()
}

// isRoom reports whether an encrypted id is a group's.
func (e *session) isRoom(id string) bool {
	for _, room := range e.roomID {
		if room == id {
			return true
		}
	}
	return false
}

// getMessageMedia gives the picture, video or voice of a message.
func (s *Server) getMessageMedia(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ret := c.mediaSessionLocked()
	if ret != retOK {
		return noMedia()
	}
	id := c.query.Get("MsgID")
	if id == "" {
		id = c.query.Get("msgid")
	}
	m, known := e.content[id]
	if !known {
		c.problem("9", "MsgID is no message with something to fetch")
		return noMedia()
	}
	if m.HasProductID != 0 {
		return noMedia() // emoticons of the shop cannot be fetched
	}
	if !holds(m.Type, c.endpoint) {
		c.problem("9", "a message of type %d holds nothing for %s", m.Type, c.endpoint)
		return noMedia()
	}
	if m.withdrawn {
		return noMedia()
	}
	data := m.Data
	switch c.endpoint {
	case "webwxgetvideo":
		if c.r.Header.Get("Range") == "" || c.r.Header.Get("Referer") == "" {
			c.problem("9", "no Range or no Referer: videos come empty")
			return noMedia()
		}
		if data == nil {
			data = bytes.Repeat([]byte("\x00\x00\x00\x18ftypmp42"), 8)
		}
		return answer{
			status: http.StatusPartialContent, kind: "video/mp4", body: data,
			header: map[string]string{"Content-Range": "bytes 0-" + strconv.Itoa(len(data)-1) + "/" + strconv.Itoa(len(data))},
		}
	case "webwxgetvoice":
		if data == nil {
			data = []byte("ID3\x03\x00\x00\x00\x00\x00\x00")
		}
		return answer{kind: "audio/mp3", body: data}
	}
	if c.query.Get("type") == "slave" { // a thumbnail, whatever the picture or video
		return answer{kind: kindJPEG, body: avatar(len(id) + 1)}
	}
	if m.Type == typeVideo || m.Type == typeMicroVideo {
		c.problem("9", "of a video only the thumbnail is a picture: type is not slave")
		return noMedia()
	}
	if data == nil {
		data = avatar(len(id))
	}
	return answer{kind: http.DetectContentType(data), body: data}
}

// holds tells which endpoints give something of which messages.
func holds(msgType int, endpoint string) bool {
	switch msgType {
	case typeImage, typeEmoticon:
		return endpoint == "webwxgetmsgimg"
	case typeVideo, typeMicroVideo:
		return endpoint != "webwxgetvoice"
	case typeVoice:
		return endpoint == "webwxgetvoice"
	}
	return false
}

// checkFileName wants the name that came with the message, as it came or decoded once:
// clients do either.
func (c *call) checkFileName(m Message) {
	decoded, err := url.PathUnescape(m.EncryFileName)
	if got := c.query.Get("encryfilename"); got != "" && got != m.EncryFileName && (err != nil || got != decoded) {
		c.problem("9", "encryfilename is not the EncryFileName of the message")
	}
}

// getFile gives a file that was received.
func (s *Server) getFile(c *call) answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ret := c.mediaSessionLocked()
	if ret != retOK {
		return noMedia()
	}
	if c.query.Get("webwx_data_ticket") != e.dataTicket {
		c.problem("9", "webwx_data_ticket is not the cookie's value")
		return noMedia()
	}
	if c.query.Get("encryfilename")+c.query.Get("filename") == "" || c.query.Get("fromuser") == "" || e.byName[c.query.Get("sender")] == nil {
		c.problem("9", "encryfilename, fromuser or sender is missing or nobody")
		return noMedia()
	}
	for _, m := range e.content {
		if m.MediaID == c.query.Get("mediaid") && m.MediaID != "" {
			if m.withdrawn {
				return noMedia()
			}
			c.checkFileName(m)
			data := m.Data
			if data == nil {
				data = []byte(m.FileName)
			}
			return answer{kind: "application/octet-stream", body: data}
		}
	}
	c.problem("9", "mediaid is no file that was received")
	return noMedia()
}
