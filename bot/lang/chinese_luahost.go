package lang

// luahostTexts arise where plugins are loaded.
var luahostTexts = map[string]string{
	"in mode %s %s never runs: %s": "登录方式为 %s 时，%s 永远不会运行：%s",
	"its command %s":               "它的指令 %s",
}
