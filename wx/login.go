package wx

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"wxbot/wx/internal/wire"
)

const (
	webAppID = "wx782c26e4c19acffb" // section 3.1
	cgiPath  = "/cgi-bin/mmwebwx-bin/"

	// badAnswers is how many answers in a row that make no sense end what asked
	// for them: a QR code, or the round.
	badAnswers = 5
	// exchangeTries is how often the keys are asked for (section 3.5), and
	// ticketLife how long the ticket is good for (section 14).
	exchangeTries = 3
	ticketLife    = 240 * time.Second
	// pollFloor is the least time between two login polls that were answered at
	// once.
	pollFloor = time.Second
)

// login shows QR codes until one is confirmed and exchanges its ticket for keys.
func (c *Client) login(ctx context.Context) (*account, error) {
	for attempt := 1; attempt <= c.opts.MaxQR; attempt++ {
		uuid, err := c.fetchUUID(ctx)
		if err != nil {
			return nil, err
		}
		ready := QRReady{
			Payload: Secret("https://" + pictureHost + "/l/" + uuid),
			Picture: c.fetchPicture(ctx, uuid),
			Attempt: attempt, Max: c.opts.MaxQR,
		}
		if err := c.emit(ctx, append(c.changeState(StateAwaitingScan, nil), ready)...); err != nil {
			return nil, err
		}
		redirect, err := c.awaitScan(ctx, prompt{uuid: uuid})
		if err != nil {
			return nil, err
		}
		if redirect != nil {
			return c.redeem(ctx, redirect)
		}
	}
	return nil, ErrNoScan
}

// fetchUUID gets the id of a new QR code (section 3.1). It waits out a network
// that is down, but not answers without an id: the address may be blocked.
func (c *Client) fetchUUID(ctx context.Context) (string, error) {
	retry := backoff{least: retryMin, most: retryMax}
	for bad := 0; ; {
		now := time.Now().UnixMilli()
		a, err := c.do(ctx, call{endpoint: "jslogin", url: "https://" + loginHost + "/jslogin?" + url.Values{
			"appid":        {c.opts.Mode.appID()},
			"redirect_uri": {c.opts.Mode.landing()},
			"fun":          {"new"},
			"lang":         {c.opts.Lang},
			"_":            {strconv.FormatInt(now, 10)},
		}.Encode()})
		if err == nil {
			var q wire.QRLogin
			q, err = wire.DecodeQRLogin(a.body)
			switch {
			case err != nil:
				err = fmt.Errorf("jslogin: %w", err)
			case q.Code == http.StatusOK && q.UUID != "":
				return q.UUID, nil
			default:
				err = fmt.Errorf("jslogin: code %d without an id: this address may be blocked", q.Code)
			}
			if bad++; bad >= badAnswers {
				return "", err
			}
		}
		if err := c.retryLater(ctx, &retry, err); err != nil {
			return "", err
		}
	}
}

// fetchPicture gets the server's own picture of a QR code, nil if that fails.
func (c *Client) fetchPicture(ctx context.Context, uuid string) []byte {
	a, err := c.do(ctx, call{
		endpoint: "qrcode", class: classPicture,
		url: "https://" + pictureHost + "/qrcode/" + url.PathEscape(uuid),
	})
	if err != nil || http.DetectContentType(a.body) != "image/jpeg" {
		return nil
	}
	return a.body
}

// prompt is something the phone's owner is to confirm.
type prompt struct {
	uuid     string
	scanned  bool          // there is nothing to scan: a push login
	patience time.Duration // 0: until the server says that it has expired
}

// awaitScan polls until the code is confirmed, cancelled or expired (section
// 3.3), and gives where the ticket is, nil if there is none. It is patient after the scan: the phone makes people wait 5 s.
func (c *Client) awaitScan(ctx context.Context, ask prompt) (*url.URL, error) {
	retry := backoff{least: retryMin, most: retryMax}
	scanned := ask.scanned
	// Only the polls end with patience; the sink's context does not.
	wait, cancel := ctx, context.CancelFunc(func() {})
	if ask.patience > 0 {
		wait, cancel = context.WithTimeout(ctx, ask.patience)
	}
	defer cancel()
	for tip, bad := "1", 0; bad < badAnswers; tip = "0" {
		started := time.Now()
		c.health.noteTurned(started)
		p, err := c.loginPoll(wait, ask.uuid, tip)
		redirect, redirectErr := parseRedirect(p.RedirectURI)
		switch {
		case err != nil && wait.Err() != nil && ctx.Err() == nil:
			return nil, c.emit(ctx, QRExpired{})
		case err != nil || p.Code == 500:
			if err == nil {
				err = errors.New("login: code 500")
			}
			if _, ok := errors.AsType[*answerError](err); ok || p.Code == 500 {
				bad++
			}
			if err := c.retryLater(ctx, &retry, err); err != nil {
				return nil, err
			}
			continue
		case p.Code == 200 && redirectErr == nil:
			return redirect, nil
		case p.Code == 202:
			return nil, c.emit(ctx, QRCancelled{})
		case p.Code == 400:
			return nil, c.emit(ctx, QRExpired{})
		case p.Code == 201 && !scanned:
			scanned, bad = true, 0
			err := c.emit(ctx, append(c.changeState(StateAwaitingConfirm, nil), QRScanned{Avatar: p.Avatar})...)
			if err != nil {
				return nil, err
			}
		case p.Code == 201, p.Code == 408:
			bad = 0
		default:
			bad++
			c.log.Warn().Int("code", p.Code).Msg("login poll answered with an unknown code")
		}
		retry.reset()
		if err := c.enter(ctx, waitingState(scanned), nil); err != nil {
			return nil, err
		}
		if err := pause(ctx, pollFloor-time.Since(started)); err != nil {
			return nil, err
		}
	}
	return nil, c.emit(ctx, QRExpired{})
}

func waitingState(scanned bool) State {
	if scanned {
		return StateAwaitingConfirm
	}
	return StateAwaitingScan
}

func (c *Client) loginPoll(ctx context.Context, uuid, tip string) (wire.LoginPoll, error) {
	now := time.Now().UnixMilli()
	query := url.Values{
		"loginicon": {"true"},
		"uuid":      {uuid},
		"tip":       {tip},
		"r":         {strconv.FormatInt(int64(notMillis(now)), 10)},
		"_":         {strconv.FormatInt(now, 10)},
	}
	if c.opts.Mode == ModeFileHelper {
		query.Set("appid", helperAppID)
	}
	a, err := c.do(ctx, call{endpoint: "login", class: classPoll, url: "https://" + loginHost + cgiPath + "login?" + query.Encode()})
	if err != nil {
		return wire.LoginPoll{}, err
	}
	p, err := wire.DecodeLoginPoll(a.body)
	if err != nil {
		return wire.LoginPoll{}, &answerError{endpoint: "login", cause: err}
	}
	return p, nil
}

// notMillis is the bitwise NOT of a time as JavaScript computes it: of the lower
// 32 bits (section 2.2).
func notMillis(ms int64) int32 { return ^int32(ms) }

func parseRedirect(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("no usable redirect_uri")
	}
	return u, nil
}

// redeem exchanges the ticket in redirect_uri for the keys of a session (section
// 3.5). The ticket may be used more than once, so failures are tried again.
func (c *Client) redeem(ctx context.Context, redirect *url.URL) (*account, error) {
	if err := c.enter(ctx, StateStarting, nil); err != nil {
		return nil, err
	}
	retry := backoff{least: retryMin, most: 10 * time.Second}
	deadline := time.Now().Add(ticketLife)
	followed := false
	for try := 1; ; {
		page, err := c.loginPage(ctx, redirect)
		_, answered := errors.AsType[*answerError](err)
		if err == nil {
			if page.Complete() {
				return newAccount(c.opts.Mode, hostsFrom(redirect), page), nil
			}
			if refused(page) {
				return nil, &RefusedError{Code: page.Ret, Text: wire.DecodeText(page.Message)}
			}
			if next, nextErr := parseRedirect(page.RedirectURL); nextErr == nil && !followed {
				redirect, followed = next, true
				continue
			}
			err, answered = withoutKeys(page), true
		}
		if answered {
			try++
		}
		if try > exchangeTries || time.Now().After(deadline) {
			return nil, err
		}
		if err := c.retryLater(ctx, &retry, err); err != nil {
			return nil, err
		}
	}
}

// withoutKeys is the error of an answer that is whole but has no keys. That
// WeChat gives none, try after try, is a refusal.
func withoutKeys(p wire.LoginPage) error {
	if p.HTML {
		return errors.New("webwxnewloginpage: a web page came instead of the keys")
	}
	return &RefusedError{Code: p.Ret, Text: "webwxnewloginpage gave no keys"}
}

// refused tells a refusal from keys that are missing: by the code, or by a
// reason where there should be keys.
func refused(p wire.LoginPage) bool {
	if p.HTML || p.RedirectURL != "" && p.Ret == 0 {
		return false
	}
	return p.Ret != 0 || !p.Complete() && p.Message != "" && p.Message != "OK"
}

func (c *Client) loginPage(ctx context.Context, redirect *url.URL) (wire.LoginPage, error) {
	u := *redirect
	if u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += "fun=new&version=v2"
	h := hostsFrom(redirect)
	u.Scheme = h.Scheme
	q := call{endpoint: "webwxnewloginpage", referer: h.referer(), anyStatus: true}
	if c.opts.Mode == ModeDesktop {
		if u.Query().Get("mod") == "" {
			u.RawQuery += "&mod=desktop"
		}
		q.referer = "https://" + hintHost + "/?&lang=" + url.QueryEscape(c.opts.Lang) + "&target=t"
		q.header = map[string]string{"client-version": desktopVersion, "extspam": desktopSpam}
	}
	q.url = u.String()
	a, err := c.do(ctx, q)
	if err != nil {
		return wire.LoginPage{}, err
	}
	p, err := wire.DecodeLoginPage(a.body)
	if err != nil {
		if a.status >= http.StatusInternalServerError {
			return wire.LoginPage{}, &statusError{endpoint: "webwxnewloginpage", status: a.status}
		}
		return wire.LoginPage{}, &answerError{endpoint: "webwxnewloginpage", cause: err}
	}
	return p, nil
}
