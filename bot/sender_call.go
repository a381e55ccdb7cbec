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
	"time"

	"wxbot/bot/event"
	"wxbot/bot/luahost"
	"wxbot/bot/outbox"
	"wxbot/wx"
)

// Steps that run code of others: a plugin's function, a web server.

const (
	webhookWait = 5 * time.Second // unless the rule says otherwise
	webhookMost = time.Minute
)

// call runs a plugin's function and sends the text that it returns.
func (s *sender) call(ctx context.Context, c *wx.Client, d event.Delivery) (event.Receipt, error) {
	if err := s.braked(d, d.Chat.Key); err != nil {
		return event.Receipt{}, err
	}
	text, err := s.result(ctx, d)
	if err != nil {
		return event.Receipt{}, err
	}
	if text == "" {
		return s.receipt(""), nil
	}
	if s.settings().Mode == event.ModeTrial {
		// It was chosen while the function ran; the outbox tells what would be sent.
		return event.Receipt{}, held(event.BrakeTrial, "call %s: trial mode: %w", d.Action.Call.Name, outbox.ErrNotReady)
	}
	answer := d
	answer.Action.Kind = event.ActReply
	answer.Action.Message = event.Outgoing{Text: text}
	r, err := s.do(ctx, c, answer)
	if err == nil {
		s.mu.Lock()
		delete(s.called, d.ID)
		s.mu.Unlock()
	}
	return r, err
}

// calledMost bounds the results that wait to be sent.
const calledMost = 1000

// result runs a plugin's function once for a delivery.
func (s *sender) result(ctx context.Context, d event.Delivery) (string, error) {
	s.mu.Lock()
	text, ok := s.called[d.ID]
	s.mu.Unlock()
	if ok {
		return text, nil
	}
	ev, err := s.acc.store.Message(ctx, d.Event)
	if err != nil {
		return "", fmt.Errorf("call %s: %w", d.Action.Call.Name, err)
	}
	text, err = s.plugins(ctx, luahost.Calling{Event: ev, Name: d.Action.Call.Name, Args: d.Action.Call.Args, ID: d.ID})
	if errors.Is(err, luahost.ErrCut) {
		// The daemon is being stopped, or the function takes longer than a delivery may.
		return "", err
	}
	if err != nil {
		return "", fmt.Errorf("call %s: %w: %w", d.Action.Call.Name, outbox.ErrPermanent, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.called) >= calledMost {
		clear(s.called)
	}
	s.called[d.ID] = text
	return text, nil
}

func (s *sender) webhook(ctx context.Context, w *event.Webhook) error {
	if w == nil {
		return fmt.Errorf("webhook: nothing to call: %w", outbox.ErrPermanent)
	}
	wait := webhookWait
	if w.Timeout > 0 {
		wait = min(w.Timeout, webhookMost)
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	body, kind := []byte("{}"), "application/json"
	if w.Form != nil {
		form := url.Values{}
		for k, v := range w.Form {
			form.Set(k, v)
		}
		body, kind = []byte(form.Encode()), "application/x-www-form-urlencoded"
	} else if w.JSON != nil {
		var err error
		if body, err = json.Marshal(w.JSON); err != nil {
			return fmt.Errorf("webhook: %w: %w", outbox.ErrPermanent, err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook: bad URL: %w", outbox.ErrPermanent)
	}
	req.Header.Set("Content-Type", kind)
	resp, err := s.http.Do(req)
	if err != nil {
		// The URL may hold a key, and url.Error shows it.
		if ue, ok := errors.AsType[*url.Error](err); ok {
			err = ue.Err
		}
		return fmt.Errorf("webhook %s: %w: %w", req.URL.Host, outbox.ErrUnknown, err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)); err != nil {
		return fmt.Errorf("webhook %s: %w: %w", req.URL.Host, outbox.ErrUnknown, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("webhook %s: status %d: %w", req.URL.Host, resp.StatusCode, outbox.ErrPermanent)
	}
	return nil
}
