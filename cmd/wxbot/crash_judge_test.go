//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"wxbot/wx/wxtest"
)

// crashEndpoints are all that the daemon of this test has reason to ask.
var crashEndpoints = []string{
	"jslogin", "login", "webwxnewloginpage", "webwxinit", "webwxstatusnotify", "synccheck", "webwxsync",
	"webwxgetcontact", "webwxbatchgetcontact", "webwxsendmsg", "webwxreport",
}

// crashShown is how many faults of a kind are told in full.
const crashShown = 10

// crashFaults are what is wrong, by kind.
type crashFaults map[string][]string

func (f crashFaults) add(kind, format string, args ...any) {
	f[kind] = append(f[kind], fmt.Sprintf(format, args...))
}

// judge compares what was sent with what was asked. quiet is how many requests a
// daemon without work made.
func (r *crashRig) judge(quiet int) {
	r.t.Helper()
	faults := crashFaults{}
	sent := r.sentByText(faults)
	cut := 0
	before := map[int]*question{} // by chat
	talked := 0
	for _, q := range r.asked {
		if q.kind == askTalk {
			talked += r.judgeTalk(faults, before[q.chat], q, sent)
			before[q.chat] = q
			continue
		}
		r.judgeCount(faults, q, sent)
		if q.kind == askPlug && len(sent["B "+q.label]) == 0 {
			cut++
		}
	}
	r.t.Logf("%d messages, %d sent, %d kills, %d handlers cut short between two answers", len(r.asked), len(r.srv.Sent()), len(r.kills), cut)
	r.t.Logf("%d questions of plugins were answered", talked)
	if talked == 0 {
		faults.add("no question of a plugin's was answered", "")
	}
	r.judgeOrder(faults)
	r.judgeRequests(faults, quiet)
	r.judgeProblems(faults)
	for kind, list := range faults {
		r.t.Errorf("%s: %d, such as\n%s", kind, len(list), strings.Join(list[:min(len(list), crashShown)], "\n"))
	}
	if len(faults) > 0 {
		r.t.Logf("the log of the daemon is %s if go test has -artifacts", r.logFile)
		r.t.Logf("last lines of the daemon's log:\n%s", r.logTail())
	}
}

// sentByText sorts what was sent by its text, and finds what nobody asked for.
func (r *crashRig) sentByText(faults crashFaults) map[string][]wxtest.Sent {
	known := map[string]*question{}
	for _, q := range r.asked {
		known[q.label] = q
	}
	sent := map[string][]wxtest.Sent{}
	for _, s := range r.srv.Sent() {
		_, label, _ := strings.Cut(s.Content, " ")
		q := known[label]
		if q == nil {
			faults.add("asked by nobody", "%v", s)
			continue
		}
		if !r.inPlace(q, s) {
			faults.add("in another chat", "%s: %v", q.label, s)
		}
		sent[s.Content] = append(sent[s.Content], s)
	}
	return sent
}

func (r *crashRig) inPlace(q *question, s wxtest.Sent) bool {
	c := r.chats[q.chat]
	switch {
	case q.kind == askSend:
		return s.ToAccount == r.archive
	case c.group != nil:
		return s.ToGroup == c.group
	}
	return s.ToAccount == c.friend
}

// judgeCount looks for what was lost and what came twice.
func (r *crashRig) judgeCount(faults crashFaults, q *question, sent map[string][]wxtest.Sent) {
	due := q.due()
	for _, letter := range []string{"A", "B"} {
		text := letter + " " + q.label
		n := len(sent[text])
		must := slices.Contains(due, text)
		// The second answer of a plugin is the one thing that a death may take.
		may := must || q.kind == askPlug
		switch {
		case n > 1:
			faults.add("twice", "%s\n%s", r.story(q), sentTimes(sent[text]))
		case n == 0 && must:
			faults.add(fmt.Sprintf("lost, answer %s of kind %s", letter, q.kind), "%s", r.story(q))
		case n == 1 && !may:
			faults.add("not deserved", "%s: %v", r.story(q), sent[text][0])
		}
	}
}

// judgeTalk looks at a message to a plugin that asks back. It either ends the question
// that the one before it led to, in the same life of the daemon, or leads to one itself;
// never both, and never neither. It gives 1 for the end of a question.
func (r *crashRig) judgeTalk(faults crashFaults, before, q *question, sent map[string][]wxtest.Sent) (ends int) {
	asked, ended := sent["A "+q.label], sent["B "+q.label]
	switch {
	case len(asked)+len(ended) == 0:
		faults.add("lost, of kind talk", "%s", r.story(q))
	case len(asked)+len(ended) > 1:
		faults.add("twice", "%s\n%s", r.story(q), sentTimes(slices.Concat(asked, ended)))
	}
	if len(ended) == 0 {
		return 0
	}
	if before == nil || len(sent["A "+before.label]) == 0 {
		faults.add("the end of no question", "%s", r.story(q))
		return 1
	}
	at := sent["A "+before.label][0].Time
	for _, k := range r.kills {
		if k.After(at) && k.Before(q.at) {
			faults.add("a question outlived the process", "%s", r.story(q))
		}
	}
	return 1
}

func sentTimes(list []wxtest.Sent) string {
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "    sent %s as %s\n", s.Time.Format(time.StampMilli), s.ClientMsgID)
	}
	return b.String()
}

// judgeOrder looks for answers that overtook others of their chat. A handler that
// sleeps first lets its chat go on, and second answers have their own time, but
// come after the first.
func (r *crashRig) judgeOrder(faults crashFaults) {
	place := map[string]int{}
	for i, s := range r.srv.Sent() {
		if _, ok := place[s.Content]; !ok {
			place[s.Content] = i
		}
	}
	type line struct {
		chat int
		send bool
	}
	last := map[line]*question{}
	for _, q := range r.asked {
		at, answered := place["A "+q.label]
		if !answered {
			continue
		}
		if second, ok := place["B "+q.label]; ok && second < at {
			faults.add("second answer before the first", "%s", r.story(q))
		}
		if q.kind == askLate {
			continue
		}
		l := line{q.chat, q.kind == askSend}
		if before := last[l]; before != nil && place["A "+before.label] > at {
			faults.add("out of order", "%s\n  was answered before\n%s", r.story(q), r.story(before))
		}
		last[l] = q
	}
}

// judgeProblems looks at what the server found wrong with requests.
func (r *crashRig) judgeProblems(faults crashFaults) {
	for _, p := range r.srv.TakeProblems() {
		// A kill while a request is being written cuts its body.
		if p.What != "body cannot be read" {
			faults.add("wrong requests", "%v", p)
		}
	}
}

// judgeRequests bounds what the server was asked: in proportion to the work and to
// the starts, and next to nothing without work.
func (r *crashRig) judgeRequests(faults crashFaults, quiet int) {
	starts, messages, answers := len(r.kills)+2, len(r.asked), len(r.srv.Sent())
	// Each start may find a batch that was handed over and not stored, and up to
	// 8 messages (the workers of the outbox) that were sent and not noted.
	bounds := map[string]int{
		"jslogin":           1,
		"webwxnewloginpage": 1,
		"webwxinit":         starts,
		"webwxstatusnotify": starts,
		"webwxgetcontact":   starts,
		// One for the members of groups, and some for groups that write before.
		"webwxbatchgetcontact": 6 * starts,
		"webwxsync":            messages + answers + 3*starts,
		"synccheck":            messages + answers + 3*starts,
		"webwxsendmsg":         answers + 8*starts,
	}
	for endpoint, most := range bounds {
		n := r.srv.Count(endpoint)
		r.t.Logf("%-22s %6d requests, at most %d", endpoint, n, most)
		if n > most {
			faults.add("too many requests", "%s: %d, want at most %d", endpoint, n, most)
		}
	}
	const idle = 3
	if quiet > idle {
		faults.add("too many requests", "%d within %v without work, want at most %d", quiet, crashQuiet, idle)
	}
}

// story tells what is known of a question: when it was asked, the kills around, and
// what the daemon's log says of it.
func (r *crashRig) story(q *question) string {
	const lines = 12
	var b strings.Builder
	fmt.Fprintf(&b, "  %s %s, message %s, asked %s", q.kind, q.label, q.id, q.at.Format(time.StampMilli))
	for i, k := range r.kills {
		if k.After(q.at) {
			fmt.Fprintf(&b, ", before kill %d at %s", i+1, k.Format(time.StampMilli))
			break
		}
	}
	for _, line := range r.logLines(string(q.id), lines) {
		fmt.Fprintf(&b, "\n    %s", line)
	}
	return b.String()
}

// logLines gives the first lines of the log that hold a text.
func (r *crashRig) logLines(text string, most int) []string {
	f, err := os.Open(r.logFile)
	if err != nil {
		return []string{err.Error()}
	}
	defer f.Close()
	var out []string
	scan := bufio.NewScanner(f)
	for scan.Scan() && len(out) < most {
		if bytes.Contains(scan.Bytes(), []byte(text)) {
			out = append(out, scan.Text())
		}
	}
	return out
}

func (r *crashRig) logTail() string {
	const most = 6 << 10
	log, err := os.ReadFile(r.logFile)
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-most):])
}
