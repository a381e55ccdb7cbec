package lang

// tables are the catalogue; each holds what arises in one room or command.
func tables() []map[string]string {
	return []map[string]string{}
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
