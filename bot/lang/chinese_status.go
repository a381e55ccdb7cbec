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
}
