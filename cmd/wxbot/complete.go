package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wxbot/bot"
	"wxbot/bot/control"
)

// What shells complete beyond commands and flags. Whatever goes wrong completes
// nothing: the command itself tells why.

// completeMost is how long a shell waits for names.
const completeMost = time.Second

// contactsMost is how many names of contacts are offered.
const contactsMost = 100

// fromDaemon completes the first argument with what the running daemon says.
func fromDaemon(client func() (*control.Client, error), names func(ctx context.Context, c *control.Client, typed string) ([]string, error)) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		c, err := client()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), completeMost)
		defer cancel()
		all, err := names(ctx, c, typed)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return beginning(all, typed), cobra.ShellCompDirectiveNoFileComp
	}
}

// beginning gives the names that begin with what was typed, each once.
func beginning(names []string, typed string) []cobra.Completion {
	var out []cobra.Completion
	seen := map[string]bool{}
	for _, n := range names {
		if strings.HasPrefix(n, typed) && !seen[n] && !strings.ContainsAny(n, "\t\n") {
			seen[n] = true
			out = append(out, n)
		}
	}
	return out
}

// pausedPlugins are those that can be resumed.
func pausedPlugins(ctx context.Context, c *control.Client, _ string) ([]string, error) {
	st, err := c.Status(ctx)
	var out []string
	for _, p := range st.Plugins {
		if p.Paused != "" {
			out = append(out, p.Name)
		}
	}
	return out, err
}

// contactNames are names of friends and groups.
func contactNames(ctx context.Context, c *control.Client, typed string) ([]string, error) {
	got, err := c.Contacts(ctx, typed, "")
	var out []string
	for _, x := range got.Contacts {
		if x.Kind != control.KindOfficial && len(out) < contactsMost {
			out = append(out, x.Name)
		}
	}
	return out, err
}

// versionNumbers completes the numbers of the versions that are kept, the newest first.
func versionNumbers(con *console, flags *bot.Config, most int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const asIs = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		cfg, err := loadConfig(con, flags)
		if err != nil || len(args) >= most {
			return nil, asIs
		}
		versions, err := bot.Versions(cfg.State)
		if err != nil {
			return nil, asIs
		}
		var out []cobra.Completion
		for _, v := range slices.Backward(versions) {
			if n := strconv.Itoa(v.N); strings.HasPrefix(n, typed) && !slices.Contains(args, n) {
				out = append(out, cobra.CompletionWithDesc(n, clockTime(v.At)))
			}
		}
		return out, asIs
	}
}

// pluginFiles completes the names of the plugins in the directory that flags lead to.
func pluginFiles(con *console, flags *bot.Config) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
		cfg, err := loadConfig(con, flags)
		if err != nil || len(args) > 0 || cfg.Plugins == "" {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		entries, err := os.ReadDir(cfg.Plugins)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var names []string
		for _, e := range entries {
			name, isLua := strings.CutSuffix(e.Name(), ".lua")
			if e.IsDir() {
				_, err := os.Stat(filepath.Join(cfg.Plugins, e.Name(), "init.lua"))
				isLua = err == nil
			}
			if isLua && !strings.HasSuffix(name, "_test") {
				names = append(names, name)
			}
		}
		return beginning(names, typed), cobra.ShellCompDirectiveNoFileComp
	}
}
