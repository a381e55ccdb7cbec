package wx

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"wxbot/wx/internal/wire"
)

// pushPatience is how long the phone has to confirm a push login. Tencent's page
// shows a QR code after that (section 3.4).
const pushPatience = 5 * time.Minute

// errNoPush: the push login came to nothing, so a QR code is to be shown.
var errNoPush = errors.New("no push login")

// pushLogin has the phone ask its owner to log in without a scan, once (section
// 3.4). It returns errNoPush if that comes to nothing, for whatever reason.
func (c *Client) pushLogin(ctx context.Context, ended *Session) (*account, error) {
	uuid, err := c.askPhone(ctx, &ended.stored)
	if err != nil {
		return nil, c.withoutPush(ctx, err)
	}
	if err := c.emit(ctx, append(c.changeState(StateAwaitingConfirm, nil), PushSent{})...); err != nil {
		return nil, err
	}
	redirect, err := c.awaitScan(ctx, prompt{uuid: uuid, scanned: true, patience: pushPatience})
	if err != nil {
		return nil, err
	}
	if redirect != nil {
		return c.redeem(ctx, redirect)
	}
	return nil, c.withoutPush(ctx, errors.New("not confirmed"))
}

// withoutPush clears the way for QR codes: whoever scans them need not be the
// account whose cookies these are.
func (c *Client) withoutPush(ctx context.Context, cause error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	c.log.Info().Err(cause).Msg("no push login, a QR code is needed")
	c.jar.clear()
	return errNoPush
}

// askPhone calls webwxpushloginurl once. It is not repeated, lest the phone ask
// its owner twice.
func (c *Client) askPhone(ctx context.Context, ended *storedSession) (uuid string, err error) {
	query := url.Values{"uin": {strconv.FormatInt(ended.Uin, 10)}}
	if c.opts.Mode == ModeDesktop {
		query.Set("mod", "desktop")
	}
	u := url.URL{
		Scheme: ended.Hosts.Scheme, Host: ended.Hosts.Base, Path: cgiPath + "webwxpushloginurl",
		RawQuery: query.Encode(),
	}
	for _, name := range []string{"webwxuvid", "webwx_auth_ticket"} {
		if c.jar.value(&u, name) == "" {
			return "", fmt.Errorf("webwxpushloginurl: no cookie %s", name)
		}
	}
	a, err := c.do(ctx, call{endpoint: "webwxpushloginurl", url: u.String(), referer: ended.Hosts.referer()})
	if err != nil {
		return "", err
	}
	p, err := wire.DecodePushLogin(a.body)
	if err != nil {
		return "", &answerError{endpoint: "webwxpushloginurl", cause: err}
	}
	if p.Ret != 0 {
		return "", &APIError{Endpoint: "webwxpushloginurl", Ret: p.Ret}
	}
	if p.UUID == "" {
		return "", &answerError{endpoint: "webwxpushloginurl", cause: errors.New("no uuid in the answer")}
	}
	return p.UUID, nil
}
