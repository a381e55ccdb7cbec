package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"wxbot/bot/conf"
	"wxbot/bot/control"
	"wxbot/bot/lang"
)

func newLogout(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "logout",
		Short: "Log the running daemon's account out",
		Long: "logout ends the session at WeChat and removes its keys. The daemon stays, keeps\n" +
			"its messages, and logs in again only when \"wxbot qr\" asks for it: that needs a\n" +
			"scan. What people write in between is never handed to it.",
	}
	client := socketFlags(con, cmd)
	asJSON := cmd.Flags().Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := client()
		if err != nil {
			return err
		}
		if err := c.Logout(cmd.Context()); err != nil {
			return err
		}
		return toldDone(con, *asJSON, lang.T(`logged out; the session is removed. The daemon goes on and waits: "wxbot qr" shows a new code.`))
	}
	return cmd
}

func newContacts(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "contacts [NAME]",
		Short: "List friends, groups and official accounts",
		Long: "contacts lists what the running daemon's account has: kind, name (the remark,\n" +
			"else the nickname), the nickname beside a remark, the size of a group, and the\n" +
			"key that tells accounts of one name apart (\"key:p12\" wherever a name is asked\n" +
			"for). NAME shows those whose remark or nickname holds it.",
		Args: argsUpTo(0, 1),
	}
	client := socketFlags(con, cmd)
	cmd.ValidArgsFunction = fromDaemon(client, contactNames)
	f := cmd.Flags()
	friends := f.Bool("friends", false, "friends alone")
	groups := f.Bool("groups", false, "groups alone")
	official := f.Bool("official", false, "official accounts alone")
	asJSON := f.Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var kinds []string
		for kind, wanted := range map[string]bool{control.KindFriend: *friends, control.KindGroup: *groups, control.KindOfficial: *official} {
			if wanted {
				kinds = append(kinds, kind)
			}
		}
		if len(kinds) > 1 {
			return usage(lang.Errorf("contacts: one of --friends, --groups and --official, or none for all"))
		}
		c, err := client()
		if err != nil {
			return err
		}
		got, err := c.Contacts(cmd.Context(), strings.Join(args, ""), strings.Join(kinds, ""))
		if err != nil {
			return err
		}
		if *asJSON {
			return writeJSON(con, got)
		}
		printContacts(con, got)
		return nil
	}
	return cmd
}

func printContacts(con *console, got control.Contacts) {
	l := con.lang()
	kinds := map[string]string{
		control.KindFriend:   lang.T("friend").In(l),
		control.KindGroup:    lang.T("group").In(l),
		control.KindOfficial: lang.T("official").In(l),
	}
	names, keys, words := 0, 0, 0
	for _, w := range kinds {
		words = max(words, conf.DisplayWidth(w))
	}
	for _, c := range got.Contacts {
		names, keys = max(names, conf.DisplayWidth(plain(c.Name))), max(keys, len(c.Key))
	}
	for _, c := range got.Contacts {
		more := ""
		switch {
		case c.Kind == control.KindGroup:
			more = "  " + lang.T("%s members", strconv.Itoa(c.Members)).In(l)
		case c.Remark != "" && c.Nickname != c.Remark:
			more = "  " + plain(c.Nickname)
		}
		line := pad(kinds[c.Kind], words) + "  " + pad(c.Key, keys) + "  " + pad(plain(c.Name), names) + more
		fmt.Fprintln(con.out, strings.TrimRight(line, " "))
	}
	if !got.Complete {
		fmt.Fprintln(con.err, lang.T("The contacts are still being loaded: there may be more.").In(l))
	}
}
