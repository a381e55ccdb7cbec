package bot

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"wxbot/bot/conf"
	"wxbot/bot/rules"
)

// bundle is what a rules file is made of: itself and what it includes, by path.
type bundle map[string]string

// readBundle reads a rules file and whatever it names.
func readBundle(file string, calls func(string) bool) (*rules.Set, bundle, []conf.Problem, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("rules: %w", err)
	}
	files := bundle{file: string(src)}
	read := func(path string) ([]byte, error) {
		if err := below(filepath.Dir(file), path); err != nil {
			return nil, err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			files[path] = string(b)
		}
		return b, err
	}
	set, problems := rules.Parse(file, src, ruleOptions(file, read, calls))
	return set, files, problems, nil
}

// below checks that a path that a rules file names stays below its directory after
// symbolic links.
func below(dir, path string) error {
	realDir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	realPath, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(realDir, realPath); err != nil || !filepath.IsLocal(rel) {
		return fmt.Errorf("%s leads out of %s", path, dir)
	}
	return nil
}

// sizeBelow is the size of a file that stays below a directory.
func sizeBelow(dir, path string) (int64, error) {
	if err := below(dir, path); err != nil {
		return 0, err
	}
	st, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	if !st.Mode().IsRegular() {
		return 0, fmt.Errorf("%s is not a file", path)
	}
	return st.Size(), nil
}

func ruleOptions(file string, read func(string) ([]byte, error), calls func(string) bool) rules.Options {
	return rules.Options{
		Dir:      filepath.Dir(file),
		ReadFile: read,
		Size:     func(path string) (int64, error) { return sizeBelow(filepath.Dir(file), path) },
		Calls:    calls,
		System:   time.Local,
	}
}

func (b bundle) sum() [sha256.Size]byte {
	text, err := json.Marshal(b) // maps are encoded in the order of their keys
	if err != nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(text)
}

// options let the rules be read from the bundle alone, whatever is on the disk by now.
func (b bundle) options(file string, calls func(string) bool) rules.Options {
	o := ruleOptions(file, func(path string) ([]byte, error) {
		text, ok := b[path]
		if !ok {
			return nil, fs.ErrNotExist
		}
		return []byte(text), nil
	}, calls)
	o.Glob = func(pattern string) ([]string, error) {
		var out []string
		for path := range b {
			ok, err := filepath.Match(pattern, path)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, path)
			}
		}
		return out, nil
	}
	return o
}
