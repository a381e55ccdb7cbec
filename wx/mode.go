package wx

import (
	"errors"
	"fmt"
	"net/url"
)

// Mode is the kind of client that WeChat is told it has before it.
type Mode int

// The modes.
const (
	// ModeWeb is the web client. Many accounts are refused, which harms nobody.
	ModeWeb Mode = iota
	// ModeDesktop is what Tencent's page calls the client version (section 3.6):
	// accounts that the web client refuses are let in, and accounts have been
	// restricted for it. Never choose it without asking the owner.
	ModeDesktop
	// ModeFileHelper is the web page of the file transfer helper (section 18.1),
	// which accounts without web login may still use. It has no contacts and no
	// groups: the account's owner writes to 文件传输助手 on the phone, and there
	// alone can be answered.
	ModeFileHelper
)

func (m Mode) String() string {
	switch m {
	case ModeWeb:
		return "web"
	case ModeDesktop:
		return "desktop"
	case ModeFileHelper:
		return "filehelper"
	}
	return "unknown"
}

func (m Mode) known() bool { return m >= ModeWeb && m <= ModeFileHelper }

// MarshalText gives the name, for what is stored.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads what MarshalText gave.
func (m *Mode) UnmarshalText(text []byte) error {
	for known := ModeWeb; known.known(); known++ {
		if known.String() == string(text) {
			*m = known
			return nil
		}
	}
	return errors.New("unknown mode of login")
}

// The names of the file transfer helper's page.
const (
	helperAppID  = "wx_webfilehelper"
	helperHost   = "filehelper.weixin.qq.com"
	helperHostSZ = "szfilehelper.weixin.qq.com"
	appIDName    = "mmweb_appid" // header and parameter
)

// appID names the page to jslogin.
func (m Mode) appID() string {
	if m == ModeFileHelper {
		return helperAppID
	}
	return webAppID
}

// landing is the page that jslogin is told the login shall lead to. That of the
// helper goes out encoded twice.
func (m Mode) landing() string {
	const page = cgiPath + "webwxnewloginpage"
	switch m {
	case ModeFileHelper:
		return url.QueryEscape("https://" + helperHost + page)
	case ModeDesktop:
		return "https://" + hintHost + page + "?mod=desktop"
	case ModeWeb:
	}
	return "https://" + hintHost + page
}

// helperHosts are those that belong to a base host of the file transfer helper:
// base and push host are one.
func helperHosts(base string) (file string, ok bool) {
	switch base {
	case helperHost:
		return "file.wx.qq.com", true
	case helperHostSZ:
		return "file.wx2.qq.com", true
	}
	return "", false
}

// moveHelper points a session that has not begun at the other host of the file
// transfer helper: an account may be served by either. It reports whether there
// is one.
func (a *account) moveHelper() bool {
	if a.mode != ModeFileHelper || !a.fresh {
		return false
	}
	other := helperHostSZ
	if a.hosts.Base == helperHostSZ {
		other = helperHost
	} else if a.hosts.Base != helperHost {
		return false
	}
	a.hosts = hostsFrom(&url.URL{Scheme: a.hosts.Scheme, Host: other})
	return true
}

// sender gives the session if it can write to that user name.
func (c *Client) sender(endpoint, to string) (*account, error) {
	a, err := c.account()
	if err == nil && a.mode == ModeFileHelper && to != FileHelper {
		return nil, fmt.Errorf("%s: the file transfer helper can write to %s alone: %w", endpoint, FileHelper, errUnfit)
	}
	return a, err
}

// friends gives the session if it has friends and groups.
func (c *Client) friends(endpoint string) (*account, error) {
	a, err := c.account()
	if err == nil && a.mode == ModeFileHelper {
		return nil, fmt.Errorf("%s: the file transfer helper has no contacts: %w", endpoint, errUnfit)
	}
	return a, err
}
