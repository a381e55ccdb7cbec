// Package wx is a client of the WeChat web protocol ("webwx"): it logs in by QR
// code, holds the sync loop and sends. It knows nothing of rules, plugins or the
// daemon; anybody can use it alone.
//
//	c, err := wx.New(wx.Options{Sink: func(ctx context.Context, b wx.Batch) error { … }})
//	err = c.Run(ctx) // logs in, then delivers until ctx ends
//
// All methods may be called concurrently; Run once. Section numbers in comments
// are those of the project's protocol notes.
package wx

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/rs/zerolog"
)

// Client is one account's connection.
type Client struct {
	opts   Options
	log    zerolog.Logger
	web    *http.Client
	jar    *jar
	dir    *Directory
	load   *loader
	own    *recent
	health health
	sink   chan struct{} // holds a token while the sink runs
	done   chan struct{} // closed when Run has ended

	mu      sync.Mutex
	started bool
	state   State
	acct    *account
	// leave ends the poll; leaving is set from an own logout on, left when it
	// has succeeded.
	leave         context.CancelCauseFunc
	leaving, left bool
}

// errLeft is why the poll ends after an own logout.
var errLeft = errors.New("logged out by this client")

// New checks the options. It opens and starts nothing.
func New(opts Options) (*Client, error) {
	server, err := opts.validate()
	if err != nil {
		return nil, err
	}
	opts.setDefaults()
	var stored []cookie
	switch {
	case opts.Session != nil:
		stored = opts.Session.stored.Cookies
	case opts.Push != nil:
		stored = opts.Push.stored.Cookies
	}
	c := &Client{
		opts: opts,
		log:  opts.Logger.With().Str("component", "wx").Logger(),
		jar:  newJar(stored, opts.Server != ""),
		dir:  newDirectory(),
		load: newLoader(),
		own:  newRecent(ownMessages),
		sink: make(chan struct{}, 1),
		done: make(chan struct{}),
	}
	transport := opts.Transport
	if transport == nil {
		transport = newTransport(server)
	}
	if server != nil {
		transport = &rewriter{next: transport, server: server}
	}
	c.web = &http.Client{
		Transport: transport,
		Jar:       c.jar,
		// A redirect on webwxnewloginpage carries the keys in its body
		// (section 3.5); no other endpoint redirects to anything of use.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Run takes up the stored session or logs in by push or QR code, then delivers batches
// to the sink until ctx ends, which gives nil, as does an own Logout. It returns
// an error matching ErrLoggedOut when the session is over, a *RefusedError when
// WeChat refuses the account, ErrNoScan after a round of QR codes, an *APIError
// if webwxinit says no (1205: the account is throttled; do not log in again for
// hours), or what the sink returned. It never logs in a second time by itself. A
// stored session found dead gives ErrLoggedOut as well, without showing a QR
// code. Failures of the network and answers that make no sense are waited out.
// Call it once.
func (c *Client) Run(ctx context.Context) error {
	c.mu.Lock()
	if c.started {
		c.mu.Unlock()
		return errors.New("wx: Run called twice")
	}
	c.started = true
	c.mu.Unlock()
	defer c.web.CloseIdleConnections()
	defer close(c.done)

	err := c.reason(c.session(ctx))
	if e, ok := errors.AsType[*sinkError](err); ok && (ctx.Err() == nil || !errors.Is(err, ctx.Err())) {
		c.changeState(StateOffline, e.err)
		return e.err
	}
	if ctx.Err() != nil {
		c.changeState(StateOffline, nil)
		return nil
	}
	return c.end(ctx, err)
}

// reason is why the session ended, nil if this client ended it itself: the poll
// may hear of the logout before its answer comes.
func (c *Client) reason(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left && (errors.Is(err, errLeft) || errors.Is(err, context.Canceled)) || c.leaving && errors.Is(err, ErrLoggedOut) {
		return nil
	}
	return err
}

// end tells the sink how the session ended and gives Run's error.
func (c *Client) end(ctx context.Context, err error) error {
	var events []Event
	if e, ok := errors.AsType[*RefusedError](err); ok {
		events = append(c.changeState(StateRefused, err), Refused{Code: e.Code, Text: e.Text})
	} else if err == nil || errors.Is(err, ErrLoggedOut) {
		events = append(c.changeState(StateLoggedOut, err), LoggedOut{Reason: err})
	} else {
		events = c.changeState(StateOffline, err)
	}
	if sinkErr := c.emit(ctx, events...); sinkErr != nil && ctx.Err() == nil {
		return errors.Join(err, sinkErr)
	}
	return err
}

// session is the life of one session from login to its end.
func (c *Client) session(ctx context.Context) error {
	a, err := c.begin(ctx)
	if err != nil {
		return err
	}
	news, err := c.start(ctx, a)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var tasks sync.WaitGroup
	task := func(name string, run func(context.Context, *account) error) {
		tasks.Go(func() {
			err := run(ctx, a)
			c.log.Debug().Str("task", name).Err(err).Msg("task ended")
			if err != nil {
				cancel(err) // the first error wins
			}
		})
	}
	// Lookups work from the first batch on; everything else follows it.
	if a.mode != ModeFileHelper {
		task("batch", c.batchLoop)
	}
	task("poll", func(ctx context.Context, a *account) error {
		if err := c.deliver(ctx, news); err != nil {
			return err
		}
		if a.mode == ModeFileHelper {
			if err := c.withoutContacts(ctx); err != nil {
				return err
			}
			return c.pollLoop(ctx, a)
		}
		c.notifyInited(ctx, a)
		task("list", c.listLoop)
		task("announce", c.announceLoop)
		task("groups", c.groupLoop)
		return c.pollLoop(ctx, a)
	})
	tasks.Wait()
	return context.Cause(ctx)
}

// begin gives the stored session or logs in.
func (c *Client) begin(ctx context.Context) (*account, error) {
	if c.opts.Session != nil {
		return restoreAccount(c.opts.Session), c.enter(ctx, StateStarting, nil)
	}
	if c.opts.Push != nil {
		a, err := c.pushLogin(ctx, c.opts.Push)
		if !errors.Is(err, errNoPush) {
			return a, err
		}
	}
	return c.login(ctx)
}

// Self is the account's own contact, zero before LoggedIn.
func (c *Client) Self() Contact {
	a, err := c.account()
	if err != nil {
		return Contact{}
	}
	return a.selfContact().clone()
}

// Directory is what is known of contacts and groups.
func (c *Client) Directory() *Directory { return c.dir }

// account gives the session that calls are made with.
func (c *Client) account() (*account, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.acct == nil {
		return nil, ErrNotReady
	}
	return c.acct, nil
}

// Logout ends the session at the server (webwxlogout) and with it Run, which
// then returns nil.
func (c *Client) Logout(ctx context.Context) error {
	a, err := c.account()
	if err != nil {
		return err
	}
	c.setLeaving(true)
	if err := c.sendLogout(ctx, a); err != nil {
		if !errors.Is(err, ErrUnknownOutcome) {
			c.setLeaving(false)
		}
		return err
	}
	c.mu.Lock()
	c.left = true
	leave := c.leave
	c.mu.Unlock()
	if leave != nil {
		leave(errLeft)
	}
	return nil
}

// untilLeft gives a context that an own logout ends, for the poll alone: what
// has been fetched is still handed to the sink.
func (c *Client) untilLeft(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leave = cancel
	if c.left {
		cancel(errLeft)
	}
	return ctx, cancel
}

func (c *Client) setLeaving(v bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.leaving = v
}
