package bot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"wxbot/bot/conf"
	"wxbot/bot/control"
	"wxbot/bot/lang"
)

// Config says where things are. LoadConfig fills it; a zero field means that
// nobody said anything.
type Config struct {
	File        string // wxbot.yaml; "" if there is none
	Rules       string // rules.yaml; "" runs without rules
	Plugins     string // directory; "" runs without plugins
	State       string // directory
	Mode        string // "web"
	Server      string // "" is the real hosts
	Socket      string
	SocketGroup string // whose members may ask the daemon too; "" is nobody
	Listen      string // address of health and metrics over HTTP; "" is none
	Speaks      string // "en", "zh"; "" leaves it to the place where it is read
	LogLevel    string
	LogFormat   string // "auto", "json", "console"
	Alerts      Alerts
	History     History

	origins map[string]origin // by key of wxbot.yaml; defaults are not in it
}

// configKeys are the settings in the order of configWords, which says what they are.
// What has a value has a flag and, in upper case after WXBOT_, a variable as well;
// the rest stands in wxbot.yaml alone.
func configKeys(c *Config) []configKey {
	return []configKey{
		{name: "rules", value: &c.Rules, input: true, path: true},
		{name: "plugins", value: &c.Plugins, input: true, path: true},
		{name: "state", value: &c.State, path: true},
		{name: "mode", value: &c.Mode, words: loginModes()},
		{name: "server", value: &c.Server},
		{name: "socket", value: &c.Socket, path: true},
		{name: "socket-group", value: &c.SocketGroup},
		{name: "listen", value: &c.Listen},
		{name: "language", value: &c.Speaks, words: languages()},
		{name: "log-level", value: &c.LogLevel, words: logLevels()},
		{name: "log-format", value: &c.LogFormat, words: logFormats()},
		{name: alertsKey},
		{name: historyKey},
	}
}

// configKey is one setting: name is the flag's, and the key's of wxbot.yaml with _
// for -.
type configKey struct {
	name  string
	value *string  // nil for what is no text
	input bool     // a file or directory that must exist if it was named
	path  bool     // relative to the file that holds it
	words []string // that it may be; nil for any text
}

// languages are those that wxbot speaks.
func languages() []string { return []string{string(lang.English), string(lang.Chinese)} }

// Language is what the configuration says is spoken; "" if it says nothing.
func (c Config) Language() lang.Language {
	l, err := lang.Parse(c.Speaks)
	if err != nil {
		return ""
	}
	return l
}

func (k configKey) env() string {
	return "WXBOT_" + strings.ToUpper(strings.ReplaceAll(k.name, "-", "_"))
}

func (k configKey) yaml() string { return strings.ReplaceAll(k.name, "-", "_") }

// Environment is what LoadConfig reads of the process, so that tests can give
// their own.
type Environment struct {
	Getenv func(string) string
	Dir    string // working directory
	Home   string
	System string // where a package puts the files, looked in last; "" is nowhere
}

// ProcessEnvironment is this process's own.
func ProcessEnvironment() (Environment, error) {
	wd, err := os.Getwd()
	if err != nil {
		return Environment{}, fmt.Errorf("working directory: %w", err)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = wd
	}
	system := ""
	if runtime.GOOS != "windows" {
		system = "/etc/wxbot"
	}
	return Environment{Getenv: os.Getenv, Dir: wd, Home: home, System: system}, nil
}

// LoadConfig settles the configuration: flags over WXBOT_* over wxbot.yaml over
// defaults. flags holds what the command line said, named by flag; its
// Config.File is --config. A file that was named must exist; otherwise the
// working directory, $CONFIGURATION_DIRECTORY and the XDG directory are searched
// for wxbot.yaml, rules.yaml and plugins/. Errors name the flag, variable or
// file:line at fault.
func LoadConfig(flags Config, env Environment) (Config, error) {
	c := Config{origins: map[string]origin{}}
	file, err := configFile(flags.File, env)
	if err != nil {
		return Config{}, err
	}
	c.File = file
	if err := c.readFile(); err != nil {
		return Config{Speaks: cmp.Or(flags.Speaks, env.Getenv("WXBOT_LANGUAGE"), c.Speaks)}, err
	}
	c.Alerts.getenv = env.Getenv
	given := configKeys(&flags)
	for i, k := range configKeys(&c) {
		if k.value == nil {
			continue
		}
		from, o := *given[i].value, origin{control.SourceFlag, "--" + k.name}
		if from == "" {
			from, o = env.Getenv(k.env()), origin{control.SourceEnv, k.env()}
		}
		where := c.File + ": " + k.name
		if from != "" {
			if k.path {
				from = absolute(env.Dir, from)
			}
			*k.value = from
			c.origins[k.yaml()] = o
			where = o.where
			if text, _ := k.wrong(from); !text.IsZero() {
				return Config{Speaks: c.Speaks}, fmt.Errorf("%s %q: %s", where, from, text)
			}
		}
		if k.input && *k.value != "" {
			if _, err := os.Stat(*k.value); err != nil {
				return Config{}, fmt.Errorf("%s: %w", where, err)
			}
		}
	}
	c.setDefaults(env)
	return c, c.validate()
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

// searchDirs are the directories looked in when nobody named a file.
func searchDirs(env Environment) []string {
	dirs := []string{env.Dir}
	service := env.Getenv("CONFIGURATION_DIRECTORY")
	if service != "" {
		first, _, _ := strings.Cut(service, ":")
		dirs = append(dirs, first)
	}
	if d := env.Getenv("XDG_CONFIG_HOME"); d != "" {
		dirs = append(dirs, filepath.Join(d, "wxbot"))
	} else {
		dirs = append(dirs, filepath.Join(env.Home, ".config", "wxbot"))
	}
	// One of several services must not take up the files of another.
	if env.System != "" && service == "" {
		dirs = append(dirs, env.System)
	}
	return dirs
}

func find(env Environment, name string) string {
	for _, d := range searchDirs(env) {
		p := filepath.Join(d, name)
		if _, err := os.Stat(p); err == nil {
			return p
		}
	}
	return ""
}

func configFile(named string, env Environment) (string, error) {
	where := "--config"
	if named == "" {
		named, where = env.Getenv("WXBOT_CONFIG"), "WXBOT_CONFIG"
	}
	if named == "" {
		return find(env, "wxbot.yaml"), nil
	}
	p := absolute(env.Dir, named)
	if _, err := os.Stat(p); err != nil {
		return "", fmt.Errorf("%s: %w", where, err)
	}
	return p, nil
}

func (c *Config) readFile() error {
	if c.File == "" {
		return nil
	}
	src, err := os.ReadFile(c.File)
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	root, problems := conf.Parse(c.File, src)
	hideAlertLines(problems, string(src))
	problems = append(problems, c.fill(root)...)
	if len(problems) > 0 {
		return &ConfigError{Problems: problems}
	}
	return nil
}

// ConfigError lists what is wrong in wxbot.yaml.
type ConfigError struct{ Problems []conf.Problem }

func (e *ConfigError) Error() string { return e.In(lang.English) }

// In gives the problems in a language.
func (e *ConfigError) In(l lang.Language) string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.In(l)
	}
	return strings.Join(lines, "\n")
}

func (c *Config) setDefaults(env Environment) {
	if c.Rules == "" {
		c.Rules = find(env, "rules.yaml")
	}
	if c.Plugins == "" {
		c.Plugins = find(env, "plugins")
	}
	if c.State == "" {
		c.State = defaultState(env)
	}
	if c.Mode == "" {
		c.Mode = ModeWeb
	}
	if c.Socket == "" {
		c.Socket = filepath.Join(c.State, "wxbot.sock")
		if d := env.Getenv("RUNTIME_DIRECTORY"); d != "" {
			first, _, _ := strings.Cut(d, ":")
			c.Socket = filepath.Join(first, "wxbot.sock")
		}
	}
	if c.LogLevel == "" {
		c.LogLevel = "info"
	}
	if c.LogFormat == "" {
		c.LogFormat = "auto"
	}
}

func defaultState(env Environment) string {
	if d := env.Getenv("STATE_DIRECTORY"); d != "" {
		first, _, _ := strings.Cut(d, ":")
		return first
	}
	if d := env.Getenv("XDG_STATE_HOME"); d != "" {
		return filepath.Join(d, "wxbot")
	}
	return filepath.Join(env.Home, ".local", "state", "wxbot")
}

func (c *Config) validate() error {
	if st, err := os.Stat(c.State); err == nil && !st.IsDir() {
		return fmt.Errorf("state %s: not a directory", c.State)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

// wrong tells what is wrong with a value, and perhaps what was meant; "" if
// nothing is.
func (k configKey) wrong(v string) (text, hint lang.Text) {
	switch {
	case k.words != nil && !slices.Contains(k.words, v):
		text = lang.T("want one of %s", strings.Join(k.words, ", "))
		hint = conf.DidYouMean(conf.Suggest(v, k.words))
	case k.name == "server":
		u, err := url.Parse(v)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			text = lang.T("want http://HOST:PORT or https://HOST")
		}
	case k.name == "listen":
		if _, err := loopback(v); err != nil {
			text, hint = lang.Cause(err), lang.T("write it like 127.0.0.1:9273")
		}
	}
	return text, hint
}
