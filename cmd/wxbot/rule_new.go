package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wxbot/bot"
)

func newRuleNew(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new KIND [NAME]",
		Short: "Write a rule to start from behind the last one of rules.yaml",
		Long: "new writes a commented rule of a kind, with its tests, behind the last rule of\n" +
			"rules.yaml. It is switched off until you have made it yours. The rest of the file\n" +
			"stays as it is; a file with mistakes is left alone. Kinds:\n\n" + ruleKinds(),
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return usage(errors.New("rule new: which kind? there are: " + strings.Join(templateNames(), ", ")))
			case len(args) > 2:
				return usage(fmt.Errorf("unexpected argument %q", args[2]))
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return templateNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	flags := configFlags(cmd)
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		tmpl, ok := templateNamed(args[0])
		if !ok {
			return usage(fmt.Errorf("rule new: no kind %q; there are: %s", args[0], strings.Join(templateNames(), ", ")))
		}
		name := tmpl.rule
		if len(args) > 1 {
			name = strings.TrimSpace(args[1])
		}
		if name == "" || strings.ContainsAny(name, "\n\r") {
			return usage(fmt.Errorf("rule new: %q is no name of a rule", name))
		}
		cfg, err := loadConfig(flags)
		if err != nil {
			return err
		}
		dir, err := os.Getwd()
		if err != nil {
			return fmt.Errorf("rule new: %w", err)
		}
		n, err := bot.AddRule(cfg, dir, name, tmpl.text)
		if err != nil {
			return err
		}
		tellNewRule(con, n)
		return nil
	}
	return cmd
}

func tellNewRule(con *console, n bot.NewRule) {
	l := con.lang()
	fmt.Fprintf(con.out, "%s:%d: %s\n", n.Path, n.Line, n.Name)
	if len(n.Waits) > 0 {
		fmt.Fprintln(con.out, of(l, "\nto be mended before it is switched on:", "\n打开之前要先改："))
		for _, p := range n.Waits {
			fmt.Fprintln(con.out, p.String())
		}
		fmt.Fprintln(con.out)
	}
	fmt.Fprintln(con.out, of(l,
		"it is switched off: edit it, delete its line \"启用: 否\", and run: wxbot check",
		"这条规则还没有打开：改好以后，删掉“启用: 否”这一行，再运行：wxbot check"))
}
