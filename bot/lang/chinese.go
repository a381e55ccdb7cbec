package lang

// tables are the catalogue; each holds what arises in one room or command.
func tables() []map[string]string {
	return []map[string]string{generalTexts, confTexts, matchTexts, rulesTexts, verdictTexts, luahostTexts, botTexts, statusTexts, cmdTexts, traceTexts}
}

// generalTexts arise in several rooms.
var generalTexts = map[string]string{
	"%s, %s":                           "%s，%s",
	"%s: %s":                           "%s：%s",
	"%s %s: no such file or directory": "%s %s：没有这个文件或目录",
	"%s %s: permission denied":         "%s %s：没有权限",
	"%s %s: is a directory":            "%s %s：这是一个目录",
	"%s %s: not a directory":           "%s %s：不是目录",
	"did you mean %q?":                 "是不是想写%q？",
}

// chinese gives the translation of a format.
func chinese(format string) (string, bool) {
	for _, table := range tables() {
		if s, ok := table[format]; ok {
			return s, true
		}
	}
	return "", false
}
