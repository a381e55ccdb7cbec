package wx

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// fetchTries is how often content is asked for: WeChat prepares it after it has
// told of the message, and until then gives nothing (section 9).
const fetchTries = 4

// sniffed is how many bytes the kind of content is told by.
const sniffed = 512

// Fetched tells what was fetched.
type Fetched struct {
	Size int64 // bytes written
	// Type is the media type told by the first bytes, such as "image/jpeg", or
	// "application/octet-stream".
	Type string
}

// Fetch writes what a source holds to a writer, limit bytes at most. Content of
// more than that gives ErrTooLarge, none after several tries ErrNoContent. With
// an error the writer may hold a part of the content; Fetched.Size tells how
// much. It takes 5 minutes at most for a try.
func (c *Client) Fetch(ctx context.Context, s Source, to io.Writer, limit int64) (Fetched, error) {
	a, err := c.account()
	if err != nil {
		return Fetched{}, err
	}
	if s.endpoint == "" || limit <= 0 {
		return Fetched{}, fmt.Errorf("fetch: no source, or a limit of %d: %w", limit, errUnfit)
	}
	retry := backoff{least: retryMin, most: 8 * time.Second}
	for try := 1; ; try++ {
		t := &take{source: s, to: to, limit: limit}
		q := c.sourceCall(a, s)
		q.take = t.from
		_, err := c.do(ctx, q)
		got := Fetched{Size: t.written, Type: t.kind}
		if err == nil || try == fetchTries || t.written > 0 || !t.again(err) || ctx.Err() != nil {
			return got, err
		}
		if err := retry.wait(ctx); err != nil {
			return got, err
		}
	}
}

// take hands one answer on to a writer.
type take struct {
	source  Source
	to      io.Writer
	limit   int64
	written int64
	kind    string
	failed  error // of the writer
}

// again reports whether another try may do better.
func (t *take) again(err error) bool {
	if e, ok := errors.AsType[*statusError](err); ok && e.status < http.StatusInternalServerError {
		return false
	}
	return t.failed == nil && !errors.Is(err, ErrTooLarge) && !errors.Is(err, errNotContent)
}

// errNotContent: something came, but not what was asked for.
var errNotContent = errors.New("a text came instead of the content")

func (t *take) from(resp *http.Response) error {
	if resp.ContentLength > t.limit {
		return fmt.Errorf("%d bytes: %w", resp.ContentLength, ErrTooLarge)
	}
	body := bufio.NewReaderSize(resp.Body, 32<<10)
	head, err := body.Peek(sniffed)
	switch {
	case len(head) == 0 && errors.Is(err, io.EOF):
		return ErrNoContent
	case err != nil && !errors.Is(err, io.EOF):
		return err
	}
	kind := http.DetectContentType(head)
	if !t.source.anything && strings.HasPrefix(kind, "text/") {
		return errNotContent
	}
	t.kind = kind
	if _, err := io.Copy(t, io.LimitReader(body, t.limit)); err != nil {
		return err
	}
	if _, err := body.Peek(1); err == nil {
		return fmt.Errorf("over %d bytes: %w", t.limit, ErrTooLarge)
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	if total, ok := rangeTotal(resp); ok && total != t.written {
		return fmt.Errorf("%d bytes of %d came: %w", t.written, total, io.ErrUnexpectedEOF)
	}
	return nil
}

// Write counts, and tells errors of the writer from those of the connection.
func (t *take) Write(p []byte) (int, error) {
	n, err := t.to.Write(p)
	t.written += int64(n)
	t.failed = err
	return n, err
}

// rangeTotal is the size of the whole that a partial answer tells.
func rangeTotal(resp *http.Response) (int64, bool) {
	if resp.StatusCode != http.StatusPartialContent {
		return 0, false
	}
	_, text, _ := strings.Cut(resp.Header.Get("Content-Range"), "/")
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}
