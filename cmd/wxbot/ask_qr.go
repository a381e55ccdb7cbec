package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"wxbot/bot/control"
	"wxbot/bot/lang"
)

func newQR(con *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "qr",
		Short: "Show the running daemon's login code, asking for a new one if needed",
		Long: "qr draws the login code on the terminal and follows it until the account is\n" +
			"online. If the daemon waits because nobody scanned or WeChat refused, it asks\n" +
			"for a new round of codes.\n\n" +
			"With --png FILE each code is written into FILE instead, which only you can read\n" +
			"and which is removed when the code is of no more use. --png - writes the code\n" +
			"shown now to standard output and ends; it does not follow. --json prints the text\n" +
			"that belongs into the code, or that the account is online, and ends as well: who\n" +
			"sees the text can take the login.",
	}
	client := socketFlags(con, cmd)
	file := cmd.Flags().String("png", "", "write the code as a PNG into a file, or - for standard output")
	asJSON := cmd.Flags().Bool("json", false, "print JSON: the code's text, and end")
	cmd.MarkFlagsMutuallyExclusive("png", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		show, err := qrView(con, *file, *asJSON)
		if err != nil {
			return err
		}
		c, err := client()
		if err != nil {
			return err
		}
		return errors.Join(followQR(cmd.Context(), con, c, show), show.close())
	}
	return cmd
}

// codeView shows login codes, one after the other.
type codeView interface {
	show(q control.QR) error
	// online tells that there is none to show any more.
	online(q control.QR) error
	// once: the first code is all that it can show.
	once() bool
	close() error
}

// qrView picks where codes are shown. A code belongs before the eyes of a person
// alone, so that without a terminal somebody must say where it may go.
func qrView(con *console, file string, asJSON bool) (codeView, error) {
	switch {
	case asJSON:
		return jsonCode{con}, nil
	case file == "-" && con.outTerm:
		return nil, usage(lang.Errorf("qr: a picture on a terminal shows nothing: leave --png out, or redirect the output"))
	case file == "-":
		return stdoutCode{con}, nil
	case file != "":
		return &fileCode{con: con, path: file}, nil
	case con.outTerm:
		return terminalCode{con}, nil
	}
	return nil, &failure{
		err:  lang.Errorf("qr: standard output is no terminal"),
		code: exitFailure,
		hint: con.say(lang.T("--png FILE writes a picture that only you can read")),
	}
}

// qrEvery is how often the daemon is asked whether the code is still the same.
const qrEvery = time.Second

// followQR shows each new code until the account is online or refused.
func followQR(ctx context.Context, con *console, c *control.Client, view codeView) error {
	shown := ""
	t := time.NewTicker(qrEvery)
	defer t.Stop()
	for ask := true; ; ask = false {
		q, err := c.QR(ctx, ask)
		if err != nil {
			return err
		}
		switch {
		case q.Online:
			return view.online(q)
		case q.Payload != "" && q.Payload != shown:
			if err := view.show(q); err != nil || view.once() {
				return err
			}
			shown = q.Payload
		case q.Payload == "" && q.State == "refused":
			return &failure{
				err: lang.Errorf("qr: WeChat refuses this account"), code: exitRefused,
				hint: con.say(lang.T(`"wxbot status" shows its words; see docs/operate.md, "Refused"`)),
			}
		case q.Payload == "" && strings.HasPrefix(q.State, "waiting for wxbot qr"): // and not for the phone
			return lang.Errorf("qr: %s", control.StateText(q.State))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// codeOf counts the codes of a round for a person.
func codeOf(l lang.Language, q control.QR) string {
	return lang.T("Code %d of %d", q.Attempt, q.Max).In(l)
}

// terminalCode draws codes on standard output.
type terminalCode struct{ con *console }

func (v terminalCode) show(q control.QR) error {
	m, err := encodeQR(q.Payload)
	if err != nil {
		return err
	}
	if v.con.columns != 0 && v.con.columns < m.columns() {
		return &failure{
			err:  lang.Errorf("qr: the terminal has %d columns, the code needs %d", v.con.columns, m.columns()),
			code: exitFailure,
			hint: lang.T("--png FILE writes a picture").In(v.con.lang()),
		}
	}
	fmt.Fprintf(v.con.out, "%s:\n%s", codeOf(v.con.lang(), q), m.draw(v.con.colours(true)))
	return nil
}

func (v terminalCode) online(control.QR) error {
	fmt.Fprintln(v.con.out, v.con.say(lang.T("The account is online.")))
	return nil
}

func (terminalCode) once() bool   { return false }
func (terminalCode) close() error { return nil }

// stdoutCode writes one picture to standard output.
type stdoutCode struct{ con *console }

func (v stdoutCode) show(q control.QR) error {
	b, err := picture(q.Payload)
	if err != nil {
		return err
	}
	if _, err := v.con.out.Write(b); err != nil {
		return fmt.Errorf("qr: %w", err)
	}
	return nil
}

// online leaves standard output to the picture.
func (v stdoutCode) online(control.QR) error {
	fmt.Fprintln(v.con.err, v.con.say(lang.T("The account is online.")))
	return nil
}

func (stdoutCode) once() bool   { return true }
func (stdoutCode) close() error { return nil }

// jsonCode prints one code, or how it is without one, for a script.
type jsonCode struct{ con *console }

func (v jsonCode) show(q control.QR) error   { return writeJSON(v.con, q) }
func (v jsonCode) online(q control.QR) error { return writeJSON(v.con, q) }
func (jsonCode) once() bool                  { return true }
func (jsonCode) close() error                { return nil }

// fileCode writes pictures into a file of the person's.
type fileCode struct {
	con     *console
	path    string
	written bool
}

func (v *fileCode) show(q control.QR) error {
	b, err := picture(q.Payload)
	if err != nil {
		return err
	}
	if err := writePrivate(v.path, b); err != nil {
		return fmt.Errorf("qr: %w", err)
	}
	v.written = true
	fmt.Fprintf(v.con.out, "%s: %s\n", codeOf(v.con.lang(), q), v.path)
	return nil
}

func (v *fileCode) online(control.QR) error {
	fmt.Fprintln(v.con.out, v.con.say(lang.T("The account is online.")))
	return nil
}

func (*fileCode) once() bool { return false }

func (v *fileCode) close() error {
	if !v.written {
		return nil
	}
	return removePrivate(v.path)
}

// writePrivate writes a file that its owner alone can read. It is under its name
// only when it is whole.
func writePrivate(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".qr-*") // 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// removePrivate takes such a file away, if it is there.
func removePrivate(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
