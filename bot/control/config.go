package control

import (
	"context"
	"net/http"
)

// ConfigDaemon is what a daemon that tells its settings answers as well:
//
//	GET /v1/config   Config
type ConfigDaemon interface {
	Settings() []Setting
}

// Config is what is in force of wxbot.yaml, flags and variables.
type Config struct {
	Settings []Setting `json:"settings"`
}

// The sources of a Setting.
const (
	SourceFlag    = "flag"
	SourceEnv     = "env"
	SourceFile    = "file"
	SourceDefault = "default"
)

// Setting is one key of wxbot.yaml as it is in force. Value is a text, a list of
// texts (the targets of alerts) or a HistorySetting; no secret is in it.
type Setting struct {
	Key    string `json:"key"`
	Value  any    `json:"value"`
	Source string `json:"source"`          // SourceFlag, SourceEnv, SourceFile or SourceDefault
	Where  string `json:"where,omitempty"` // --mode, WXBOT_MODE, /etc/wxbot/wxbot.yaml:3
}

// HistorySetting is how Setting tells of history, as wxbot.yaml spells it.
type HistorySetting struct {
	Keep string `json:"keep"`
	Days string `json:"days"`
	Max  string `json:"max"`
}

// Config asks for the settings in force.
func (c *Client) Config(ctx context.Context) (Config, error) {
	var out Config
	return out, c.ask(ctx, http.MethodGet, "config", &out)
}

func (s *Server) configRoutes(mux *http.ServeMux) {
	d, ok := s.opts.Daemon.(ConfigDaemon)
	if !ok {
		return
	}
	mux.HandleFunc("GET /v1/config", func(w http.ResponseWriter, _ *http.Request) {
		s.answer(w, Config{Settings: d.Settings()}, nil)
	})
}
