package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/rules"
)

// CheckVersion tells what would be wrong with a version in force.
func CheckVersion(ctx context.Context, o Options, v Version) (problems []conf.Problem, err error) {
	staged, err := os.MkdirTemp("", "wxbot-version-")
	if err != nil {
		return nil, fmt.Errorf("check version: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staged)) }()
	c := o.Config
	if o.Config.Plugins != "" {
		o.Config.Plugins = staged
	}
	overlay, err := c.ruleFiles(v)
	if err != nil {
		return nil, fmt.Errorf("check version: %w", err)
	}
	for name, text := range v.Files {
		if _, err := c.versionPath(name); err != nil {
			return nil, fmt.Errorf("check version: %w", err)
		}
		if rel, plugin := strings.CutPrefix(name, pluginPart); plugin {
			to := filepath.Join(staged, filepath.FromSlash(rel))
			if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
				return nil, fmt.Errorf("check version: %w", err)
			}
			if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
				return nil, fmt.Errorf("check version: %w", err)
			}
		}
	}
	r := &Report{Capabilities: capabilities(c.Mode)}
	exports, err := r.checkPlugins(ctx, o)
	if err != nil {
		return nil, err
	}
	if src, ok := overlay[c.Rules]; ok && c.Rules != "" {
		_, found := rules.Parse(c.Rules, []byte(src), overlay.options(c.Rules, exports))
		r.Problems = append(r.Problems, found...)
	}
	return onlyErrors(r.Problems), nil
}

// RestoreVersion puts the files of a version in place; what is there and differs is
// kept beside it, as FILE.bak. Plugins that the version does not have are put away
// the same, and so are files that its rules would include and it does not have. It
// gives the names of the files that changed. A running daemon loads them
// by itself.
func RestoreVersion(c Config, v Version) (changed []string, err error) {
	now, err := Present(c, v)
	if err != nil {
		return nil, err
	}
	// rules.yaml comes last: it names the others.
	names := slices.Sorted(maps.Keys(v.Files))
	main := filepath.Base(c.Rules)
	slices.SortStableFunc(names, func(a, b string) int { return btoi(a == main) - btoi(b == main) })
	for _, name := range names {
		text := v.Files[name]
		old, there := now.Files[name]
		if there && old == text {
			continue
		}
		path, err := c.versionPath(name)
		if err != nil {
			return changed, err
		}
		if err := replaceKeeping(path, text, c.Rules); err != nil {
			return changed, fmt.Errorf("restore %s: %w", name, err)
		}
		changed = append(changed, name)
	}
	away, err := c.unwanted(now, v)
	if err != nil {
		return changed, err
	}
	for _, name := range away {
		path, err := c.versionPath(name)
		if err == nil {
			err = os.Rename(path, path+backupMark)
		}
		if err != nil {
			return changed, fmt.Errorf("put %s away: %w", name, err)
		}
		changed = append(changed, name)
	}
	return changed, nil
}

// unwanted names the files that a version does not have and that would be loaded with
// it: plugins, and what a pattern of include finds.
func (c Config) unwanted(now, v Version) ([]string, error) {
	var out []string
	for name := range now.Files {
		if _, has := v.Files[name]; !has && strings.HasPrefix(name, pluginPart) {
			out = append(out, name)
		}
	}
	files, err := c.ruleFiles(v)
	if err != nil || c.Rules == "" {
		return out, err
	}
	o := files.options(c.Rules, nil)
	own := o.Glob
	o.Glob = func(pattern string) ([]string, error) {
		there, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		for _, path := range there {
			rel, err := filepath.Rel(filepath.Dir(c.Rules), path)
			if err != nil {
				return nil, err
			}
			name := filepath.ToSlash(rel)
			if _, has := files[path]; !has && !slices.Contains(out, name) {
				out = append(out, name)
			}
		}
		return own(pattern)
	}
	rules.Parse(c.Rules, []byte(files[c.Rules]), o)
	slices.Sort(out)
	return out, nil
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// replaceKeeping replaces a file in one step and keeps the old one beside it. The new
// one has the owner and the mode of the old one, or if there was none, of sibling;
// where a link leads, it is that file.
func replaceKeeping(path, text, sibling string) error {
	if led, err := filepath.EvalSymlinks(path); err == nil {
		path = led
	}
	old, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as the plugins' directory is
			return err
		}
		like, err := os.Stat(sibling)
		if err != nil {
			return writeNewFile(path, []byte(text))
		}
		return writeLike(path, []byte(text), like)
	}
	if err != nil {
		return err
	}
	like, err := os.Stat(path)
	if err != nil {
		return err
	}
	if err := writeLike(path+backupMark, old, like); err != nil {
		return err
	}
	return writeLike(path, []byte(text), like)
}
