package wxtest

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// chunkSize is how much of a file one request carries (section 8.1).
const chunkSize = 524288

// The limits of section 8.2.
const (
	bigFile    = 25 << 20 // more needs webwxcheckupload
	maxPicture = 20 << 20
	maxFile    = 50 << 20
)

// maxKeptData is up to which size the content of uploads is kept.
const maxKeptData = 8 << 20

// maxUploads bounds how many finished uploads the journal keeps.
const maxUploads = 4096

// incoming is a file of which chunks have come.
type incoming struct {
	request string // uploadmediarequest, the same for every chunk
	chunks  int
	next    int // number of the chunk that must come now
	size    int64
	hash    hash.Hash
	sum     string
	data    []byte
	last    []byte // the newest chunk, to know a repeat of it
	mediaID string
}

type uploadAnswer struct {
	baseAnswer
	MediaID           text `json:"MediaId"`
	StartPos          int64
	CDNThumbImgHeight int
	CDNThumbImgWidth  int
	EncryFileName     text
}

// form is the multipart form of an upload, in the order it came.
type form struct {
	names    []string
	values   map[string]string
	file     []byte
	fileName string
	hasFile  bool
}

var errForm = errors.New("not a form")

func (c *call) form() (*form, error) {
	kind, params, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" {
		return nil, errForm
	}
	f := &form{values: map[string]string{}}
	mr := multipart.NewReader(bytes.NewReader(c.body), params["boundary"])
	for {
		part, err := mr.NextRawPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		name := part.FormName()
		f.names = append(f.names, name)
		if name == "filename" {
			f.file, f.hasFile = content, true
			f.fileName = c.rawFileName(part.Header.Get("Content-Disposition"))
			continue
		}
		f.values[name] = string(content)
	}
}

// rawFileName reads the file name as the server does: raw UTF-8 in quotes.
func (c *call) rawFileName(disposition string) string {
	if strings.Contains(disposition, "filename*=") {
		c.problem("8.1", "filename*= is not understood")
	}
	_, rest, ok := strings.Cut(disposition, ` filename="`)
	if !ok {
		c.problem("8.1", "the file part has no quoted file name")
		return ""
	}
	name, _, _ := strings.Cut(rest, `"`)
	if !utf8.ValidString(name) {
		c.problem("8.1", "the file name is not UTF-8")
	}
	return name
}

// upload takes one chunk of a file (section 8.1).
func (s *Server) upload(c *call) answer {
	c.wantQuery("8.1", "f", "json")
	f, err := c.form()
	if err != nil {
		c.problem("8.1", "body is not multipart/form-data")
		return c.uploadRefusal(retMalformed)
	}
	c.checkOrder(f)
	var request object
	if json.Unmarshal([]byte(f.values["uploadmediarequest"]), &request) != nil || request == nil {
		c.problem("8.1", "uploadmediarequest is not a JSON object")
		return c.uploadRefusal(retMalformed)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ret := c.authorizeLocked(request)
	if ret != retOK {
		return c.uploadRefusal(ret)
	}
	if f.values["webwx_data_ticket"] != e.dataTicket {
		c.problem("8.1", "webwx_data_ticket is not the cookie's value")
		return c.uploadRefusal(retSessionInvalid)
	}
	c.checkFormTicket(e, f.values["pass_ticket"])
	if len(f.file) > chunkSize {
		c.problem("8.1", "a chunk of more than 524288 bytes")
		return answer{status: http.StatusBadGateway, kind: "text/html"}
	}
	if size, err := strconv.ParseInt(f.values["size"], 10, 64); err != nil || size <= 0 || size > maxFile {
		c.problem("8.2", "size is %q: from 1 byte to 50 MB can be uploaded", f.values["size"])
		return c.uploadRefusal(retParameter)
	}
	in, ok := c.chunkLocked(e, f, request)
	if !ok {
		return answer{status: http.StatusPaymentRequired, kind: kindText}
	}
	return s.finishLocked(c, e, f, in, request)
}

func (c *call) uploadRefusal(ret int) answer {
	out := &uploadAnswer{}
	out.refuse(ret, "")
	return jsonAnswer(out)
}

// checkOrder looks at the names of the fields.
func (c *call) checkOrder(f *form) {
	want := []string{
		"id", "name", "type", "lastModifiedDate", "size", "chunks", "chunk", "mediatype",
		"uploadmediarequest", "webwx_data_ticket", "pass_ticket", "filename",
	}
	if _, chunked := f.values["chunks"]; !chunked {
		want = slices.DeleteFunc(want, func(n string) bool { return n == "chunks" || n == "chunk" })
	}
	if !slices.Equal(f.names, want) {
		c.problem("8.1", "fields are %s, not %s", strings.Join(f.names, " "), strings.Join(want, " "))
	}
	if !strings.HasPrefix(f.values["id"], "WU_FILE_") {
		c.problem("8.1", "id is %q, not WU_FILE_n", f.values["id"])
	}
	if f.fileName != f.values["name"] {
		c.problem("8.1", "name and the name of the file part differ")
	}
	if got, want := f.values["mediatype"], mediaTypeOf(f.values["name"]); got != want {
		c.problem("8.1", "mediatype of %s is %q, not %q", path.Ext(f.values["name"]), got, want)
	}
}

// mediaTypeOf is Tencent's table: gif is doc.
func mediaTypeOf(name string) string {
	switch strings.ToLower(strings.TrimPrefix(path.Ext(name), ".")) {
	case "bmp", "png", "jpg", "jpeg":
		return "pic"
	case "mp4":
		return "video"
	}
	return "doc"
}

// checkFormTicket wants pass_ticket decoded once (section 2.2).
func (c *call) checkFormTicket(e *session, got string) {
	want, err := url.PathUnescape(e.passTicket)
	if err != nil {
		want = e.passTicket
	}
	if got != want {
		c.problem("2.2", "pass_ticket of the form is not the session's, decoded once")
	}
}

// chunkLocked takes the bytes of a chunk in.
func (c *call) chunkLocked(e *session, f *form, request object) (*incoming, bool) {
	id := c.loose(request, "ClientMediaId")
	chunks, chunk := 1, 0
	if text, chunked := f.values["chunks"]; chunked {
		var err, err2 error
		chunks, err = strconv.Atoi(text)
		chunk, err2 = strconv.Atoi(f.values["chunk"])
		if err != nil || err2 != nil || chunks < 2 || chunk < 0 || chunk >= chunks {
			c.problem("8.1", "chunk %q of %q", f.values["chunk"], text)
			return nil, false
		}
	}
	in := e.uploads[id]
	if in == nil || chunk == 0 && in.next > 1 {
		in = &incoming{request: f.values["uploadmediarequest"], chunks: chunks, hash: md5.New()}
		e.uploads[id] = in
	}
	switch {
	case in.request != f.values["uploadmediarequest"]:
		c.problem("8.1", "uploadmediarequest differs between the chunks")
		return nil, false
	case chunks != in.chunks:
		c.problem("8.1", "chunks was %d, is %d", in.chunks, chunks)
		return nil, false
	case chunk == in.next-1 && bytes.Equal(in.last, f.file):
		return in, true // a repeat of a chunk whose answer was lost
	case chunk != in.next:
		c.problem("8.1", "chunk %d came where %d should", chunk, in.next)
		return nil, false
	case chunk < chunks-1 && len(f.file) != chunkSize:
		c.problem("8.1", "chunk %d of %d has %d bytes, not 524288", chunk, chunks, len(f.file))
		return nil, false
	}
	in.next++
	in.last = f.file
	in.size += int64(len(f.file))
	in.hash.Write(f.file)
	if in.size <= maxKeptData {
		in.data = append(in.data, f.file...)
	} else {
		in.data = nil
	}
	return in, true
}

// finishLocked answers a chunk: the last one with a MediaId.
func (s *Server) finishLocked(c *call, e *session, f *form, in *incoming, request object) answer {
	out := &uploadAnswer{}
	if in.next < in.chunks {
		return jsonAnswer(out)
	}
	if in.mediaID == "" {
		in.sum = hex.EncodeToString(in.hash.Sum(nil))
		c.checkUploadRequest(e, f, in, request)
		signature, ok := c.checkBig(e, in, request)
		if !ok {
			return c.uploadRefusal(retParameter)
		}
		in.mediaID = newMediaID()
		up := &Upload{
			MediaID: in.mediaID, Name: f.values["name"], MIME: f.values["type"], MediaType: f.values["mediatype"],
			Size: in.size, MD5: in.sum, Chunks: in.chunks, Data: in.data, signature: signature,
		}
		e.media[in.mediaID] = up
		if s.journal.uploads = append(s.journal.uploads, up); len(s.journal.uploads) > maxUploads {
			s.journal.uploads = slices.Delete(s.journal.uploads, 0, maxUploads/2)
		}
		s.recordLocked(Record{Kind: RecordUploaded, Upload: up, Text: up.Name})
	}
	out.MediaID, out.StartPos, out.EncryFileName = text(in.mediaID), in.size, text(percentEncode(f.values["name"]))
	if f.values["mediatype"] == "pic" {
		out.CDNThumbImgHeight, out.CDNThumbImgWidth = 90, 120
	}
	return jsonAnswer(out)
}

// checkUploadRequest compares what uploadmediarequest said with what came.
func (c *call) checkUploadRequest(e *session, f *form, in *incoming, request object) {
	for _, want := range []struct {
		field string
		value int64
	}{
		{"UploadType", 2}, {"StartPos", 0}, {"MediaType", 4}, {"TotalLen", in.size}, {"DataLen", in.size},
	} {
		if got := c.number(request, want.field); got != want.value {
			c.problem("8.1", "%s is %d, not %d", want.field, got, want.value)
		}
	}
	if got := c.text(request, "FileMd5"); got != in.sum {
		c.problem("8.1", "FileMd5 is not that of the bytes sent")
	}
	if f.values["size"] != strconv.FormatInt(in.size, 10) {
		c.problem("8.1", "size is %q for %d bytes", f.values["size"], in.size)
	}
	if c.text(request, "FromUserName") != e.nameOf(c.srv.world.self) {
		c.problem("8.1", "FromUserName is not the account itself")
	}
	if e.byName[c.text(request, "ToUserName")] == nil {
		c.problem("8.1", "ToUserName is nobody")
	}
}

// checkBig wants the keys of webwxcheckupload on big files and gives the
// signature.
func (c *call) checkBig(e *session, in *incoming, request object) (string, bool) {
	if in.size <= bigFile {
		return "", true
	}
	keys, ok := e.checks[in.sum]
	if !ok || c.optional(request, "AESKey") != keys.aesKey || c.optional(request, "Signature") != keys.signature {
		c.problem("8.3", "AESKey or Signature of webwxcheckupload is missing for a file of more than 25 MB")
		return "", false
	}
	return keys.signature, true
}

// uploadKeys is what webwxcheckupload gave out for a file.
type uploadKeys struct{ aesKey, signature string }

type checkUploadAnswer struct {
	baseAnswer
	MediaID       text `json:"MediaId"`
	AESKey        text
	Signature     text
	EncryFileName text
}

func blankCheckUpload() response { return &checkUploadAnswer{} }

// maxChecks bounds how many big files are remembered to have been asked about.
const maxChecks = 1024

// checkUpload answers the question asked before big files (section 8.3): a file
// that the session has uploaded before need not come again.
func (s *Server) checkUpload(c *call, e *session, body object, out response) {
	o, ok := out.(*checkUploadAnswer)
	if !ok {
		return
	}
	sum, size := c.text(body, "FileMd5"), c.number(body, "FileSize")
	if !md5Pattern.MatchString(sum) {
		c.problem("8.3", "FileMd5 is not 32 hex digits")
	}
	if c.number(body, "FileType") != 7 {
		c.problem("8.3", "FileType is not 7")
	}
	if c.text(body, "FromUserName") != e.nameOf(s.world.self) {
		c.problem("8.3", "FromUserName is not the account itself")
	}
	if e.byName[c.text(body, "ToUserName")] == nil {
		c.problem("8.3", "ToUserName is nobody")
	}
	if size <= 0 || size > maxFile {
		c.problem("8.2", "FileSize is %d: from 1 byte to 50 MB can be uploaded", size)
		out.refuse(retParameter, "")
		return
	}
	keys, asked := e.checks[sum]
	if !asked {
		keys = uploadKeys{aesKey: randomText(lowerHex, 32), signature: randomText(lowerHex, 64)}
		if len(e.checks) >= maxChecks {
			clear(e.checks)
		}
		e.checks[sum] = keys
	}
	for _, up := range e.media {
		if up.MD5 == sum && up.Size == size && up.signature == keys.signature {
			o.MediaID = text(up.MediaID)
		}
	}
	o.AESKey, o.Signature = text(keys.aesKey), text(keys.signature)
	o.EncryFileName = text(percentEncode(c.text(body, "FileName")))
}
