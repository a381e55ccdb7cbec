package control

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// BackupDaemon is what a daemon that can be backed up answers as well:
//
//	GET /v1/backup   the backup; ?session=true with what logs the account in
//
// Its methods may be called concurrently.
type BackupDaemon interface {
	// Backup writes the state to what begin gives, which it calls once it knows that
	// there is something to write. What it writes is whole only without an error.
	Backup(ctx context.Context, withSession bool, begin func() io.Writer) error
}

// backupWait bounds a backup: a gigabyte on a slow disk takes minutes.
const backupWait = 30 * time.Minute

func (s *Server) backupRoutes(mux *http.ServeMux) {
	d, ok := s.opts.Daemon.(BackupDaemon)
	if !ok {
		return
	}
	mux.HandleFunc("GET /v1/backup", func(w http.ResponseWriter, r *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(backupWait)); err != nil {
			s.opts.Logger.Debug().Err(err).Msg("deadline not extended")
		}
		begun := false
		err := d.Backup(r.Context(), r.FormValue("session") == "true", func() io.Writer {
			begun = true
			w.Header().Set("Content-Type", "application/gzip")
			return w
		})
		switch {
		case err != nil && !begun:
			s.answer(w, nil, err)
		case err != nil:
			s.opts.Logger.Error().Err(err).Msg("backup ended early")
			panic(http.ErrAbortHandler) // the reader sees that the end is missing
		}
	})
}

// Backup writes a backup of the daemon's state to w. The caller checks that it is
// whole.
func (c *Client) Backup(ctx context.Context, withSession bool, w io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, backupWait)
	defer cancel()
	query := url.Values{"session": {strconv.FormatBool(withSession)}}
	resp, err := c.request(ctx, call{method: http.MethodGet, what: "backup", query: query.Encode()})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}
