package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"wxbot/bot/lang"
	"wxbot/bot/trace"
)

// Tracer is what a daemon that keeps traces answers as well:
//
//	GET /v1/trace  Traces; ?n=20 for how many messages, &chat=NAME for one chat,
//	               &id=ID for one message; with &follow=1 a line of JSON, a
//	               trace.Record, for each of them (none without n), and then for each
//	               message and action from now on
//
// Accept-Language says in which language. Its methods may be called concurrently.
type Tracer interface {
	// Traces tells of the newest messages.
	Traces(ctx context.Context, q TraceQuery) ([]trace.View, error)
	// FollowTraces begins to follow; record puts what comes into words, and is false
	// for what is not meant. The caller calls Leave.
	FollowTraces(q TraceQuery) (f *trace.Follower, record func(trace.Item) (trace.Record, bool), err error)
}

// TraceQuery says which messages are meant, and how to tell of them.
type TraceQuery struct {
	N        int    // at most
	Chat, ID string // "" is any
	// Language of the answer. A Client says its own.
	Language lang.Language
}

// Traces is the answer to a question for traces, the newest last.
type Traces struct {
	Traces []trace.View `json:"traces"`
}

// TracesMost is how many messages are told of at once.
const TracesMost = 500

const (
	tracesUsual = 10
	// aliveEvery is how often a stream says that it is alive; who hears nothing for
	// silentMost gives up. lineWait is how long a reader may take for a line.
	aliveEvery = 15 * time.Second
	silentMost = time.Minute
	lineWait   = 10 * time.Second
	// lineMost bounds a line of a stream, in bytes.
	lineMost = 1 << 20
)

// errSlow ends a stream whose reader is too slow.
var errSlow = errors.New("trace: too slow a reader: more happened than could be told")

func (s *Server) traceRoutes(mux *http.ServeMux) {
	d, ok := s.opts.Daemon.(Tracer)
	if !ok {
		return
	}
	mux.HandleFunc("GET /v1/trace", func(w http.ResponseWriter, r *http.Request) {
		q := TraceQuery{N: tracesUsual, Chat: r.FormValue("chat"), ID: r.FormValue("id"), Language: LanguageOf(r.Context())}
		follow := r.FormValue("follow") != ""
		if follow {
			q.N = 0
		}
		if text := r.FormValue("n"); text != "" {
			var err error
			if q.N, err = strconv.Atoi(text); err != nil || q.N < 1 || q.N > TracesMost {
				s.answer(w, nil, fmt.Errorf("trace: n: want a number from 1 to %d", TracesMost))
				return
			}
		}
		if follow {
			s.followTraces(w, r, d, q)
			return
		}
		views, err := d.Traces(r.Context(), q)
		s.answer(w, Traces{Traces: views}, err)
	})
}

// followTraces writes a line for everything that happens until the reader goes or the
// server stops.
func (s *Server) followTraces(w http.ResponseWriter, r *http.Request, d Tracer, q TraceQuery) {
	f, record, err := d.FollowTraces(q)
	if err != nil {
		s.answer(w, nil, err)
		return
	}
	defer f.Leave()
	var before []trace.View // what came meanwhile is in both
	if q.N > 0 {
		if before, err = d.Traces(r.Context(), q); err != nil {
			s.answer(w, nil, err)
			return
		}
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines := json.NewEncoder(w)
	out := http.NewResponseController(w)
	write := func(v any) bool {
		err := out.SetWriteDeadline(time.Now().Add(lineWait))
		if err == nil {
			err = lines.Encode(v)
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			s.opts.Logger.Debug().Err(err).Msg("reader of traces gone")
		}
		return err == nil
	}
	shown := map[string]time.Time{}
	ok := write(trace.Record{})
	for i := range before {
		shown[before[i].ID] = before[i].Time
		ok = ok && write(trace.Record{Trace: &before[i]})
	}
	alive := time.NewTicker(aliveEvery)
	defer alive.Stop()
	for ok {
		select {
		case item, open := <-f.C:
			if !open {
				write(Failure{Error: errSlow.Error()})
				return
			}
			if rec, meant := record(item); meant && (rec.Trace == nil || !rec.Trace.Time.Equal(shown[rec.Trace.ID])) {
				ok = write(rec)
			}
		case <-alive.C:
			ok = write(trace.Record{})
		case <-r.Context().Done():
			return
		case <-s.stopping:
			return
		}
	}
}

func (q TraceQuery) values() url.Values {
	v := url.Values{}
	if q.Chat != "" {
		v.Set("chat", q.Chat)
	}
	if q.ID != "" {
		v.Set("id", q.ID)
	}
	if q.N != 0 {
		v.Set("n", strconv.Itoa(q.N))
	}
	return v
}

// Traces asks why messages were (not) answered; N 0 is a usual number.
func (c *Client) Traces(ctx context.Context, q TraceQuery) ([]trace.View, error) {
	var t Traces
	err := c.do(ctx, call{method: http.MethodGet, what: "trace", query: q.values().Encode(), out: &t})
	return t.Traces, err
}

// FollowTraces calls each for the newest N messages, and then for everything that
// happens, until ctx ends, which is no error.
func (c *Client) FollowTraces(ctx context.Context, q TraceQuery, each func(trace.Record)) error {
	asked := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(silentMost, cancel)
	defer quiet.Stop()
	v := q.values()
	v.Set("follow", "1")
	resp, err := c.request(ctx, call{method: http.MethodGet, what: "trace", query: v.Encode()})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, lineMost)
	for lines.Scan() {
		quiet.Stop() // a slow reader is no silent daemon
		var line struct {
			trace.Record
			Failure
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return fmt.Errorf("trace: %w", err)
		}
		if line.Error != "" {
			return errors.New(line.Error)
		}
		each(line.Record)
		quiet.Reset(silentMost)
	}
	switch {
	case asked.Err() != nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("trace: the daemon has said nothing for %s", silentMost)
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("trace: %w", err)
	}
	return errors.New("trace: the daemon has stopped")
}
