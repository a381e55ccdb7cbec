package bot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Every good version of rules and plugins is kept in the state directory for a while,
// so that a change can be looked at and taken back.

const (
	versionsMost = 20
	// versionBytes bounds the texts of one version.
	versionBytes = 16 << 20
	// pluginPart begins the names of the plugins' files in a version; the others are
	// those of the rules.
	pluginPart = "plugins/"
	backupMark = ".bak"
)

// Version is what rules and plugins once were, all of it good.
type Version struct {
	N    int       `json:"n"`
	At   time.Time `json:"at"`
	Hash string    `json:"hash"`
	// Files are the texts: the rules by their paths from the directory of rules.yaml,
	// the plugins' files by those from theirs, after plugins/.
	Files map[string]string `json:"files"`
}

func sumOf(files map[string]string) string {
	text, err := json.Marshal(files) // in the order of the names
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:4])
}

// keepVersion keeps what is in force as the newest version.
func (b *Bot) keepVersion() {
	for _, p := range b.host.Plugins() {
		if !p.Problem.IsZero() {
			return // not all of it is good
		}
	}
	c := b.opts.Config
	files, good, err := b.live.goodFiles()
	if !good {
		return // an earlier bundle is in force
	}
	if err == nil {
		err = addPlugins(files, c.Plugins)
	}
	if err == nil && len(files) > 0 {
		err = keepVersion(c.State, files, time.Now())
	}
	if err != nil {
		b.log.Error().Err(err).Msg("version of rules and plugins not kept")
	}
}

// goodFiles are the files of the rules in force, by their names in a version; good
// tells that those on disk are in force, or that there are none.
func (l *live) goodFiles() (out map[string]string, good bool, err error) {
	out = map[string]string{}
	if l.file == "" {
		return out, true, nil
	}
	l.mu.Lock()
	hash := l.hash
	l.mu.Unlock()
	if hash == [sha256.Size]byte{} {
		return nil, false, nil
	}
	text, err := os.ReadFile(l.lastGood)
	if err != nil {
		return nil, true, err
	}
	files := bundle{}
	if err := json.Unmarshal(text, &files); err != nil {
		return nil, true, fmt.Errorf("%s: %w", l.lastGood, err)
	}
	if files.sum() != hash {
		return nil, true, fmt.Errorf("%s is not of the rules in force: it could not be written", l.lastGood)
	}
	for path, text := range files {
		rel, err := filepath.Rel(filepath.Dir(l.file), path)
		if err != nil {
			return nil, true, err
		}
		name := filepath.ToSlash(rel)
		if strings.HasPrefix(name, pluginPart) {
			return nil, true, fmt.Errorf("%s belongs to the rules and lies among the plugins", name)
		}
		out[name] = text
	}
	return out, true, nil
}

// addPlugins adds the files of plugins that are there now.
func addPlugins(files map[string]string, dir string) error {
	if dir == "" {
		return nil
	}
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		name := filepath.Base(path)
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != dir && strings.HasPrefix(name, "."):
			return fs.SkipDir
		case !e.Type().IsRegular() || filepath.Ext(name) != ".lua" && path != filepath.Join(dir, "plugins.yaml"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if !utf8.Valid(text) { // JSON cannot hold it
			return fmt.Errorf("%s is not UTF-8", path)
		}
		files[pluginPart+filepath.ToSlash(rel)] = string(text)
		return nil
	})
}

// keepVersion writes a version, unless the newest one is the same, and drops the
// oldest.
func keepVersion(state string, files map[string]string, now time.Time) error {
	size := 0
	for _, text := range files {
		size += len(text)
	}
	if size > versionBytes {
		return fmt.Errorf("%d bytes are more than %d", size, versionBytes)
	}
	old, err := versionNumbers(state)
	if err != nil {
		return err
	}
	v := Version{N: 1, At: now.UTC(), Hash: sumOf(files), Files: files}
	if len(old) > 0 {
		n := old[len(old)-1]
		newest, _, err := readVersion(state, n)
		if err != nil {
			return err
		}
		if newest.Hash == v.Hash {
			return nil
		}
		v.N = n + 1
	}
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(state, versionsName), 0o700); err != nil {
		return err
	}
	if err := writeFile(versionFile(state, v.N), text); err != nil {
		return err
	}
	var errs []error
	for _, n := range old[:max(len(old)+1-versionsMost, 0)] {
		errs = append(errs, os.Remove(versionFile(state, n)))
	}
	return errors.Join(errs...)
}

func versionFile(state string, n int) string {
	return filepath.Join(state, versionsName, strconv.Itoa(n)+".json")
}

// Versions gives the versions that a state directory keeps, the newest last. A file
// that is none is passed over.
func Versions(state string) ([]Version, error) {
	numbers, err := versionNumbers(state)
	if err != nil {
		return nil, err
	}
	var out []Version
	for _, n := range numbers {
		v, ok, err := readVersion(state, n)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, v)
		}
	}
	return out, nil
}

// versionNumbers are those of the files there are, ascending.
func versionNumbers(state string) ([]int, error) {
	paths, err := filepath.Glob(filepath.Join(state, versionsName, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("versions of the rules: %w", err)
	}
	var out []int
	for _, path := range paths {
		n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".json"))
		if err == nil && n > 0 && path == versionFile(state, n) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// readVersion reads one version; ok is false if the file is none, or gone.
func readVersion(state string, n int) (v Version, ok bool, err error) {
	text, err := os.ReadFile(versionFile(state, n))
	if errors.Is(err, fs.ErrNotExist) {
		return v, false, nil
	}
	if err != nil {
		return v, false, fmt.Errorf("versions of the rules: %w", err)
	}
	if bad := json.Unmarshal(text, &v); bad == nil && v.N == n {
		return v, true, nil
	}
	return Version{}, false, nil
}

// Present gives rules and plugins as they are on disk, good or not, as a version
// without number. of says which files of the rules are looked for, besides rules.yaml.
func Present(c Config, of ...Version) (Version, error) {
	v := Version{Files: map[string]string{}}
	if err := addPlugins(v.Files, c.Plugins); err != nil {
		return v, fmt.Errorf("plugins: %w", err)
	}
	if c.Rules == "" {
		return v, nil
	}
	names := map[string]bool{filepath.Base(c.Rules): true}
	for _, o := range of {
		for name := range o.Files {
			if !strings.HasPrefix(name, pluginPart) {
				names[name] = true
			}
		}
	}
	for name := range names {
		path, err := c.versionPath(name)
		if err != nil {
			return v, err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return v, fmt.Errorf("rules: %w", err)
		}
		v.Files[name] = string(text)
	}
	return v, nil
}

// versionPath is where a file of a version belongs.
func (c Config) versionPath(name string) (string, error) {
	rel, plugin := strings.CutPrefix(name, pluginPart)
	dir := c.Plugins
	if !plugin {
		dir = ""
		if c.Rules != "" {
			dir = filepath.Dir(c.Rules)
		}
	}
	if dir == "" || !filepath.IsLocal(filepath.FromSlash(rel)) {
		return "", fmt.Errorf("%s has no place in this configuration", name)
	}
	return filepath.Join(dir, filepath.FromSlash(rel)), nil
}

// ruleFiles are the files of the rules in a version, where they belong.
func (c Config) ruleFiles(v Version) (bundle, error) {
	out := bundle{}
	for name, text := range v.Files {
		if strings.HasPrefix(name, pluginPart) {
			continue
		}
		path, err := c.versionPath(name)
		if err != nil {
			return nil, err
		}
		out[path] = text
	}
	return out, nil
}
