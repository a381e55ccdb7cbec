package wxtest

import (
	"crypto/tls"
	"time"
)

// Config sets up a Server. The zero value is a server as WeChat's is, with a
// default account.
type Config struct {
	// Now is the server's clock: message times, cookie expiry, the two-minute
	// limit of a revocation. Nil is time.Now. Polls are held in real time.
	Now func() time.Time
	// Hold is how long a poll waits for something to happen; 0 is 25 s.
	Hold time.Duration
	// Self is the account that logs in; if its NickName is empty, a default one.
	Self Person
	// Uin is the account's number; 0 is a default above 2^31, as many are.
	Uin int64
	// Lang is the language of system texts, "zh_CN" (default) or "en_US".
	Lang string
	// Lenient keeps Problems from failing the test when the server closes.
	Lenient bool

	// Addr is the TCP address to listen on; default "127.0.0.1:0".
	Addr string
	// TLS, if set, makes the TCP server speak HTTPS.
	TLS *tls.Config
	// Control serves the control API under ControlPrefix, by which programs in any
	// language play the people. It knows no password: whoever reaches the server
	// can use it.
	Control bool
	// RedirectHost is the authority in redirect_uri, hence the base host of the
	// session; default "wx2.qq.com". "self" is the server's own address, for
	// clients that are pointed straight at it.
	RedirectHost string
	// HelperHost is the base host of logins of the file transfer helper (section
	// 18.1), which the client asks for by its appid; default
	// "filehelper.weixin.qq.com". Not used if RedirectHost is no name of WeChat's.
	HelperHost string

	// LoginPage301 answers webwxnewloginpage with status 301, without a
	// Location and with the XML as its body, whatever the query (section 3.5).
	LoginPage301 bool
	// RequireDesktop refuses logins that lack the two headers of desktop mode
	// (section 3.6) with 1203.
	RequireDesktop bool
	// RefuseCode and RefuseText refuse logins; see Server.RefuseLogin.
	RefuseCode int
	RefuseText string
	// CodeLife is how long a QR code can be scanned; 0 is 5 minutes.
	CodeLife time.Duration
	// SessionLife is how long cookies live unless webwxsync renews them; 0 is
	// 12 hours.
	SessionLife time.Duration

	// SkeyAtInit leaves skey empty on the login page; webwxinit supplies it.
	SkeyAtInit bool

	// ContactPage is how many contacts one webwxgetcontact answer holds; 0 is
	// 1500.
	ContactPage int
	// SyncPage is how many messages one webwxsync answer holds before
	// ContinueFlag is set; 0 is 50.
	SyncPage int
	// BatchLimit is how many webwxbatchgetcontact calls a minute are answered
	// before Ret 1205; 0 is no limit.
	BatchLimit int
	// NoRedelivery: the last message is not handed out once more after a
	// repeated webwxinit (section 6.2 rule 5).
	NoRedelivery bool
	// IgnoreRemarks: webwxoplog answers Ret 0 and does nothing, as servers since
	// 2023 do (section 10.2).
	IgnoreRemarks bool
	// NamelessMembers leaves the names of group members empty in batch answers
	// for whole groups; asked for one by one they have names (section 5.2).
	NamelessMembers bool
	// Echo hands out what the session itself sent once more, as if the owner had
	// written it on the phone, as some servers do (section 6.3).
	Echo bool
}

// TB is the part of testing.TB that the package uses, so that importing it does
// not link package testing into a program.
type TB interface {
	Helper()
	Cleanup(cleanup func())
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

const (
	defaultHold        = 25 * time.Second
	defaultUin         = 2963421588
	defaultBase        = "wx2.qq.com"
	defaultHelper      = "filehelper.weixin.qq.com"
	defaultCodeLife    = 5 * time.Minute
	defaultSessionLife = 12 * time.Hour
	defaultContactPage = 1500
	defaultSyncPage    = 50
	langChinese        = "zh_CN"
	langEnglish        = "en_US"
)

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c *Config) setDefaults() {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Self.NickName == "" {
		c.Self = Person{NickName: "史塔克", Alias: "stark-bot", WxID: "wxid_stark0000000021", Sex: 1, Province: "北京", City: "海淀", Signature: "Apt-get install B"}
	}
	orDefault(&c.Hold, defaultHold)
	orDefault(&c.Uin, defaultUin)
	orDefault(&c.Lang, langChinese)
	orDefault(&c.Addr, "127.0.0.1:0")
	orDefault(&c.RedirectHost, defaultBase)
	orDefault(&c.HelperHost, defaultHelper)
	orDefault(&c.CodeLife, defaultCodeLife)
	orDefault(&c.SessionLife, defaultSessionLife)
	orDefault(&c.ContactPage, defaultContactPage)
	orDefault(&c.SyncPage, defaultSyncPage)
}
