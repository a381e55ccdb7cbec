package wire

import (
	"strconv"
	"strings"
)

// FileApp is what the body of a file message tells (section 7.6).
type FileApp struct {
	AppID   string
	Title   string // the file's name
	Size    int64  // bytes
	MediaID string
	Ext     string // without dot
}

// FileBody makes the Content of a file message.
func FileBody(f FileApp) string {
	return `<appmsg appid='` + escape(f.AppID) + `' sdkver=''><title>` + escape(f.Title) +
		`</title><des></des><action></action><type>6</type><content></content><url></url><lowurl></lowurl>` +
		`<appattach><totallen>` + strconv.FormatInt(f.Size, 10) + `</totallen><attachid>` + escape(f.MediaID) +
		`</attachid><fileext>` + escape(f.Ext) + `</fileext></appattach><extinfo></extinfo></appmsg>`
}

// CardBody makes the Content of a card (section 7.2).
func CardBody(userName, nickName string) string {
	return `<msg username="` + escape(userName) + `" nickname="` + escape(nickName) + `"/>`
}

// escape writes a text or attribute value of XML.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(s)
}

// RawBody undoes the escapes of a Content that holds XML, for sending it on; ""
// if it holds none.
func RawBody(content string) string {
	content = strings.ReplaceAll(content, "<br/>", "\n")
	if raw := strings.TrimSpace(content); strings.HasPrefix(raw, "<") {
		return raw
	}
	if raw := strings.TrimSpace(unescape(content)); strings.HasPrefix(raw, "<") {
		return raw
	}
	return ""
}
