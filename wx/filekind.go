package wx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"strings"
)

// fileKind is how content is uploaded.
type fileKind struct {
	mime  string
	media string // mediatype: pic, video or doc
	ext   string // that the uploaded name must have, "" for any
}

const kindGIF = "image/gif"

// kindByName gives the kind by the extension. A gif is a doc: as pic the receiver
// gets another picture (section 7.5).
func kindByName(name string) fileKind {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg":
		return fileKind{mime: "image/jpeg", media: "pic"}
	case ".png":
		return fileKind{mime: "image/png", media: "pic"}
	case ".bmp":
		return fileKind{mime: "image/bmp", media: "pic"}
	case ".mp4":
		return fileKind{mime: "video/mp4", media: "video"}
	case ".gif":
		return fileKind{mime: kindGIF, media: "doc"}
	case ".pdf":
		return fileKind{mime: "application/pdf", media: "doc"}
	case ".txt":
		return fileKind{mime: "text/plain", media: "doc"}
	}
	return fileKind{mime: "application/octet-stream", media: "doc"}
}

// pictureKind tells the kind of a picture by its first bytes: a gif under another
// name would reach the receiver as a picture of somebody else's.
func pictureKind(u *Upload) (fileKind, error) {
	head, err := u.head()
	if err != nil {
		return fileKind{}, err
	}
	switch kind := http.DetectContentType(head); kind {
	case "image/jpeg":
		return fileKind{mime: kind, media: "pic", ext: ".jpg"}, nil
	case "image/png":
		return fileKind{mime: kind, media: "pic", ext: ".png"}, nil
	case "image/bmp":
		return fileKind{mime: kind, media: "pic", ext: ".bmp"}, nil
	case kindGIF:
		return fileKind{mime: kind, media: "doc", ext: ".gif"}, nil
	}
	return fileKind{}, fmt.Errorf("picture %q: neither JPEG, PNG, BMP nor GIF: %w", u.base(), errUnfit)
}

// filmKind wants an mp4: WeChat takes nothing else (section 7.4).
func filmKind(u *Upload) (fileKind, error) {
	head, err := u.head()
	if err != nil {
		return fileKind{}, err
	}
	isMP4 := len(head) > 8 && string(head[4:8]) == "ftyp" && !bytes.HasPrefix(head[8:], []byte("qt"))
	if !isMP4 && !strings.EqualFold(path.Ext(u.Name), ".mp4") {
		return fileKind{}, fmt.Errorf("video %q: not an mp4: %w", u.base(), errUnfit)
	}
	return fileKind{mime: "video/mp4", media: "video", ext: ".mp4"}, nil
}

// docKind is for what is sent as a file, pictures and films included. Their
// mediatype goes by the extension all the same (section 8.1).
func docKind(u *Upload) fileKind { return kindByName(u.Name) }

// head reads the first bytes.
func (u *Upload) head() ([]byte, error) {
	head := make([]byte, min(sniffed, u.Size))
	n, err := u.Body.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("upload %q: %w", u.base(), err)
	}
	return head[:n], nil
}

// base is the name without folders, or one that stands for none.
func (u *Upload) base() string {
	switch name := path.Base(strings.ReplaceAll(u.Name, `\`, "/")); name {
	case ".", "..", "/":
		return "file"
	default:
		return name
	}
}

// uploadName gives a short ASCII name: others make the server answer Ret 1
// (section 8.1).
func (u *Upload) uploadName(kind fileKind) string {
	name, ext := u.base(), path.Ext(u.base())
	if kind.ext != "" && kindByName(name).mime != kind.mime {
		return "upload" + kind.ext
	}
	if len(name) <= maxFileName && fitsHeader(name) {
		return name
	}
	if len(ext) <= 8 && fitsHeader(ext) {
		return "upload" + ext
	}
	return "upload"
}

func fitsHeader(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' || strings.ContainsRune(`"\%;`, r) })
}
