package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/lang"
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
				return usage(lang.Errorf("rule new: which kind? there are: %s", strings.Join(templateNames(), ", ")))
			case len(args) > 2:
				return usage(lang.Errorf("unexpected argument %q", args[2]))
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
			return usage(lang.Errorf("rule new: no kind %q; there are: %s", args[0], strings.Join(templateNames(), ", ")))
		}
		name := tmpl.rule
		if len(args) > 1 {
			name = strings.TrimSpace(args[1])
		}
		if name == "" || strings.ContainsAny(name, "\n\r") {
			return usage(lang.Errorf("rule new: %q is no name of a rule", name))
		}
		cfg, err := loadConfig(con, flags)
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
		fmt.Fprintln(con.out, lang.T("\nto be mended before it is switched on:").In(l))
		for _, p := range n.Waits {
			fmt.Fprintln(con.out, p.In(l))
		}
		fmt.Fprintln(con.out)
	}
	fmt.Fprintln(con.out, lang.T(`it is switched off: edit it, delete its line "启用: 否", and run: wxbot check`).In(l))
}
