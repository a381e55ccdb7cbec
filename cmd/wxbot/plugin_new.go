package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"wxbot/bot/lang"
)

func newPluginNew(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a plugin to start from, with a test beside it",
		Long: "new writes NAME.lua and NAME_test.lua into the plugin directory. A running daemon\n" +
			"loads it at once; \"wxbot test NAME\" runs its test. Files that are there are left\n" +
			"alone.",
		Args: onePlugin,
	}
	flags := configFlags(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		cfg, err := loadConfig(con, flags)
		if err != nil {
			return err
		}
		if cfg.Plugins == "" {
			return noPlugins(con, "plugin new")
		}
		files, err := writeSkeleton(cfg.Plugins, args[0])
		if err != nil {
			return err
		}
		for _, f := range files {
			fmt.Fprintln(con.out, f)
		}
		fmt.Fprintln(con.out, con.say(lang.T("now edit them, and run: wxbot test %s", args[0])))
		return nil
	}
	return cmd
}

// pluginName is what a plugin may be called: its name is part of file names and of
// call: in rules.
var pluginName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

// writeSkeleton writes a new plugin and its test, and gives their paths. It replaces
// nothing.
func writeSkeleton(dir, name string) ([]string, error) {
	if !pluginName.MatchString(name) || strings.HasSuffix(name, "_test") {
		return nil, usage(lang.Errorf("plugin new %q: a name is of lower-case letters, digits and _, begins with a letter and does not end with _test", name))
	}
	if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
		return nil, lang.Errorf("plugin new: %s is there already", filepath.Join(dir, name))
	}
	// The test comes first: the daemon loads the plugin as soon as it is there.
	var files []string
	for _, f := range []struct{ end, text string }{{"_test.lua", skeletonTest}, {".lua", skeleton}} {
		path := filepath.Join(dir, name+f.end)
		if err := writeNew(path, strings.ReplaceAll(f.text, "NAME", name)); err != nil {
			return nil, fmt.Errorf("plugin new: %w", err)
		}
		files = append(files, path)
	}
	return files, nil
}

// writeNew writes a file that is not there yet.
func writeNew(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // a source file, not a secret
	if errors.Is(err, fs.ErrExist) {
		return lang.Errorf("%s is there already", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

const skeleton = `-- 保存就会生效；写错了，旧的继续工作，错在哪一行会写在日志里。

bot.plugin {
  name = "NAME", version = "0.1.0", api = 1,
  about  = "打招呼。用法：NAME [称呼]",
  config = { greeting = { type = "string", default = "你好", about = "开头的话" } },
}

-- 私聊里发「NAME」；群里要 @ 机器人，或写「/NAME」。
bot.command("NAME", { args = "[name]", help = "不写称呼，就会问" }, function(msg, args)
  local name = args.name or msg:ask("怎么称呼你？", { timeout = "60s" })
  if not name then return end              -- 没有回答，或者说了「取消」
  msg:reply(bot.config.greeting .. "，" .. name .. "！")
end)
`

const skeletonTest = `describe("NAME", function()
  it("greets by name", function(t)
    local ming = t.friend("小明")
    ming:says("NAME 明明")
    ming:hears("你好，明明！")
  end)

  it("asks for the name", function(t)
    local ming = t.friend("小明")
    ming:says("NAME")
    ming:hears("怎么称呼你？")
    ming:says("阿明")
    ming:hears("你好，阿明！")
  end)

  it("gives up when nobody answers", function(t)
    local ming = t.friend("小明")
    ming:says("NAME")
    ming:hears("怎么称呼你？")
    t.clock:pass("61s")
    ming:hears_nothing()
  end)
end)
`
