package wx

import (
	"net/url"
	"testing"
)

func TestHostsFrom(t *testing.T) {
	tests := []struct {
		redirect string
		want     hosts
	}{
		{"https://wx.qq.com/x", hosts{"https", "wx.qq.com", "file.wx.qq.com", "webpush.wx.qq.com"}},
		{"https://wx2.qq.com/x", hosts{"https", "wx2.qq.com", "file.wx2.qq.com", "webpush.wx2.qq.com"}},
		{"https://filehelper.weixin.qq.com/x", hosts{"https", "filehelper.weixin.qq.com", "file.wx.qq.com", "filehelper.weixin.qq.com"}},
		{"https://szfilehelper.weixin.qq.com/x", hosts{"https", "szfilehelper.weixin.qq.com", "file.wx2.qq.com", "szfilehelper.weixin.qq.com"}},
		{"https://wx8.qq.com/x", hosts{"https", "wx8.qq.com", "file.wx8.qq.com", "webpush.wx8.qq.com"}},
		{"https://wx5.qq.com/x", hosts{"https", "wx5.qq.com", "file.wx.qq.com", "webpush.wx.qq.com"}},
		{"https://web.wechat.com/x", hosts{"https", "web.wechat.com", "file.web.wechat.com", "webpush.web.wechat.com"}},
		{"https://web2.wechat.com/x", hosts{"https", "web2.wechat.com", "file.web2.wechat.com", "webpush.web2.wechat.com"}},
		{"https://wechat.com/x", hosts{"https", "wechat.com", "file.web.wechat.com", "webpush.web.wechat.com"}},
		{"https://WX2.QQ.com/x", hosts{"https", "wx2.qq.com", "file.wx2.qq.com", "webpush.wx2.qq.com"}},
		{"http://wx2.qq.com/x", hosts{"https", "wx2.qq.com", "file.wx2.qq.com", "webpush.wx2.qq.com"}},
		{"https://weixin.test/x", hosts{"https", "weixin.test", "file.weixin.test", "webpush.weixin.test"}},
		{"http://weixin.test/x", hosts{"https", "weixin.test", "file.weixin.test", "webpush.weixin.test"}},
		{"http://127.0.0.1:8090/x", hosts{"http", "127.0.0.1:8090", "127.0.0.1:8090", "127.0.0.1:8090"}},
		{"http://127.0.0.1/x", hosts{"http", "127.0.0.1", "127.0.0.1", "127.0.0.1"}},
		{"https://[::1]:8090/x", hosts{"https", "[::1]:8090", "[::1]:8090", "[::1]:8090"}},
		{"http://localhost/x", hosts{"http", "localhost", "localhost", "localhost"}},
		{"http://sim.test:8090/x", hosts{"http", "sim.test:8090", "sim.test:8090", "sim.test:8090"}},
	}
	for _, tt := range tests {
		t.Run(tt.redirect, func(t *testing.T) {
			u, err := url.Parse(tt.redirect)
			if err != nil {
				t.Fatal(err)
			}
			if got := hostsFrom(u); got != tt.want || !got.valid() {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}
