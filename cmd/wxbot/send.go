package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"wxbot/bot/control"
	"wxbot/bot/event"
	"wxbot/bot/lang"
)

func newSend(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "send NAME [TEXT]",
		Short: "Send a message or a file by the running daemon",
		Long: "send writes to a friend (remark or nickname), to a group, or to filehelper, and\n" +
			"waits until it is sent. It goes at the pace of everything else, and obeys a pause\n" +
			"and mode: trial. A file is read by the daemon, whose user must be able to. Ctrl-C\n" +
			"ends the waiting, not the sending. The exit code is 1 if it was not sent.",
		Args: argsUpTo(1, 2),
	}
	client := socketFlags(con, cmd)
	cmd.ValidArgsFunction = fromDaemon(client, contactNames)
	q := control.SendRequest{}
	f := cmd.Flags()
	f.StringVar(&q.Image, "image", "", "a picture to send")
	f.StringVar(&q.File, "file", "", "a file to send")
	f.StringVar(&q.Video, "video", "", "an mp4 to send")
	asJSON := f.Bool("json", false, "print JSON")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		q.To = args[0]
		if len(args) > 1 {
			q.Text = args[1]
		}
		for _, path := range []*string{&q.Image, &q.File, &q.Video} {
			if *path == "" {
				continue
			}
			abs, err := filepath.Abs(*path)
			if err != nil {
				return lang.Errorf("send %s: %s", *path, err)
			}
			*path = abs
		}
		c, err := client()
		if err != nil {
			return err
		}
		s, err := c.Send(cmd.Context(), q)
		if err != nil {
			return err
		}
		if s, err = awaitSent(cmd.Context(), con, c, s, *asJSON); err != nil {
			return err
		}
		if *asJSON {
			if err := writeJSON(con, s); err != nil {
				return err
			}
		}
		return sendVerdict(con, s, *asJSON)
	}
	return cmd
}

// sendEvery is how often the daemon is asked how far it is.
const sendEvery = 200 * time.Millisecond

// awaitSent waits until a message has ended, and shows on a terminal how much of a
// file is uploaded.
func awaitSent(ctx context.Context, con *console, c *control.Client, s control.Sending, quiet bool) (control.Sending, error) {
	t := time.NewTicker(sendEvery)
	defer t.Stop()
	shown := false
	for s.Status == string(event.StatusPending) {
		select {
		case <-ctx.Done():
			return s, lang.Errorf("send: not sent yet; the daemon goes on with it")
		case <-t.C:
		}
		var err error
		if s, err = c.Sending(ctx, s.ID); err != nil {
			return s, err
		}
		if con.outTerm && !quiet && s.Total > 0 {
			fmt.Fprintf(con.out, "\r%3d %%", s.Done*100/s.Total)
			shown = true
		}
	}
	if shown {
		fmt.Fprintln(con.out)
	}
	return s, nil
}

// sendVerdict tells how it ended.
func sendVerdict(con *console, s control.Sending, quiet bool) error {
	switch event.Status(s.Status) {
	case event.StatusSent:
		if !quiet {
			fmt.Fprintln(con.out, con.say(lang.T("sent")))
		}
		return nil
	case event.StatusTrial:
		return lang.Errorf("send: not sent: mode is trial")
	default:
		return lang.Errorf("send: %s: %s", s.Status, s.Reason)
	}
}
