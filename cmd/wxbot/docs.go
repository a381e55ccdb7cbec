package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/conf"
	language "wxbot/bot/lang"
	"wxbot/bot/luahost"
	"wxbot/bot/rules"
)

// newDocs writes the parts of docs/ that the loaders' own tables say. It is a command
// of the binary, since this is the only place that sees the tables of all files; it
// is hidden, since an operator finds its results in the package.
func newDocs(con *console) *cobra.Command {
	return &cobra.Command{
		Use:    "docs DIR",
		Short:  "Write the JSON Schemas, and the reference into rules.md, in a directory",
		Hidden: true,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage(errors.New("docs: which directory?"))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			made, err := madeDocs(args[0])
			if err != nil {
				return fmt.Errorf("docs: %w", err)
			}
			for _, name := range slices.Sorted(maps.Keys(made)) {
				path := filepath.Join(args[0], name)
				if err := os.WriteFile(path, made[name], 0o644); err != nil { //nolint:gosec // a document, not a secret
					return fmt.Errorf("docs: %w", err)
				}
				fmt.Fprintln(con.out, path)
			}
			return nil
		},
	}
}

// madeDocs gives the files that are made from the tables, whole, by their names in a
// directory. The pages are those that are there, with another reference, and with what
// the loader says now of the mistakes that they show.
func madeDocs(dir string) (map[string][]byte, error) {
	made := map[string][]byte{}
	for name, m := range map[string]conf.Manual{
		"rules": rules.Manual(), "rules-include": rules.IncludedManual(), "plugins": luahost.Manual(), "wxbot": bot.Manual(),
	} {
		schema, err := m.Schema()
		if err != nil {
			return nil, err
		}
		made[name+".schema.json"] = schema
	}
	m := rules.Manual()
	for name, l := range map[string]language.Language{"rules.md": language.English, "rules.zh-CN.md": language.Chinese} {
		page, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		reference, err := m.Reference(l)
		if err != nil {
			return nil, err
		}
		if page, err = between(page, reference); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		made[name] = answered(page, l)
	}
	return made, nil
}

// wrongBlock is an example of a mistake, with what is said of it.
var wrongBlock = regexp.MustCompile("(?s)(\n```yaml wrong\n(.*?)```\n\n```text\n)(.*?)(```\n)")

// answered puts what the loader says of each mistake below it.
func answered(page []byte, l language.Language) []byte {
	return wrongBlock.ReplaceAllFunc(page, func(block []byte) []byte {
		m := wrongBlock.FindSubmatch(block)
		var said strings.Builder
		_, problems := rules.Parse("rules.yaml", m[2], rules.Options{})
		for _, p := range problems {
			said.WriteString(p.In(l) + "\n")
		}
		return slices.Concat(m[1], []byte(said.String()), m[4])
	})
}

// The marks around what is made in a page.
const (
	madeFrom = "<!-- made by go generate -->"
	madeTo   = "<!-- end -->"
)

// between puts a text between the marks of a page.
func between(page []byte, text string) ([]byte, error) {
	before, rest, ok := bytes.Cut(page, []byte(madeFrom))
	_, after, ok2 := bytes.Cut(rest, []byte(madeTo))
	if !ok || !ok2 {
		return nil, fmt.Errorf("no %s … %s", madeFrom, madeTo)
	}
	return []byte(strings.Join([]string{string(before), madeFrom, "\n\n", text, "\n", madeTo, string(after)}, "")), nil
}
