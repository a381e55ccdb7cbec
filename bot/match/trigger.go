package match

import "strings"

// Trigger tells in the words of the file what the block waits for: its texts, else its
// schedule, else its event.
func (w *When) Trigger() string {
	if w.Schedule != nil {
		return w.Schedule.written
	}
	var parts []string
	for _, key := range []string{"exact", "contains", "contains_all", "starts_with", "ends_with", "regex", "command"} {
		if written := w.written[key]; written != "" {
			parts = append(parts, key+" "+written)
		}
	}
	if len(parts) == 0 {
		return joined(w.Events)
	}
	return strings.Join(parts, ", ")
}
