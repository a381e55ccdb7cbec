package lang

// statusTexts are what the status says.
var statusTexts = map[string]string{
	"%s; the state cannot be written: %s":                  "%s；状态无法写入：%s",
	"%s; everything is paused":                             "%s；全部已暂停",
	"%s; WeChat warned: nothing unsolicited is sent":       "%s；微信有警告：不主动发送",
	"%s; mode trial: nothing is sent":                      "%s；试运行：什么都不发送",
	"%s; %d plugins are paused after errors":               "%s；%d 个插件因出错而暂停",
	"%s; newer file invalid: %s":                           "%s；新文件无效：%s",
	"%s; %d messages are skipped: the daemon died of them": "%s；跳过 %d 条消息：处理它们时守护进程崩溃",

	"online":                                                 "在线",
	"scan needed: run wxbot qr":                              "需要扫码：请运行 wxbot qr",
	"scanned: confirm on the phone":                          "已扫码：请在手机上确认",
	"waiting for the phone to confirm the login":             "等手机确认登录",
	"waiting for wxbot qr: nobody scanned":                   "等待 wxbot qr：没有人扫码",
	"waiting for wxbot qr: logged out":                       "等待 wxbot qr：已退出登录",
	"no connection: trying again":                            "连不上，正在重试",
	"online, but nothing comes in: open WeChat on the phone": "在线，但收不到消息：请在手机上打开微信",

	"ok": "已送达",
	"no friend or group of the key %q is among the contacts":                                      "通讯录里没有编号是%q的好友或群",
	"no friend or group is called %q":                                                             "没有叫%q的好友或群",
	"%d friends and groups are called %q: name one by its key (%s), or set a remark on the phone": "有 %d 个好友或群叫%q：请用编号指明（%s），或在手机上设置备注",
	"want ADDRESS:PORT":   "要写成 地址:端口",
	"%q is no port":       "%q不是端口",
	"%q is no IP address": "%q不是 IP 地址",
	"state directory: %s is locked by another daemon":         "状态目录正由另一个守护进程使用：%s",
	"state directory: %s is locked by the daemon with pid %d": "状态目录正由另一个守护进程使用：%s，进程号 %d",
	"there is a state already":                                "那里已经有状态",
	"not a backup of wxbot, or not a whole one":               "不是 wxbot 的备份，或者不完整",
	"name the daemon's socket with --socket":                  "请用 --socket 指明守护进程的套接字",

	"done":                        "完成",
	"failed":                      "失败",
	"unknown whether it was done": "不确定",
	"expired":                     "过期",
}
