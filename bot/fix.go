package bot

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/rules"
)

// Fixed is a file of the rules as it is and as it was surely meant.
type Fixed struct {
	Path          string
	Before, After string
	Lines         int // that differ
}

// fixRounds bounds how often the rules are read anew: one slip may hide another.
const fixRounds = 200

// Fix mends the slips in the rules of a configuration of which there is no doubt what
// was meant: signs of full width, missing quotes, misspelt keys. It writes nothing.
// The problems are those that are left.
func Fix(c Config) (fixed []Fixed, left []conf.Problem, err error) {
	if c.Rules == "" {
		return nil, nil, fmt.Errorf("fix: there is no rules.yaml")
	}
	now, before := bundle{}, bundle{}
	read := func(path string) ([]byte, error) {
		if text, ok := now[path]; ok {
			return []byte(text), nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		now[path], before[path] = string(b), string(b)
		return b, nil
	}
	if _, err := read(c.Rules); err != nil {
		return nil, nil, fmt.Errorf("rules: %w", err)
	}
	included := func(path string) ([]byte, error) {
		if err := below(filepath.Dir(c.Rules), path); err != nil {
			return nil, err
		}
		return read(path)
	}
	for range fixRounds {
		_, left = rules.Parse(c.Rules, []byte(now[c.Rules]), ruleOptions(c.Rules, included, nil))
		mended := 0
		for path, text := range now {
			out, n := conf.Mend(path, []byte(text), left)
			now[path] = string(out)
			mended += n
		}
		if mended == 0 {
			break
		}
	}
	for path, text := range now {
		if n := differing(before[path], text); n > 0 {
			fixed = append(fixed, Fixed{Path: path, Before: before[path], After: text, Lines: n})
		}
	}
	slices.SortFunc(fixed, func(a, b Fixed) int { return strings.Compare(a.Path, b.Path) })
	return fixed, left, nil
}

// differing counts lines that differ; mending neither adds nor removes any.
func differing(a, b string) int {
	before, after := strings.Split(a, "\n"), strings.Split(b, "\n")
	n := 0
	for i := range before {
		if i >= len(after) || before[i] != after[i] {
			n++
		}
	}
	return n
}

// Write replaces the file and keeps the old one beside it. It gives the path of the
// old one.
func (f *Fixed) Write() (old string, err error) {
	info, err := os.Stat(f.Path)
	if err != nil {
		return "", fmt.Errorf("fix: %w", err)
	}
	for n := 1; ; n++ {
		if old = fmt.Sprintf("%s.old%d", f.Path, n); n == 1 {
			old = f.Path + ".old"
		}
		w, err := os.OpenFile(old, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
		if os.IsExist(err) {
			continue
		}
		if err != nil {
			return "", fmt.Errorf("fix: keep the old file: %w", err)
		}
		_, err = w.WriteString(f.Before)
		if err2 := w.Close(); err == nil {
			err = err2
		}
		if err != nil {
			return "", fmt.Errorf("fix: keep the old file: %w", err)
		}
		break
	}
	path, err := filepath.EvalSymlinks(f.Path) // a link stays one
	if err == nil {
		err = writeLike(path, []byte(f.After), info)
	}
	if err != nil {
		return "", fmt.Errorf("fix: %w", err)
	}
	return old, nil
}
