package bot

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/rules"
)

// NewRule is a rule that was put into a file.
type NewRule struct {
	Path string
	Line int
	Name string
	// Waits are the problems that the rule would have once it is switched on, such as
	// an earlier rule that takes its messages.
	Waits []conf.Problem
}

// AddRule writes a rule behind the last one of the rules file. text gives it for a
// name; a name that is taken gets a number. A file that is broken, or would be, is
// left as it is. Without a rules file one is written in dir, in trial mode.
func AddRule(c Config, dir, name string, text func(name string) string) (NewRule, error) {
	n := NewRule{Path: c.Rules}
	if n.Path == "" {
		n.Path = filepath.Join(dir, "rules.yaml")
	}
	target, src, info, err := readOrStart(n.Path)
	if err != nil {
		return n, fmt.Errorf("rule new: %w", err)
	}
	now, err := parseAs(n.Path, src)
	if err != nil {
		return n, fmt.Errorf("rule new: the file is left as it is, it has errors:\n%w", err)
	}
	n.Name = free(name, now)
	var out []byte
	if out, n.Line, err = rules.Insert(n.Path, src, text(n.Name)); err != nil {
		return n, fmt.Errorf("rule new: %s: %w", n.Path, err)
	}
	// The rule is where its dash is, as everywhere; comments may stand before it.
	before, _, _ := strings.Cut("\n"+text(n.Name), "\n-")
	n.Line += strings.Count(before, "\n")
	then, err := parseAs(n.Path, out)
	if err != nil {
		return n, fmt.Errorf("rule new: the file is left as it is, it would have errors:\n%w", err)
	}
	if want := append(slices.Clone(now), n.Name); !slices.Equal(slices.Sorted(slices.Values(then)), slices.Sorted(slices.Values(want))) {
		return n, fmt.Errorf("rule new: %s is left as it is: the rule would not be read as it was meant", n.Path)
	}
	if n.Waits, err = switchedOn(n, src, text(n.Name)); err != nil {
		return n, err
	}
	if info == nil {
		err = writeNewFile(target, out)
	} else {
		err = writeLike(target, out, info)
	}
	if err != nil {
		return n, fmt.Errorf("rule new: %w", err)
	}
	return n, nil
}

// startRules begins a rules file where there is none.
const startRules = `settings:
  # trial 是试运行：只判断，不发送，本来要说的话会告诉“文件传输助手”。没有问题了再改成 live。
  mode: trial
  # 管理员，写好友的备注名，例如 [老王]
  admins: []

rules: []
`

// readOrStart gives a file behind its links, or the beginning of a new one.
func readOrStart(path string) (target string, src []byte, info fs.FileInfo, err error) {
	target, err = filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, []byte(startRules), nil, nil
	}
	if err == nil {
		info, err = os.Stat(target)
	}
	if err == nil {
		src, err = os.ReadFile(target)
	}
	return target, src, info, err
}

// parseAs gives the names of the rules that a file would have with another content.
func parseAs(path string, src []byte) ([]string, error) {
	set, problems := parseAlone(path, src)
	if set == nil {
		return nil, &rulesError{onlyErrors(problems)}
	}
	var names []string
	for _, r := range set.Rules() {
		names = append(names, r.Name)
	}
	return names, nil
}

func parseAlone(path string, src []byte) (*rules.Set, []conf.Problem) {
	read := func(p string) ([]byte, error) {
		if err := below(filepath.Dir(path), p); err != nil {
			return nil, err
		}
		return os.ReadFile(p)
	}
	return rules.Parse(path, src, ruleOptions(path, read, nil))
}

// free gives a name that no rule has.
func free(name string, taken []string) string {
	for i, try := 2, name; ; i++ {
		if !slices.Contains(taken, try) {
			return try
		}
		try = name + strconv.Itoa(i)
	}
}

// switchedOn tells what would be wrong with the new rule if it were switched on now.
func switchedOn(n NewRule, src []byte, text string) ([]conf.Problem, error) {
	on := strings.NewReplacer("启用: 否", "启用: 是", "enabled: false", "enabled: true").Replace(text)
	out, line, err := rules.Insert(n.Path, src, on)
	if err != nil {
		return nil, fmt.Errorf("rule new: %s: %w", n.Path, err)
	}
	_, problems := parseAlone(n.Path, out)
	end := line + strings.Count(on, "\n")
	return slices.DeleteFunc(problems, func(p conf.Problem) bool { return p.File != n.Path || p.Line < line || p.Line > end }), nil
}

// writeNewFile writes a file that is not there yet.
func writeNewFile(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // rules are read by the daemon's user too
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
