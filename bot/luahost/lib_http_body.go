package luahost

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"wxbot/bot/conf"
)

// payload is the body of a request: texts, and files of bot.file, which are read when
// they are sent and are in memory at no time.
type payload struct {
	p        *plugin
	segments []segment
	size     int64
}

// segment is a piece of a payload: a text, or a file of so many bytes.
type segment struct {
	text string
	file string
	size int64
}

func (b *payload) addText(s string) {
	b.segments = append(b.segments, segment{text: s})
	b.size += int64(len(s))
}

var errUploadLong = fmt.Errorf("a body of more than %d MB", filesBytesMost>>20)

// addFile adds a file of the plugin's folder.
func (b *payload) addFile(name string) (err error) {
	root, err := b.p.folder(false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	st, err := root.Lstat(name)
	switch {
	case err != nil:
		return err
	case !st.Mode().IsRegular():
		return errNoFile
	case b.size+st.Size() > filesBytesMost:
		return errUploadLong
	}
	b.segments = append(b.segments, segment{file: name, size: st.Size()})
	b.size += st.Size()
	return nil
}

// attachTo makes it the body of a request, which may be sent again after a redirect.
func (b *payload) attachTo(req *http.Request) {
	req.ContentLength = b.size
	req.GetBody = func() (io.ReadCloser, error) { return b.open(), nil }
	if req.Body = b.open(); b.size == 0 {
		req.Body = http.NoBody
	}
}

func (b *payload) open() io.ReadCloser { return &payloadReader{p: b.p, rest: b.segments} }

// payloadReader reads the pieces one after the other; one file is open at a time. The
// transport closes it whatever becomes of the request, also while it still reads it.
type payloadReader struct {
	p *plugin

	mu     sync.Mutex
	closed bool
	rest   []segment
	now    io.Reader
	left   int64 // bytes of now
	file   io.Closer
}

func (r *payloadReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return 0, fs.ErrClosed
	}
	for r.left == 0 {
		if err := r.leaveLocked(); err != nil {
			return 0, err
		}
		if len(r.rest) == 0 {
			return 0, io.EOF
		}
		s := r.rest[0]
		r.rest = r.rest[1:]
		if s.file == "" {
			r.now, r.left = strings.NewReader(s.text), int64(len(s.text))
			continue
		}
		if err := r.openLocked(s); err != nil {
			return 0, err
		}
	}
	n, err := r.now.Read(b[:min(int64(len(b)), r.left)])
	r.left -= int64(n)
	if errors.Is(err, io.EOF) {
		if err = nil; r.left > 0 && n == 0 {
			err = &refusedError{"the file has changed meanwhile"}
		}
	}
	return n, err
}

func (r *payloadReader) openLocked(s segment) (err error) {
	gone := &refusedError{"the file is gone"}
	root, err := r.p.folder(false)
	if err != nil {
		return gone
	}
	defer func() { err = errors.Join(err, root.Close()) }()
	if st, err := root.Lstat(s.file); err != nil || !st.Mode().IsRegular() {
		return gone
	}
	f, err := root.Open(s.file)
	if err != nil {
		return gone
	}
	r.now, r.left, r.file = f, s.size, f
	return nil
}

// Close ends the reading and closes the file that is open.
func (r *payloadReader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	return r.leaveLocked()
}

// leaveLocked closes the file that is open.
func (r *payloadReader) leaveLocked() error {
	f := r.file
	r.now, r.left, r.file = nil, 0, nil
	if f == nil {
		return nil
	}
	return f.Close()
}

// bodyFile sends a file of bot.file.
func (f *filler) bodyFile(l *lua.LState, name string) {
	charge(l, fileWork)
	f.bodies++
	if err := f.body.addFile(name); err != nil {
		f.failed = errors.New("body_file: " + fileError(err))
	}
	f.kind("application/octet-stream")
}

const partsMost = 100

// multipart sends a form: {name = text or number, picture = {file = "a.png"}}; a list
// of these is a field that comes several times.
func (f *filler) multipart(l *lua.LState, t *lua.LTable) {
	f.bodies++
	var head bytes.Buffer
	w := multipart.NewWriter(&head)
	f.boundary = w.FormDataContentType()
	var fields []string
	values := map[string]lua.LValue{}
	t.ForEach(func(k, v lua.LValue) {
		fields = append(fields, k.String())
		values[k.String()] = v
	})
	slices.Sort(fields)
	n := 0
	for _, name := range fields {
		list := []lua.LValue{values[name]}
		if t, ok := values[name].(*lua.LTable); ok && t.Len() > 0 {
			list = nil
			t.ForEach(func(_, v lua.LValue) { list = append(list, v) })
		}
		for _, v := range list {
			if n++; n > partsMost || len(name) > fileNameMost {
				l.ArgError(2, fmt.Sprintf("multipart: more than %d fields, or a name of more than %d bytes", partsMost, fileNameMost))
			}
			f.part(l, w, &head, name, v)
		}
	}
	err := w.Close()
	f.body.addText(head.String())
	if err != nil {
		f.failed = err
	}
}

// part adds one field of a form.
func (f *filler) part(l *lua.LState, w *multipart.Writer, head *bytes.Buffer, field string, v lua.LValue) {
	switch v := v.(type) {
	case lua.LString, lua.LNumber, lua.LBool:
		s := v.String()
		charge(l, work(16*len(s)))
		if f.texts += len(s); f.texts > requestBodyMost {
			l.ArgError(2, fmt.Sprintf("multipart: texts of more than %d KB", requestBodyMost>>10))
		}
		if err := w.WriteField(field, s); err != nil {
			f.failed = err
		}
		return
	case *lua.LTable:
		file, as, kind := "", "", "application/octet-stream"
		v.ForEach(func(k, v lua.LValue) {
			switch key := k.String(); key {
			case "file":
				file = nameOption(l, "multipart: file", v)
			case "name":
				as = nameOption(l, "multipart: name", v)
			case "type":
				kind = v.String()
			default:
				hint := ""
				if s := conf.Suggest(key, []string{"file", "name", "type"}); s != "" {
					hint = fmt.Sprintf(", did you mean %q?", s)
				}
				l.ArgError(2, fmt.Sprintf("multipart: unknown key %q%s", key, hint))
			}
		})
		if file == "" || len(kind) > fileNameMost || strings.ContainsAny(kind, "\r\n") {
			break
		}
		if as == "" {
			as = file
		}
		charge(l, fileWork)
		h := textproto.MIMEHeader{}
		h.Set("Content-Disposition", multipart.FileContentDisposition(field, as))
		h.Set("Content-Type", kind)
		if _, err := w.CreatePart(h); err != nil {
			f.failed = err
			return
		}
		f.body.addText(head.String())
		head.Reset()
		if err := f.body.addFile(file); err != nil {
			f.failed = errors.New("multipart: " + fileError(err))
		}
		return
	}
	l.ArgError(2, "multipart: a field is a text, a number, or {file = \"picture.png\", name = …, type = …}")
}
