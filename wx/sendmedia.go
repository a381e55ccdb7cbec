package wx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode/utf8"

	"wxbot/wx/internal/wire"
)

// The most that WeChat takes, in bytes (section 8.2).
const (
	MaxImage = 20 << 20
	MaxVideo = 20<<20 - 1
	MaxFile  = 50 << 20
)

// Kinds of message to send (section 7).
const (
	sendText       = 1
	sendImage      = 3
	sendFile       = 6
	sendCard       = 42
	sendVideo      = 43
	sendEmoticon   = 47
	sendLocation   = 48
	sendMicroVideo = 62
)

// SendImage uploads a picture and sends it (webwxsendmsgimg); a gif goes as an
// emoticon, since receivers would see another picture. Its kind, JPEG, PNG, BMP
// or GIF, is told by its first bytes. An error of the upload never matches
// ErrUnknownOutcome: nothing has reached anybody then. One that matches may be
// repeated with the same id, and the repeat does not upload again.
func (c *Client) SendImage(ctx context.Context, u Upload, id SendID) (Sent, error) {
	a, err := c.readyTo(&u, "webwxsendmsgimg", MaxImage, id)
	if err != nil {
		return Sent{}, err
	}
	kind, err := pictureKind(&u)
	if err != nil {
		return Sent{}, err
	}
	return c.sendUploaded(ctx, a, &u, kind, id, func(up uploaded) (call, error) {
		if kind.mime == kindGIF {
			return c.emoticonCall(a, u.To, Emoticon{MediaID: up.mediaID}, id, 0)
		}
		return c.mediaCall(a, "webwxsendmsgimg", wire.MediaMsg{Type: sendImage, MediaID: up.mediaID, ToUserName: u.To}, id, 0)
	})
}

// SendVideo uploads an mp4 and sends it (webwxsendvideomsg). For errors see
// SendImage.
func (c *Client) SendVideo(ctx context.Context, u Upload, id SendID) (Sent, error) {
	a, err := c.readyTo(&u, "webwxsendvideomsg", MaxVideo, id)
	if err != nil {
		return Sent{}, err
	}
	kind, err := filmKind(&u)
	if err != nil {
		return Sent{}, err
	}
	return c.sendUploaded(ctx, a, &u, kind, id, func(up uploaded) (call, error) {
		return c.mediaCall(a, "webwxsendvideomsg", wire.MediaMsg{Type: sendVideo, MediaID: up.mediaID, ToUserName: u.To}, id, 0)
	})
}

// SendFile uploads a file of any kind and sends it (webwxsendappmsg). The
// receiver sees its true name. Films should go by SendVideo: phones show one that
// came as a file as interrupted. For errors see SendImage.
func (c *Client) SendFile(ctx context.Context, u Upload, id SendID) (Sent, error) {
	a, err := c.readyTo(&u, "webwxsendappmsg", MaxFile, id)
	if err != nil {
		return Sent{}, err
	}
	return c.sendUploaded(ctx, a, &u, docKind(&u), id, func(up uploaded) (call, error) {
		return c.fileCall(a, u.To, File{Name: u.base(), Size: u.Size, MediaID: up.mediaID}, up.signature, id, 0)
	})
}

func (c *Client) readyTo(u *Upload, endpoint string, limit int64, id SendID) (*account, error) {
	a, err := c.sender(endpoint, u.To)
	if err != nil {
		return nil, err
	}
	if id == "" {
		return nil, fmt.Errorf("%s: id must not be empty: %w", endpoint, errUnfit)
	}
	return a, u.check(endpoint, limit)
}

// sendUploaded uploads and sends. A MediaID from an earlier upload may have become
// stale, which the server tells by -1; then the content is uploaded anew, once.
func (c *Client) sendUploaded(ctx context.Context, a *account, u *Upload, kind fileKind, id SendID, compose func(uploaded) (call, error)) (Sent, error) {
	for again := false; ; again = true {
		up, err := c.upload(ctx, a, u, kind)
		if err != nil {
			return Sent{}, err
		}
		q, err := compose(up)
		if err != nil {
			return Sent{}, err
		}
		sent, err := c.send(ctx, q, id)
		if e, ok := errors.AsType[*APIError](err); ok && e.Ret == retSystem {
			a.media.forget(up.mediaID)
			if up.reused && !again {
				continue
			}
		}
		return sent, err
	}
}

// mediaCall addresses a picture or video.
func (c *Client) mediaCall(a *account, endpoint string, m wire.MediaMsg, id SendID, scene int) (call, error) {
	m.FromUserName, m.LocalID, m.ClientMsgID = a.selfContact().UserName, string(id), string(id)
	return a.call(endpoint, c.mediaQuery()).
		withJSON(wire.SendRequest[wire.MediaMsg]{BaseRequest: a.base(), Msg: m, Scene: scene})
}

func (c *Client) mediaQuery() url.Values {
	return url.Values{"fun": {"async"}, "f": {"json"}, "lang": {c.opts.Lang}}
}

// fileCall addresses a file that the server has.
func (c *Client) fileCall(a *account, to string, f File, signature string, id SendID, scene int) (call, error) {
	query, appID := c.mediaQuery(), fileAppID
	if a.mode == ModeDesktop {
		query.Set("mod", "desktop")
		appID = ""
	}
	name := fileTitle(f.Name)
	return a.call("webwxsendappmsg", query).withJSON(wire.SendRequest[wire.AppMsg]{
		BaseRequest: a.base(),
		Msg: wire.AppMsg{
			Type: sendFile, Signature: signature,
			Content: wire.FileBody(wire.FileApp{
				AppID: appID, Title: name, Size: f.Size, MediaID: f.MediaID,
				Ext: cmp.Or(strings.TrimPrefix(path.Ext(name), "."), f.Ext),
			}),
			FromUserName: a.selfContact().UserName, ToUserName: to, LocalID: string(id), ClientMsgID: string(id),
		},
		Scene: scene,
	})
}

const (
	fileAppID = "wxeb7ec651dd0aefa9" // section 7.6
	// maxTitle is the longest file name that systems commonly bear, in bytes.
	maxTitle = 255
)

// fileTitle is the name that the receiver sees. One that is too long for any
// system is cut before its extension.
func fileTitle(name string) string {
	name = plain(strings.ToValidUTF8(name, "\uFFFD"))
	if len(name) <= maxTitle {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > 16 {
		ext = ""
	}
	stem := name[:maxTitle-len(ext)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return stem + ext
}
