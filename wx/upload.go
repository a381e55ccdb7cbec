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
	"strconv"
	"time"

	"wxbot/wx/internal/wire"
)

// Figures of section 8.
const (
	chunkSize   = 524288
	uploadTries = 3
	bigFile     = 25 << 20 // more needs webwxcheckupload
	maxFileName = 60
	uploadType  = 2
	mediaAttach = 4
	checkType   = 7
)

// Upload describes content to be uploaded. It is read twice, first for its MD5,
// and never held in memory. Body must stay readable until shortly after the call
// returns: a request that was given up may still be reading.
type Upload struct {
	To   string // user name of the receiver
	Name string // of the file; folders in it are left out
	Size int64  // bytes, at least 1
	Body io.ReaderAt
	// Progress, if set, is called from the caller's goroutine after each part
	// that the server took, once if it has all from an earlier upload.
	Progress func(sent, total int64)
}

// Upload uploads up to 25 MiB in chunks of 524,288 bytes (webwxuploadmedia) and
// returns a MediaID, valid for this session and any receiver. A chunk that brings
// no answer is sent up to three times. Content uploaded in the last half hour is
// not uploaded again.
func (c *Client) Upload(ctx context.Context, u Upload) (mediaID string, err error) {
	a, err := c.sender("webwxuploadmedia", u.To)
	if err != nil {
		return "", err
	}
	if err := u.check("webwxuploadmedia", bigFile); err != nil {
		return "", err
	}
	up, err := c.upload(ctx, a, &u, kindByName(u.Name))
	return up.mediaID, err
}

// check judges what can be judged without reading.
func (u *Upload) check(endpoint string, limit int64) error {
	switch {
	case u.To == "" || u.Body == nil:
		return fmt.Errorf("%s: needs receiver and body: %w", endpoint, errUnfit)
	case u.Size <= 0:
		return fmt.Errorf("%s: %q is empty: %w", endpoint, u.base(), errUnfit)
	case u.Size > limit:
		return fmt.Errorf("%s: %q has %d bytes, WeChat takes %d: %w", endpoint, u.base(), u.Size, limit, ErrTooLarge)
	}
	return nil
}

func (u *Upload) progress(sent int64) {
	if u.Progress != nil {
		u.Progress(sent, u.Size)
	}
}

// upload gives content to the server, unless that has it from an earlier call.
func (c *Client) upload(ctx context.Context, a *account, u *Upload, kind fileKind) (uploaded, error) {
	sum, err := sumMD5(ctx, u)
	if err != nil {
		return uploaded{}, err
	}
	key := mediaKey{sum: sum, size: u.Size, media: kind.media}
	up, release, err := a.media.claim(ctx, key)
	if err != nil {
		return uploaded{}, err
	}
	if release == nil {
		u.progress(u.Size)
		return up, nil
	}
	defer release()
	f := &uploadForm{upload: u, name: u.uploadName(kind), mime: kind.mime, media: kind.media, sum: sum}
	if up, err = c.checkUpload(ctx, a, f); err != nil {
		return uploaded{}, err
	}
	if up.mediaID == "" {
		if up.mediaID, err = c.uploadChunks(ctx, a, f); err != nil {
			return uploaded{}, err
		}
	} else {
		u.progress(u.Size)
	}
	a.media.put(key, up, time.Now())
	return up, nil
}

// checkUpload announces a big file (section 8.3). It notes the keys that the
// chunks must bear and gives the signature that the message must bear, and a
// MediaID if the server has the file already.
func (c *Client) checkUpload(ctx context.Context, a *account, f *uploadForm) (uploaded, error) {
	if f.upload.Size <= bigFile {
		return uploaded{}, nil
	}
	q, err := a.call("webwxcheckupload", nil).withJSON(wire.CheckUploadRequest{
		BaseRequest: a.base(), FileMd5: f.sum, FileName: f.name, FileSize: f.upload.Size, FileType: checkType,
		FromUserName: a.selfContact().UserName, ToUserName: f.upload.To,
	})
	if err != nil {
		return uploaded{}, err
	}
	var resp wire.CheckUploadResponse
	if err := again(ctx, func() error { return c.ask(ctx, q, &resp) }); err != nil {
		return uploaded{}, err
	}
	if resp.Signature == "" {
		return uploaded{}, q.unclear(errors.New("no Signature in the answer"))
	}
	f.aesKey, f.signature = string(resp.AESKey), string(resp.Signature)
	return uploaded{mediaID: string(resp.MediaID), signature: f.signature}, nil
}

// again makes up to three tries of a call that may be repeated. A code that says
// no ends it.
func again(ctx context.Context, try func() error) error {
	retry := backoff{least: retryMin, most: retryMax}
	for n := 1; ; n++ {
		err := try()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case saidNo(err) || n == uploadTries:
			return err
		}
		if err := retry.wait(ctx); err != nil {
			return err
		}
	}
}

// uploadForm is what the chunks of an upload have in common.
type uploadForm struct {
	upload            *Upload
	name, mime, media string
	sum               string // MD5
	aesKey, signature string // of big files

	id, modified, size     string
	request                string // uploadmediarequest, the same text in every chunk
	dataTicket, passTicket string
	boundary               string
	chunks                 int64
}

// uploadChunks sends the chunks one after the other and gives the MediaID that
// the last one brings.
func (c *Client) uploadChunks(ctx context.Context, a *account, f *uploadForm) (mediaID string, err error) {
	if err := c.fill(a, f); err != nil {
		return "", err
	}
	for chunk := range f.chunks {
		err := again(ctx, func() (err error) {
			mediaID, err = c.uploadChunk(ctx, a, f, chunk)
			return err
		})
		if err != nil {
			return "", err
		}
		f.upload.progress(min((chunk+1)*chunkSize, f.upload.Size))
	}
	if mediaID == "" {
		return "", errors.New("webwxuploadmedia: no MediaId after the last chunk")
	}
	return mediaID, nil
}

// fill sets what all chunks bear.
func (c *Client) fill(a *account, f *uploadForm) error {
	now, size := time.Now(), f.upload.Size
	request, err := wire.Marshal(wire.UploadMediaRequest{
		UploadType: uploadType, BaseRequest: a.base(), ClientMediaID: a.nextMediaID(now),
		TotalLen: size, StartPos: 0, DataLen: size, MediaType: mediaAttach,
		FromUserName: a.selfContact().UserName, ToUserName: f.upload.To, FileMd5: f.sum,
		AESKey: f.aesKey, Signature: f.signature,
	})
	if err != nil {
		return fmt.Errorf("webwxuploadmedia: %w", err)
	}
	// The login page gives pass_ticket encoded; a form field is not (section 2.2).
	f.passTicket, err = url.PathUnescape(a.passTicket)
	if err != nil {
		f.passTicket = a.passTicket
	}
	f.id = "WU_FILE_" + strconv.FormatInt(a.uploads.Add(1)-1, 10)
	f.modified = now.Format("Mon Jan 02 2006 15:04:05 GMT-0700 (MST)")
	f.size = strconv.FormatInt(size, 10)
	f.request = string(request)
	f.dataTicket = c.dataTicket(a)
	f.boundary = fmt.Sprintf("----WebKitFormBoundary%016x", rand.Uint64())
	f.chunks = (size + chunkSize - 1) / chunkSize
	return nil
}

// dataTicket is a cookie that the file host wants in forms and queries as well.
func (c *Client) dataTicket(a *account) string {
	return c.jar.value(&url.URL{Scheme: a.hosts.Scheme, Host: a.hosts.File, Path: cgiPath}, "webwx_data_ticket")
}

// hashBuffer is how much of a file is read at a time for its MD5.
const hashBuffer = 256 << 10

func sumMD5(ctx context.Context, u *Upload) (string, error) {
	h := md5.New()
	buf := make([]byte, min(hashBuffer, u.Size))
	for at := int64(0); at < u.Size; {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		n, err := u.Body.ReadAt(buf[:min(int64(len(buf)), u.Size-at)], at)
		h.Write(buf[:n])
		if at += int64(n); at == u.Size {
			break
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return "", fmt.Errorf("upload %q: %w", u.base(), err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// uploadChunk sends one chunk and gives the MediaID that the last one brings.
func (c *Client) uploadChunk(ctx context.Context, a *account, f *uploadForm, chunk int64) (string, error) {
	u, at := f.upload, chunk*chunkSize
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
