package bot

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// alertKind is why an operator is told outside WeChat. The list is closed: `on`
// of wxbot.yaml is checked against it.
type alertKind string

const (
	alertLogout     alertKind = "logout"     // the session is over; somebody must scan
	alertRefused    alertKind = "refused"    // WeChat does not let the account in
	alertRestricted alertKind = "restricted" // the account was cut off right after a login, or WeChat warned of it
	alertTooOften   alertKind = "too_often"  // WeChat says that something was done too often
	alertDiskFull   alertKind = "disk_full"  // the state cannot be written
	alertQR         alertKind = "qr"         // a scan is needed and nobody scanned
	alertStalled    alertKind = "stalled"    // the session looks alive and brings nothing
	alertTest       alertKind = "test"       // an operator tries the targets; goes to all of them
)

// alertKinds are those that `on` may name.
func alertKinds() []string {
	return []string{
		string(alertLogout), string(alertRefused), string(alertRestricted), string(alertTooOften),
		string(alertDiskFull), string(alertQR), string(alertStalled),
	}
}

// title says what happened and what to do.
func (k alertKind) title() string {
	switch k {
	case alertLogout:
		return "微信已退出登录：请在手机上确认登录，或重新扫码（wxbot qr）。"
	case alertRefused:
		return "微信拒绝登录，已停止尝试，等待人工处理。"
	case alertRestricted:
		return "账号可能被限制，请先查看手机。"
	case alertTooOften:
		return "微信提示操作过于频繁，这类操作已暂停。"
	case alertDiskFull:
		return "磁盘已满，状态无法保存。"
	case alertQR:
		return "需要扫码登录，但没有人扫码（wxbot qr）。"
	case alertStalled:
		return "收不到新消息：请在手机上打开微信。"
	case alertTest:
		return "测试：通知可以送达。"
	}
	return string(k)
}

// alert is one thing told to the targets.
type alert struct {
	kind    alertKind
	text    string
	account string // nickname; "" if nobody has logged in since the start
	host    string
	at      time.Time
}

// alertTextMost bounds the text in bytes: group robots refuse texts over 2048.
const alertTextMost = 1500

// newAlert puts the text together that people read.
func newAlert(kind alertKind, detail, account, host string, at time.Time) alert {
	who := "wxbot"
	if account != "" {
		who = fmt.Sprintf("wxbot（%s）", account)
	}
	text := who + "：" + kind.title()
	if detail != "" {
		text += "\n" + detail
	}
	return alert{kind: kind, text: cutText(text, alertTextMost), account: account, host: host, at: at}
}

// cutText shortens a text to at most n bytes and keeps it valid UTF-8.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const mark = "…"
	n -= len(mark)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + mark
}

// alertFields are the placeholders that an alert fills.
func alertFields() []string { return []string{"event", "text", "account", "time", "host"} }

// field gives the value of a placeholder.
func (a *alert) field(name string) string {
	switch name {
	case "event":
		return string(a.kind)
	case "text":
		return a.text
	case "account":
		return a.account
	case "time":
		return a.at.Format(time.RFC3339)
	case "host":
		return a.host
	}
	return ""
}
