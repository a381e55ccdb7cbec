package wx

import (
	"cmp"

	"wxbot/wx/internal/wire"
)

// decodeApp reads an app message (section 12.5). Kinds that the web does not know
// come as plain text without any XML. What comes out of the XML is decoded
// already: to undo escapes a second time would change what a person typed.
func decodeApp(m *Message, w *wire.Msg, content string) {
	e := wire.ParseBody(content)
	app := e.At("appmsg")
	m.App = AppType(w.AppMsgType)
	if reader := e.At("mmreader"); app == nil && reader != nil {
		m.App = cmp.Or(m.App, AppReader)
		item := reader.At("category", "item")
		m.Link = &Link{
			Title: item.Text("title"), URL: item.Text("url"), Description: item.Text("digest"),
			Source: reader.Text("category", "topnew", "title"),
		}
		m.Text = m.Link.Title
		return
	}
	if app == nil {
		m.Text = wire.DecodeText(content)
		if title := wire.DecodeName(string(w.FileName)); title != "" && m.App != 0 {
			m.Link = &Link{Title: title, URL: string(w.URL)}
		}
		return
	}
	if t := AppType(wire.Int(app.Text("type"))); t != 0 {
		m.App = t
	}
	title := cmp.Or(app.Text("title"), wire.DecodeName(string(w.FileName)))
	m.Text = title
	switch m.App {
	case AppFile:
		m.File = file(w, app, title)
	case AppQuote:
		m.Quote = quote(app.At("refermsg"))
	case AppTransfer:
		pay := app.At("wcpayinfo")
		m.Transfer = &Transfer{Amount: pay.Text("feedesc"), Memo: pay.Text("pay_memo")}
	default:
		m.Link = link(w, e, app, title)
		m.Text = cmp.Or(m.Text, m.Link.Title)
	}
}

func link(w *wire.Msg, e, app *wire.Element, title string) *Link {
	l := &Link{
		Title: title, Description: app.Text("des"),
		URL:     cmp.Or(app.Text("url"), string(w.URL), app.Text("lowurl")),
		DataURL: cmp.Or(app.Text("dataurl"), app.Text("lowdataurl")),
		Source:  cmp.Or(app.Text("sourcedisplayname"), e.Text("appinfo", "appname")),
		AppID:   cmp.Or(app.Attr("appid"), string(w.AppInfo.AppID)),
	}
	if feed := app.At("finderFeed"); feed != nil {
		l.Source = cmp.Or(feed.Text("nickname"), l.Source)
		l.Description = cmp.Or(feed.Text("desc"), l.Description)
		if l.Description != "" {
			l.Title = l.Description
		}
	}
	return l
}

func file(w *wire.Msg, app *wire.Element, title string) *File {
	size := wire.Int(string(w.FileSize))
	if size == 0 {
		size = wire.Int(app.Text("appattach", "totallen"))
	}
	return &File{
		Name: cmp.Or(wire.DecodeName(string(w.FileName)), title), Ext: app.Text("appattach", "fileext"), Size: size,
		MediaID:   cmp.Or(string(w.MediaID), app.Text("appattach", "attachid")),
		EncryName: string(w.EncryFileName),
	}
}

// quote reads what a quoted reply answers. Of a quoted app message the text is an
// XML body again, of which the title is shown.
func quote(ref *wire.Element) *Quote {
	q := &Quote{
		MsgID: ref.Text("svrid"), DisplayName: ref.Text("displayname"),
		Type: int(wire.Int(ref.Text("type"))), Text: ref.Text("content"),
	}
	if MsgType(q.Type) == MsgText {
		return q
	}
	if inner := wire.ParseBody(ref.Text("content")); inner != nil {
		q.Text = inner.Text("appmsg", "title")
	}
	return q
}
