package luahost

// EventNames are the events that bot.on takes.
func EventNames() []string { return append(sorted(eventKinds), "load", "unload", "config") }
