package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"wxbot/wx/wxtest"
)

// simAddr is where sim listens unless told otherwise.
const simAddr = "127.0.0.1:8090"

// simulator is one run of sim.
type simulator struct {
	con       *console
	listen    string
	baseHost  string
	tls       bool
	ca        string // file that the certificate of the authority is written to
	autoLogin bool
	empty     bool
}

func newSim(con *console) *cobra.Command {
	s := &simulator{con: con, baseHost: "wx2.qq.com"}
	cmd := &cobra.Command{
		Use:   "sim",
		Short: "Run a simulated WeChat for clients in any language",
		Long: "sim is a WeChat to test a client against, until SIGINT or SIGTERM: one account\n" +
			"with its phone, a few friends and groups, and a control API by which a test scans\n" +
			"the code, lets people write, and sees what the client sent and did wrong. It\n" +
			"prints how to use it; docs/simulator.md has the rest.",
		RunE: func(cmd *cobra.Command, _ []string) error { return s.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&s.listen, "listen", simAddr, "address to listen on; whoever reaches it is master of the simulator")
	f.BoolVar(&s.tls, "tls", false, "speak HTTPS, with certificates of its own authority for whatever host is asked for")
	f.StringVar(&s.ca, "ca", "wxbot-sim-ca.pem", "with --tls: file that the authority's certificate is written to")
	hosts := []string{"wx.qq.com", "wx2.qq.com", "wx8.qq.com", "web.wechat.com", "web2.wechat.com", "self"}
	choiceFlag(cmd, &s.baseHost, "base-host", hosts, "host that logins lead to; self is the simulator's own address, for clients that cannot keep WeChat's names")
	f.BoolVar(&s.autoLogin, "auto-login", false, "the phone scans and confirms every login by itself")
	f.BoolVar(&s.empty, "empty", false, "begin without friends and groups")
	completeFlag(cmd, "listen", cobra.FixedCompletions([]string{simAddr, "127.0.0.1:0"}, cobra.ShellCompDirectiveNoFileComp))
	completeFlag(cmd, "ca", cobra.FixedCompletions([]string{"pem"}, cobra.ShellCompDirectiveFilterFileExt))
	return cmd
}

func (s *simulator) run(ctx context.Context) (err error) {
	cfg := wxtest.Config{Addr: s.listen, RedirectHost: s.baseHost, Control: true}
	host, _, err := net.SplitHostPort(s.listen)
	if err != nil {
		return usage(fmt.Errorf("listen %q: want HOST:PORT, such as %s", s.listen, simAddr))
	}
	if s.tls {
		if cfg.TLS, err = s.makeTLS(host); err != nil {
			return err
		}
	}
	srv, err := wxtest.Start(cfg)
	if err != nil {
		return fmt.Errorf("sim: %w", err)
	}
	defer func() { err = errors.Join(err, srv.Close()) }()
	if !s.empty {
		seed(srv)
	}
	records, stop := srv.Subscribe(recordBound)
	defer stop()
	s.guide(reachable(srv.URL()))
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		fmt.Fprintf(s.con.err, "warning: %s may be reached from other machines, and the control API asks for no password\n", s.listen)
	}

	var wg sync.WaitGroup
	defer wg.Wait()
	if s.autoLogin {
		wg.Go(func() { logInAlways(ctx, srv) })
	}
	s.report(ctx, srv, records)
	return nil
}

// makeTLS makes an authority, writes its certificate, and gives the settings of
// a server that has its certificates for any host.
func (s *simulator) makeTLS(host string) (*tls.Config, error) {
	a, err := newAuthority(time.Now())
	if err != nil {
		return nil, fmt.Errorf("sim: %w", err)
	}
	if err := os.WriteFile(s.ca, a.pem(), 0o644); err != nil { //nolint:gosec // G306: a certificate is for everybody to read
		return nil, fmt.Errorf("sim: %w", err)
	}
	return a.config(host), nil
}

// logInAlways is the phone of --auto-login. It ends with ctx.
func logInAlways(ctx context.Context, srv *wxtest.Server) {
	var wg sync.WaitGroup
	wg.Go(func() {
		for srv.AwaitPush(ctx) == nil {
			srv.Confirm()
		}
	})
	for srv.Login(ctx) == nil { // waits for the next code each time
	}
	wg.Wait()
}

// reachable is a server's URL with an address that can be connected to, where the
// one listened on is that of every interface.
func reachable(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return server
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsUnspecified() {
		u.Host = net.JoinHostPort("127.0.0.1", u.Port())
	}
	return u.String()
}
