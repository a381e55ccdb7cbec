package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"wxbot/bot/lang"
	"wxbot/wx/wxtest"
)

// talk lets a person at the terminal write as one of the people until the input
// ends.
func (st *stage) talk(ctx context.Context, in io.Reader) error {
	who := speaker{name: "小明"}
	st.help()
	lines := readLines(ctx, in)
	prompt := func() { fmt.Fprint(st.paper.w, st.paper.in(bold, who.String()+" > ")) }
	for {
		prompt()
		line, ok := "", false
		got := false
		for !got {
			select {
			case line, ok = <-lines:
				got = true
			case r := <-st.records:
				fmt.Fprintln(st.paper.w)
				st.record(r)
				prompt()
			case n := <-st.notices:
				fmt.Fprintln(st.paper.w)
				st.notice(n)
				prompt()
			case err := <-st.ended:
				st.over = true
				return fmt.Errorf("%w: %w", errDaemonEnded, err)
			case <-ctx.Done():
				return nil
			}
		}
		if !ok {
			fmt.Fprintln(st.paper.w)
			return nil
		}
		st.typed(&who, strings.TrimSpace(line))
	}
}

// readLines reads lines until the input ends or ctx does. A read that waits for
// a terminal cannot be called off: its goroutine then ends with the process.
func readLines(ctx context.Context, in io.Reader) <-chan string {
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(in); s.Scan(); {
			select {
			case lines <- s.Text():
			case <-ctx.Done():
				return
			}
		}
	}()
	return lines
}

// speaker is as whom, and where, the person types.
type speaker struct {
	group string // "" is in private
	name  string
}

func (s speaker) String() string {
	if s.group == "" {
		return s.name
	}
	return s.group + "/" + s.name
}

func (st *stage) typed(who *speaker, line string) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "":
	case "/help", "/帮助":
		st.help()
	case "/who", "/谁":
		st.who()
	case "/as", "/我是":
		if s, err := st.speaker(strings.TrimSpace(rest)); err != nil {
			st.paper.remark(lang.Say(err, st.lang))
		} else {
			*who = s
		}
	default:
		st.say(*who, line)
	}
}

func (st *stage) say(who speaker, text string) {
	p := st.people[who.name]
	if who.group != "" {
		st.groups[who.group].Say(p, text)
		return
	}
	p.Say(text)
}

// speaker finds who is meant by "name" or "group/name". A new name in private
// is a new friend.
func (st *stage) speaker(s string) (speaker, error) {
	group, name, inGroup := strings.Cut(s, "/")
	if !inGroup {
		group, name = "", s
	}
	if name == "" {
		return speaker{}, lang.Errorf("as whom? /as NAME or /as GROUP/NAME")
	}
	if !inGroup {
		if p := st.people[name]; p == nil {
			st.people[name] = st.srv.AddFriend(wxtest.Person{NickName: name})
		} else if !p.IsFriend() {
			p.Befriend()
		}
		return speaker{name: name}, nil
	}
	g := st.groups[group]
	if g == nil {
		return speaker{}, lang.Errorf("no group %q", group)
	}
	if p := st.people[name]; p == nil || !slices.Contains(g.Members(), p) {
		return speaker{}, lang.Errorf("%q is not in %s", name, group)
	}
	return speaker{group: group, name: name}, nil
}

func (st *stage) help() {
	for line := range strings.Lines(lang.T("Now you: what you type is sent to the bot.\n" +
		"/as 小明  or  /as 客户一群/小明   who you are and where; a new name is a new friend\n" +
		"/who                             who is there\n" +
		"Ctrl-D                           end\n").In(st.lang)) {
		st.paper.remark(strings.TrimRight(line, "\n"))
	}
	st.paper.remark(lang.T("rules of this demo: ").In(st.lang) + st.rules)
}

func (st *stage) who() {
	var friends []string
	for _, name := range slices.Sorted(maps.Keys(st.people)) {
		if st.people[name].IsFriend() {
			friends = append(friends, name)
		}
	}
	st.paper.remark(strings.Join(friends, " "))
	for _, name := range slices.Sorted(maps.Keys(st.groups)) {
		var members []string
		for _, m := range st.groups[name].Members() {
			if m != st.srv.Self() {
				members = append(members, name+"/"+m.NickName())
			}
		}
		st.paper.remark(strings.Join(members, " "))
	}
}
