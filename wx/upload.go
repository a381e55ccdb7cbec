package wx

import (
	"bytes"
	"context"
	"crypto/md5" // the protocol asks for it
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/textproto"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"

	"wxbot/wx/internal/wire"
)

// Figures of section 8.
const (
	chunkSize   = 524288
	chunkTries  = 3
	maxUpload   = 25 << 20 // more needs webwxcheckupload
	maxFileName = 60
	uploadType  = 2
	mediaAttach = 4
)

// Upload describes a file to be uploaded.
type Upload struct {
	To   string // user name of the receiver
	Name string
	Size int64 // bytes; 1 to 25 MiB
	Body io.ReaderAt
}

// Upload uploads in chunks of 524,288 bytes (webwxuploadmedia) and returns a
// MediaID, valid for this session and any receiver. The body is read twice, first
// for its MD5, and never held in memory. A chunk that brings no answer is sent
// up to three times. Body must stay readable until shortly after the return:
// a request that was given up may still be reading.
func (c *Client) Upload(ctx context.Context, u Upload) (mediaID string, err error) {
	a, err := c.account()
	if err != nil {
		return "", err
	}
	if u.To == "" || u.Body == nil || u.Size <= 0 || u.Size > maxUpload {
		return "", fmt.Errorf("webwxuploadmedia: needs receiver, body and a size from 1 to %d bytes: %w", maxUpload, errUnfit)
	}
	form, err := c.uploadForm(ctx, a, u)
	if err != nil {
		return "", err
	}
	for chunk := range form.chunks {
		retry := backoff{least: retryMin, most: retryMax}
		for try := 1; ; try++ {
			mediaID, err = c.uploadChunk(ctx, a, u, form, chunk)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return "", ctx.Err()
			}
			if saidNo(err) || try == chunkTries {
				return "", err
			}
			if err := retry.wait(ctx); err != nil {
				return "", err
			}
		}
	}
	if mediaID == "" {
		return "", errors.New("webwxuploadmedia: no MediaId after the last chunk")
	}
	return mediaID, nil
}

// uploadForm is what the chunks of an upload have in common.
type uploadForm struct {
	id, name, mime, modified, media string
	size                            string
	request                         string // uploadmediarequest, the same text in every chunk
	dataTicket, passTicket          string
	boundary                        string
	chunks                          int64
}

func (c *Client) uploadForm(ctx context.Context, a *account, u Upload) (*uploadForm, error) {
	sum, err := sumMD5(ctx, u)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	request, err := wire.Marshal(wire.UploadMediaRequest{
		UploadType: uploadType, BaseRequest: a.base(), ClientMediaID: now.UnixMilli(),
		TotalLen: u.Size, StartPos: 0, DataLen: u.Size, MediaType: mediaAttach,
		FromUserName: a.selfContact().UserName, ToUserName: u.To, FileMd5: sum,
	})
	if err != nil {
		return nil, fmt.Errorf("webwxuploadmedia: %w", err)
	}
	// The login page gives pass_ticket encoded; a form field is not (section 2.2).
	passTicket, err := url.PathUnescape(a.passTicket)
	if err != nil {
		passTicket = a.passTicket
	}
	f := &uploadForm{
		id:         "WU_FILE_" + strconv.FormatInt(a.uploads.Add(1)-1, 10),
		name:       uploadName(u.Name),
		modified:   now.Format("Mon Jan 02 2006 15:04:05 GMT-0700 (MST)"),
		size:       strconv.FormatInt(u.Size, 10),
		request:    string(request),
		dataTicket: c.dataTicket(a),
		passTicket: passTicket,
		boundary:   fmt.Sprintf("----WebKitFormBoundary%016x", rand.Uint64()),
		chunks:     (u.Size + chunkSize - 1) / chunkSize,
	}
	f.mime, f.media = mediaKind(u.Name)
	return f, nil
}

// dataTicket is a cookie that the file host wants in forms and queries as well.
func (c *Client) dataTicket(a *account) string {
	return c.jar.value(&url.URL{Scheme: a.hosts.Scheme, Host: a.hosts.File, Path: cgiPath}, "webwx_data_ticket")
}

func sumMD5(ctx context.Context, u Upload) (string, error) {
	h := md5.New()
	for at := int64(0); at < u.Size; at += chunkSize {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		n := min(chunkSize, u.Size-at)
		if _, err := io.CopyN(h, io.NewSectionReader(u.Body, at, n), n); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", fmt.Errorf("upload %q: %w", path.Base(u.Name), err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// mediaKind gives MIME type and mediatype by the extension. A gif is a doc: as
// pic the receiver gets another picture (section 7.5).
func mediaKind(name string) (mimeType, media string) {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg":
		return "image/jpeg", "pic"
	case ".png":
		return "image/png", "pic"
	case ".bmp":
		return "image/bmp", "pic"
	case ".mp4":
		return "video/mp4", "video"
	case ".gif":
		return "image/gif", "doc"
	case ".pdf":
		return "application/pdf", "doc"
	case ".txt":
		return "text/plain", "doc"
	}
	return "application/octet-stream", "doc"
}

// uploadName gives a short ASCII name: others make the server answer Ret 1
// (section 8.1).
func uploadName(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	if len(name) <= maxFileName && name != "." && name != "/" && fitsHeader(name) {
		return name
	}
	if ext := path.Ext(name); len(ext) <= 8 && fitsHeader(ext) {
		return "upload" + ext
	}
	return "upload"
}

func fitsHeader(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`"\%;`, r) })
}

// uploadChunk sends one chunk and gives the MediaID that the last one brings.
func (c *Client) uploadChunk(ctx context.Context, a *account, u Upload, f *uploadForm, chunk int64) (string, error) {
	at := chunk * chunkSize
	n := min(chunkSize, u.Size-at)
	head, tail, err := f.frame(chunk)
	if err != nil {
		return "", fmt.Errorf("webwxuploadmedia: %w", err)
	}
	q := a.callAt(a.hosts.File, "webwxuploadmedia", url.Values{"f": {"json"}})
	q.class = classUpload
	q.contentType = "multipart/form-data; boundary=" + f.boundary
	q.size = int64(len(head)) + n + int64(len(tail))
	q.body = func() io.Reader {
		return io.MultiReader(bytes.NewReader(head), io.NewSectionReader(u.Body, at, n), bytes.NewReader(tail))
	}
	var resp wire.UploadResponse
	if err := c.ask(ctx, q, &resp); err != nil {
		return "", err
	}
	return string(resp.MediaID), nil
}

// frame gives the form before and after the bytes of a chunk, fields in the
// order of section 8.1.
func (f *uploadForm) frame(chunk int64) (head, tail []byte, err error) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary(f.boundary); err != nil {
		return nil, nil, err
	}
	fields := [][2]string{
		{"id", f.id}, {"name", f.name}, {"type", f.mime}, {"lastModifiedDate", f.modified}, {"size", f.size},
	}
	if f.chunks > 1 {
		fields = append(fields,
			[2]string{"chunks", strconv.FormatInt(f.chunks, 10)}, [2]string{"chunk", strconv.FormatInt(chunk, 10)})
	}
	fields = append(fields, [][2]string{
		{"mediatype", f.media},
		{"uploadmediarequest", f.request},
		{"webwx_data_ticket", f.dataTicket},
		{"pass_ticket", f.passTicket},
	}...)
	for _, field := range fields {
		if err := w.WriteField(field[0], field[1]); err != nil {
			return nil, nil, err
		}
	}
	_, err = w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="filename"; filename="` + f.name + `"`},
		"Content-Type":        {f.mime},
	})
	if err != nil {
		return nil, nil, err
	}
	n := b.Len()
	if err := w.Close(); err != nil {
		return nil, nil, err
	}
	return b.Bytes()[:n], b.Bytes()[n:], nil
}
