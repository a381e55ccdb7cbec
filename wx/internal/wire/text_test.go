package wire

import (
	"html"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestDecodeText(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"plain":                       {"你好", "你好"},
		"line end":                    {"a<br/>b", "a\nb"},
		"escapes once":                {"&lt;a&gt; &amp;amp; &quot;b&quot; &#39;c&#39;&nbsp;d", `<a> &amp; "b" 'c' d`},
		"typed line end":              {"&lt;br/&gt;", "<br/>"},
		"typed span":                  {`&lt;span class="emoji emoji1f604"&gt;&lt;/span&gt;`, `<span class="emoji emoji1f604"></span>`},
		"emoji":                       {`<span class="emoji emoji1f604"></span>`, "😄"},
		"emoji in capitals":           {`<span class="emoji emoji1F604"></span>`, "😄"},
		"flag of two":                 {`<span class="emoji emoji1f1e81f1f3"></span>`, "🇨🇳"},
		"keycap":                      {`<span class="emoji emoji003120e3"></span>`, "1⃣"},
		"keycap of six digits":        {`<span class="emoji emoji3120e3"></span>`, "1⃣"},
		"four digits":                 {`<span class="emoji emoji2600"></span>`, "☀"},
		"span without its last sign":  {`<span class="emoji emoji1f450"></span`, "👐"},
		"wrong code point":            {`<span class="emoji emoji1f63b"></span>`, "😍"},
		"no code point":               {`<span class="emoji emojid800"></span>`, `<span class="emoji emojid800"></span>`},
		"old face stays":              {"<笑脸>[微笑]", "<笑脸>[微笑]"},
		"an ampersand of nobody's":    {"a & b &copy x&y;", "a & b &copy x&y;"},
		"cut emoji":                   {"a\xf0\x9f", "a\uFFFD"},
		"escaped ampersand then word": {"&amp;lt;", "&lt;"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := DecodeText(tt.in); got != tt.want {
				t.Errorf("DecodeText(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
	if got := DecodeName("a<br/>&amp;"); got != "a<br/>&" {
		t.Errorf("DecodeName = %q: names have no line ends", got)
	}
}

func TestCutSender(t *testing.T) {
	for in, want := range map[string][2]string{
		"@0a1B:<br/>hi":              {"@0a1B", "hi"},
		"wxid_x-1:<br/>hi":           {"wxid_x-1", "hi"},
		"@a:<br/>place:<br/>/cgi":    {"@a", "place:<br/>/cgi"},
		"hi":                         {"", "hi"},
		"place :<br/>x":              {"", "place :<br/>x"},
		"@a:&lt;br/&gt;typed by him": {"", "@a:&lt;br/&gt;typed by him"},
	} {
		sender, rest, ok := CutSender(in)
		if sender != want[0] || rest != want[1] || ok != (want[0] != "") {
			t.Errorf("CutSender(%q) = %q, %q, %v", in, sender, rest, ok)
		}
	}
}

func TestDecodeSystemStripsLinks(t *testing.T) {
	for in, want := range map[string]string{
		`你邀请"甲"加入了群聊  <a href="weixin://revoke">撤销</a>`:                                        `你邀请"甲"加入了群聊  撤销`,
		`<img src="x.png"/> 收到红包，<_wc_custom_link_ color="#FD9931">请在手机上查看</_wc_custom_link_>`: ` 收到红包，请在手机上查看`,
		`&lt;a href="weixin://x"&gt;发送朋友验证&lt;/a&gt;。`:                                         `发送朋友验证。`,
		`1 < 2 and a > b`: `1 < 2 and a > b`,
	} {
		if got := DecodeSystem(in); got != want {
			t.Errorf("DecodeSystem(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestParseBodyPutsUpWithBrokenXML(t *testing.T) {
	for name, tt := range map[string]struct{ in, want string }{
		"plain":               {`<msg><appmsg><title>t</title></appmsg></msg>`, "t"},
		"escaped":             {`&lt;msg&gt;<br/>&lt;appmsg&gt;&lt;title&gt;t&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;`, "t"},
		"raw ampersand":       {`<msg><appmsg><url>http://x?a=1&b=2</url><title>a & b</title></appmsg></msg>`, "a & b"},
		"escapes in XML":      {`&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;a &amp;amp; b&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;`, "a & b"},
		"cdata":               {`<msg><appmsg><title><![CDATA[<b>]]></title></appmsg></msg>`, "<b>"},
		"garbage before":      {"wxid_x:\n<msg><appmsg><title>t</title></appmsg></msg>", "t"},
		"declaration":         {`<?xml version="1.0" encoding="gbk"?><msg><appmsg><title>t</title></appmsg></msg>`, "t"},
		"never closed":        {`<msg><appmsg><title>t</title>`, "t"},
		"closed twice":        {`<msg><appmsg></b></b><title>t</title></appmsg></msg>`, "t"},
		"emoji in a title":    {`&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;<span class="emoji emoji1f604"></span>&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;`, "😄"},
		"cut in the middle":   {`<msg><appmsg><title>t</title><des>unfini`, "t"},
		"attribute unquoted":  {`<msg><appmsg appid=wx sdkver="0"><title>t</title></appmsg></msg>`, "t"},
		"control character":   {"<msg><appmsg><des>a\x08b</des><title>t</title></appmsg></msg>", "t"},
		"stray less sign":     {`<msg><appmsg><des>1 < 2</des><title>1 < 2 <3</title></appmsg></msg>`, "1 < 2 <3"},
		"old face":            {`<msg><appmsg><title><笑脸>t</title></appmsg></msg>`, "<笑脸>t"},
		"end of cdata alone":  {`<msg><appmsg><title>]]> t</title></appmsg></msg>`, "]]> t"},
		"later XML":           {`<?xml version="1.1"?><msg><appmsg><title>t</title></appmsg></msg>`, "t"},
		"odd comment":         {`<msg><!-- a -- b --><appmsg><title>t</title></appmsg></msg>`, "t"},
		"less in attribute":   {`<msg a="x<y"><appmsg><title>t</title></appmsg></msg>`, "t"},
		"quote in attribute":  {`<msg><appmsg a="x "y" z"><title>t</title></appmsg></msg>`, "t"},
		"quote left open":     {`<msg><appmsg a="x><title>t</title></appmsg></msg>`, "t"},
		"entities":            {`<msg><appmsg><title>&#8;&#x4f60;&hellip;&bogus;&#xD800;</title></appmsg></msg>`, "\b你…&bogus;\uFFFD"},
		"body escaped twice":  {`&amp;lt;msg&amp;gt;&amp;lt;appmsg&amp;gt;&amp;lt;title&amp;gt;t&amp;lt;/title&amp;gt;`, "t"},
		"two lines":           {`&lt;msg&gt;&lt;appmsg&gt;&lt;title&gt;a<br/>b&lt;/title&gt;&lt;/appmsg&gt;&lt;/msg&gt;`, "a\nb"},
		"element of any case": {`<MSG><AppMsg><Title>t</Title></AppMsg></MSG>`, "t"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := ParseBody(tt.in).Text("appmsg", "title"); got != tt.want {
				t.Errorf("title %q, want %q", got, tt.want)
			}
		})
	}
	for _, in := range []string{"", "该类型暂不支持，请在手机上查看", "a & b", "&lt;", "<", "<<<>>>"} {
		if got := ParseBody(in).Text("appmsg", "title"); got != "" {
			t.Errorf("ParseBody(%q) has title %q", in, got)
		}
	}
}

func TestAttributes(t *testing.T) {
	e := ParseBody(`<msg a="1" b = '2' c=3 d e="&lt;&amp;&quot;" f=http://x/y/ g="" A="9"/>`)
	for name, want := range map[string]string{"a": "1", "b": "2", "c": "3", "d": "", "e": `<&"`, "f": "http://x/y/", "g": "", "h": ""} {
		if got := e.Attr(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := ParseBody(`<a><b c=1/><d>t</d></a>`); got.At("b").Attr("c") != "1" || got.Text("d") != "t" {
		t.Errorf("a slash after a bare value: c %q, d %q", got.At("b").Attr("c"), got.Text("d"))
	}
}

// Bodies come from strangers: no body of the size that is read may take long.
func TestParseBodyTakesLinearTime(t *testing.T) {
	for name, piece := range map[string]string{
		"tags cut off":   `<a b="<`,
		"quotes":         `<a b="x' c='y" `,
		"blanks":         "<a                ",
		"comments":       "<!-",
		"ends":           "</a",
		"open quotes":    `<a b='`,
		"deep":           "<a>",
		"ampersands":     "<a>&&&&",
		"cdata":          "<![CDATA[",
		"stray less":     "<<<<",
		"unfinished tag": "<a b c d ",
	} {
		t.Run(name, func(t *testing.T) {
			body := strings.Repeat(piece, xmlBytes/len(piece))
			start := time.Now()
			ParseBody(body)
			// A few milliseconds; in quadratic time it would be minutes.
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("%v for %d bytes", took, xmlBytes)
			}
		})
	}
}

func TestParseBodyIsBounded(t *testing.T) {
	deep := strings.Repeat("<a>", 100_000) + "x" + strings.Repeat("</a>", 100_000)
	if e := ParseBody(deep); e == nil {
		t.Error("nothing left of a deep body")
	}
	if e := ParseBody("<m>" + strings.Repeat("<a/>", 1<<20)); len(e.All("a")) > xmlNodes {
		t.Errorf("%d elements", len(e.All("a")))
	}
}

func TestTemplateText(t *testing.T) {
	body := ParseBody(`<sysmsg type="sysmsgtemplate"><sysmsgtemplate><content_template type="tmpl_type_profile"><plain></plain>
<template><![CDATA["$username$"邀请"$names$"加入了群聊]]></template><link_list>
<link name="username" type="link_profile"><memberlist><member><username>wxid_a</username><nickname><![CDATA[甲]]></nickname></member></memberlist></link>
<link name="names" type="link_profile"><memberlist><member><nickname>乙</nickname></member><member><nickname>丙</nickname></member></memberlist><separator><![CDATA[、]]></separator></link>
</link_list></content_template></sysmsgtemplate></sysmsg>`)
	if got, want := TemplateText(body.At("sysmsgtemplate")), `"甲"邀请"乙、丙"加入了群聊`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNumbersAreReadLeniently(t *testing.T) {
	for in, want := range map[string]int64{"": 0, " 12 ": 12, "x": 0, "99999999999999999999": 0, "-1": -1} {
		if got := Int(in); got != want {
			t.Errorf("Int(%q) = %d, want %d", in, got, want)
		}
	}
	for in, want := range map[string]float64{"": 0, "39.9": 39.9, "NaN": 0, "x": 0} {
		if got := Float(in); got != want {
			t.Errorf("Float(%q) = %v, want %v", in, got, want)
		}
	}
}

// What a person types into a quoted reply is escaped for XML and then as every
// content is; it must come out as typed.
func FuzzTypedIntoXML(f *testing.F) {
	for _, s := range []string{"hi", "<br/>", `<span class="emoji emoji1f604"></span>`, "&amp;lt;", "a\nb", "]]>", "<!--", "<title>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if !utf8.ValidString(typed) || strings.ContainsAny(typed, "\r\x00") || strings.TrimSpace(typed) != typed {
			return
		}
		body := "<msg><title>" + html.EscapeString(typed) + "</title><x y='" + html.EscapeString(typed) + "'/></msg>"
		sent := strings.ReplaceAll(strings.ReplaceAll(html.EscapeString(body), "&#34;", "&quot;"), "\n", "<br/>")
		if len(sent) > xmlBytes {
			return
		}
		e := ParseBody(sent)
		if got := e.Text("title"); got != typed {
			t.Errorf("typed %q, sent %q, decoded %q", typed, sent, got)
		}
		if got := e.At("x").Attr("y"); got != typed {
			t.Errorf("attribute %q, sent %q, decoded %q", typed, sent, got)
		}
	})
}

// What a person types arrives escaped; it must come out as typed.
func FuzzDecodeText(f *testing.F) {
	for _, s := range []string{"hi", "<br/>", `<span class="emoji emoji1f604"></span>`, "a & b", "&amp;lt;", "line\nend", "😄"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if !utf8.ValidString(typed) || strings.ContainsAny(typed, "\r\x00") {
			return
		}
		wire := strings.ReplaceAll(html.EscapeString(typed), "&#34;", "&quot;")
		wire = strings.ReplaceAll(wire, "\n", "<br/>")
		if got := DecodeText(wire); got != typed {
			t.Errorf("typed %q, on the wire %q, decoded %q", typed, wire, got)
		}
	})
}

func FuzzDecodeAnything(f *testing.F) {
	f.Add("<br/>&lt;\xff")
	f.Add(`<span class="emoji emoji1f1e81f1f3"></span`)
	f.Fuzz(func(t *testing.T, s string) {
		for name, got := range map[string]string{"text": DecodeText(s), "name": DecodeName(s), "system": DecodeSystem(s)} {
			if !utf8.ValidString(got) {
				t.Errorf("%s is not UTF-8: %q", name, got)
			}
			if len(got) > 3*len(s) {
				t.Errorf("%s grew from %d to %d bytes", name, len(s), len(got))
			}
		}
		if !strings.ContainsAny(s, "&<") && utf8.ValidString(s) && DecodeText(s) != s {
			t.Errorf("plain text %q became %q", s, DecodeText(s))
		}
	})
}

func FuzzParseBody(f *testing.F) {
	f.Add(`<msg><appmsg appid="" sdkver="0"><title>t</title><type>5</type></appmsg></msg>`)
	f.Add(`&lt;msg&gt;&lt;op id='4'&gt;`)
	f.Add("<a><b></a></b>")
	f.Add(`<a b="1" c='2' d=3/><![CDATA[x]]>&#65;`)
	f.Fuzz(func(t *testing.T, s string) {
		e := ParseBody(s)
		if !strings.Contains(s, "<") && !strings.Contains(s, "lt;") && e != nil {
			t.Errorf("an element in %q", s)
		}
		var walk func(e *Element, depth int) int
		walk = func(e *Element, depth int) int {
			if e == nil {
				return 0
			}
			if depth > xmlDepth+2 {
				t.Fatalf("deeper than %d", xmlDepth)
			}
			n := len(e.Text())
			if !utf8.ValidString(e.Text()) || !utf8.ValidString(e.Name) {
				t.Errorf("not UTF-8: %q in %q", e.Text(), e.Name)
			}
			for _, c := range e.children {
				n += walk(c, depth+1)
			}
			return n
		}
		if n := walk(e, 0); n > 8*len(s)+64 {
			t.Errorf("%d bytes of text from %d", n, len(s))
		}
	})
}
