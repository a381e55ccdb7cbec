package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// seed puts a few people and groups into a simulator.
func seed(srv *wxtest.Server) {
	ming := srv.AddFriend(wxtest.Person{NickName: "小明", WxID: "wxid_xiaoming"})
	wang := srv.AddFriend(wxtest.Person{NickName: "老王", RemarkName: "王经理", WxID: "wxid_laowang"})
	mother := srv.AddFriend(wxtest.Person{NickName: "妈妈", WxID: "wxid_mama"})
	hong := srv.AddStranger(wxtest.Person{NickName: "小红", WxID: "wxid_xiaohong"})
	srv.AddOfficial(wxtest.Person{NickName: "每日新闻", WxID: "gh_meirixinwen"})
	srv.AddGroup("家庭群", mother, ming)
	srv.AddGroup("客户一群", wang, ming, hong)
}

// guide prints how to connect and how to play the people.
func (s *simulator) guide(at string) {
	l := s.con.lang()
	trust, curl := "", "curl"
	if s.tls {
		trust, curl = "SSL_CERT_FILE="+s.ca+" ", "curl --cacert "+s.ca
	}
	fmt.Fprintf(s.con.out, "%s %s\n", lang.T("simulated WeChat on").In(l), at)
	if s.tls {
		fmt.Fprintf(s.con.out, "%s %s\n", lang.T("certificate of its authority in").In(l), s.ca)
	}
	say := `'{"from":"小明","text":"你好"}'`
	if s.empty {
		say = `'{"to":"filehelper","text":"你好"}'`
	}
	for _, line := range []struct{ what, command string }{
		{lang.T("a client").In(l), trust + "wxbot run --server " + at},
		{lang.T("scan and confirm").In(l), curl + " -X POST " + at + "/sim/login"},
		{lang.T("let somebody write").In(l), curl + " --json " + say + " " + at + "/sim/say"},
		{lang.T("what the client sent").In(l), curl + " '" + at + "/sim/sent?wait=10'"},
		{lang.T("what it did wrong").In(l), curl + " " + at + "/sim/problems"},
		{lang.T("everything else").In(l), curl + " " + at + "/sim/"},
	} {
		fmt.Fprintf(s.con.out, "  %s  %s\n", pad(line.what, 22), line.command)
	}
	if s.autoLogin {
		fmt.Fprintf(s.con.out, "%s\n", lang.T("the phone scans and confirms by itself").In(l))
	}
	fmt.Fprintln(s.con.out)
}

// problemPace is how often new problems are looked for.
const problemPace = 500 * time.Millisecond

// report writes a line for all that the client does and for all that is wrong
// with its requests, until ctx ends.
func (s *simulator) report(ctx context.Context, srv *wxtest.Server, records <-chan wxtest.Record) {
	tick := time.NewTicker(problemPace)
	defer tick.Stop()
	told := map[string]bool{}
	for {
		select {
		case r := <-records:
			s.line(r.Time, r.Kind.String(), recordLine(r))
		case <-tick.C:
			s.problems(srv, told)
		case <-ctx.Done():
			s.problems(srv, told)
			return
		}
	}
}

func (s *simulator) problems(srv *wxtest.Server, told map[string]bool) {
	for _, p := range srv.Problems() {
		p.Count = 1 // each kind is told once
		if text := p.String(); !told[text] {
			told[text] = true
			s.line(p.Time, "problem", text)
		}
	}
}

func (s *simulator) line(at time.Time, what, text string) {
	text = strings.ReplaceAll(text, "\n", "\n"+strings.Repeat(" ", len(time.TimeOnly)+2+10+2))
	fmt.Fprintf(s.con.out, "%s\n", strings.TrimRight(fmt.Sprintf("%s  %-10s  %s", at.Format(time.TimeOnly), what, text), " "))
}

func recordLine(r wxtest.Record) string {
	chat, text := described(r)
	var names []string
	for _, a := range r.Accounts {
		names = append(names, a.NickName())
	}
	if r.Upload != nil {
		text = fmt.Sprintf("%s, %d bytes", r.Upload.Name, r.Upload.Size)
	}
	parts := []string{}
	for _, p := range []string{chat, strings.Join(names, "、"), text} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, ": ")
}
