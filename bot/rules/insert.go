package rules

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"wxbot/bot/conf"
)

// Insert puts a rule behind the last one of a file and gives the line in which it
// begins. Nothing else of the file changes: comments, line ends and the order of its
// keys stay. rule is one item of a list, indented by nothing, with \n at line ends.
// The file must be one that Parse takes; an empty one gets a list of its own.
func Insert(name string, src []byte, rule string) (out []byte, line int, err error) {
	root, problems := conf.Parse(name, src)
	if root == nil {
		return nil, 0, fmt.Errorf("%s", problems[0].String())
	}
	lines, eol := splitLines(src)
	at, indent, more := len(lines), "", 0
	switch root.Kind {
	case conf.Null:
	case conf.Scalar:
		return nil, 0, fmt.Errorf("%s is plain text", name)
	case conf.List:
		if indent, err = dashOf(lines, root); err != nil {
			return nil, 0, err
		}
	case conf.Map:
		key, list, end := rulesIn(root, len(lines))
		at = end
		switch {
		case key == nil:
			rule, more = "rules:\n"+rule, 1
		case list.Kind == conf.List && len(list.Items) > 0:
			if indent, err = dashOf(lines, list); err != nil {
				return nil, 0, err
			}
		default:
			// What is written "rules: []" is opened.
			body, ending := cutEnding(lines[key.Line-1])
			if list.Kind == conf.List && !emptyList.MatchString(body) {
				return nil, 0, errBrackets
			}
			lines[key.Line-1] = emptyList.ReplaceAllString(body, "$1$2") + ending
		}
	}
	at = beforeComments(lines, at)
	return spliced(lines, at, eol, indented(rule, indent)), at + 2 + more, nil
}

var (
	emptyList   = regexp.MustCompile(`^([^#]*?:)\s*\[\s*\](.*)$`)
	errBrackets = fmt.Errorf("the rules stand in brackets; write each in lines of its own, beginning with \"- \"")
)

// rulesIn finds the rules of a file that is a map, and the line, from 0, before which
// what follows them begins.
func rulesIn(root *conf.Node, most int) (key, list *conf.Node, end int) {
	end = most
	for _, e := range root.Entries {
		if word, _ := conf.Spelled(topKeys, e.Key.Value); word == "rules" {
			key, list = e.Key, e.Value
		} else if key != nil && e.Key.Line-1 < end {
			end = e.Key.Line - 1
		}
	}
	return key, list, end
}

// dashOf is what stands before the dashes of a list.
func dashOf(lines []string, list *conf.Node) (string, error) {
	if len(list.Items) == 0 {
		return "", errBrackets
	}
	first := list.Items[0]
	line := lines[first.Line-1]
	indent := line[:len(line)-len(strings.TrimLeft(line, " \ufeff"))]
	if !strings.HasPrefix(line[len(indent):], "-") {
		return "", errBrackets
	}
	return strings.TrimPrefix(indent, "\ufeff"), nil
}

// beforeComments passes over the comments and blanks that belong to what follows; at
// the end of the file there is nothing that they could belong to.
func beforeComments(lines []string, at int) int {
	if at == len(lines) {
		return at
	}
	for at > 0 {
		if l := strings.TrimSpace(lines[at-1]); l != "" && !strings.HasPrefix(lines[at-1], "#") {
			break
		}
		at--
	}
	return at
}

func indented(rule, indent string) []string {
	var out []string
	for l := range strings.Lines(rule) {
		if l = strings.TrimRight(l, "\n"); l != "" && l != "rules:" {
			l = indent + l
		}
		out = append(out, l)
	}
	return out
}

// splitLines keeps the end of each line with it, and tells which ends the file has.
func splitLines(src []byte) (lines []string, eol string) {
	eol = "\n"
	switch {
	case bytes.Contains(src, []byte("\r\n")):
		eol = "\r\n"
	case !bytes.Contains(src, []byte("\n")) && bytes.Contains(src, []byte("\r")):
		eol = "\r"
	}
	rest := string(src)
	for rest != "" {
		i := strings.IndexAny(rest, "\r\n")
		if i < 0 {
			return append(lines, rest), eol
		}
		if strings.HasPrefix(rest[i:], "\r\n") {
			i++
		}
		lines = append(lines, rest[:i+1])
		rest = rest[i+1:]
	}
	return lines, eol
}

func cutEnding(line string) (body, ending string) {
	body = strings.TrimRight(line, "\r\n")
	return body, line[len(body):]
}

// spliced puts lines, with an empty one before them, behind the first at of a file.
func spliced(lines []string, at int, eol string, rule []string) []byte {
	var b bytes.Buffer
	for _, l := range lines[:at] {
		b.WriteString(l)
	}
	if n := b.Len(); n > 0 && !strings.ContainsAny(string(b.Bytes()[n-1:]), "\r\n") {
		b.WriteString(eol)
	}
	b.WriteString(eol)
	for _, l := range rule {
		b.WriteString(l + eol)
	}
	for _, l := range lines[at:] {
		b.WriteString(l)
	}
	return b.Bytes()
}
