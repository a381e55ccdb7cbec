package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"unicode"
)

const (
	alertAnswerMost    = 64 << 10 // bytes
	alertRedirectsMost = 3
)

// newAlertClient makes the client of all webhooks. It honours the proxy variables.
func newAlertClient() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:             http.ProxyFromEnvironment,
			DisableKeepAlives: true, // alerts are rare
			ForceAttemptHTTP2: true,
		},
		CheckRedirect: checkAlertRedirect,
	}
}

var (
	errAlertElsewhere = errors.New("redirected to another host, which is not followed")
	errAlertRedirect  = errors.New("redirected in a way that loses the text")
)

func checkAlertRedirect(r *http.Request, via []*http.Request) error {
	first := via[0]
	switch {
	case r.URL.Host != first.URL.Host || first.URL.Scheme == "https" && r.URL.Scheme != "https":
		return errAlertElsewhere
	case r.Method != first.Method || len(via) > alertRedirectsMost:
		return errAlertRedirect
	}
	return nil
}

// refusedAlertError is a failure that no repetition changes.
type refusedAlertError struct{ text string }

func (e *refusedAlertError) Error() string { return e.text }

// post sends one alert to a webhook. Its errors show nothing of the request.
func (t *alertTarget) post(ctx context.Context, a *alert) error {
	req, err := t.request(ctx, a)
	if err != nil {
		return err
	}
	resp, err := t.client.Do(req)
	if err != nil {
		return plainNetError(ctx, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, alertAnswerMost))
	if err := checkAlertStatus(resp.StatusCode); err != nil {
		return err
	}
	if err != nil {
		return plainNetError(ctx, err)
	}
	return checkAlertAnswer(body)
}

func (t *alertTarget) request(ctx context.Context, a *alert) (*http.Request, error) {
	body, contentType, err := t.spec.content(a, t.secrets)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.spec.address(a, t.secrets), bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("webhook is no URL")
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "wxbot")
	for _, h := range t.spec.headers {
		req.Header.Set(h.name, headerValue(h.value.fill(a, t.secrets)))
	}
	return req, nil
}

// content gives the body of a webhook's request and its type.
func (s *alertSpec) content(a *alert, secrets map[string]string) (body []byte, contentType string, err error) {
	switch {
	case s.json != nil:
		return s.json.append(nil, a, secrets), "application/json; charset=utf-8", nil
	case s.form != nil:
		v := url.Values{}
		for _, p := range s.form {
			v.Set(p.name, p.value.fill(a, secrets))
		}
		return []byte(v.Encode()), "application/x-www-form-urlencoded", nil
	case s.body != nil:
		return []byte(s.body.fill(a, secrets)), "text/plain; charset=utf-8", nil
	}
	body, err = a.defaultJSON()
	return body, "application/json; charset=utf-8", err
}

// address fills the URL: secrets as they are, since one may be the whole of it,
// what the alert says escaped.
func (s *alertSpec) address(a *alert, secrets map[string]string) string {
	var b strings.Builder
	for _, p := range s.url.parts {
		switch {
		case p.name == "":
			b.WriteString(p.literal)
		case p.secret():
			b.WriteString(secrets[p.name])
		case strings.Contains(b.String(), "?"):
			b.WriteString(url.QueryEscape(a.field(p.name)))
		default:
			b.WriteString(url.PathEscape(a.field(p.name)))
		}
	}
	return b.String()
}

// headerValue makes one line of a text.
func headerValue(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s))
}

// checkAlertStatus takes any 2xx for success. Of the others, those that speak of
// the request itself will not change.
func checkAlertStatus(code int) error {
	switch {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests, code >= 500:
		return fmt.Errorf("status %d", code)
	}
	return &refusedAlertError{fmt.Sprintf("status %d", code)}
}

// checkAlertAnswer looks into the JSON with which chat services refuse a message
// under status 200. Only the number is told: their text may repeat the address.
func checkAlertAnswer(body []byte) error {
	var answer struct {
		Errcode *json.Number `json:"errcode"` // 企业微信, 钉钉
		Code    *json.Number `json:"code"`    // 飞书, Bark, Server酱
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil //nolint:nilerr // an answer of any other shape says nothing against it
	}
	if answer.Errcode != nil && answer.Errcode.String() != "0" {
		return fmt.Errorf("answered errcode %s", answer.Errcode)
	}
	if answer.Code != nil && answer.Code.String() != "0" && answer.Code.String() != "200" {
		// Not repeated: an unknown service may mean success by its number.
		return &refusedAlertError{fmt.Sprintf("answered code %s", answer.Code)}
	}
	return nil
}
