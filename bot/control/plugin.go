package control

import (
	"context"
	"net/http"
)

// Plugin is one plugin's state.
type Plugin struct {
	Name     string   `json:"name"`
	Version  string   `json:"version,omitempty"`
	About    string   `json:"about,omitempty"`
	Running  bool     `json:"running"`
	Paused   string   `json:"paused,omitempty"` // why its handlers are passed over
	Problem  string   `json:"problem,omitempty"`
	Commands []string `json:"commands,omitempty"`
	Reaches  []string `json:"reaches,omitempty"` // hosts that it may speak to
}

// ResumePlugin starts a plugin anew that was paused after errors.
func (c *Client) ResumePlugin(ctx context.Context, name string) error {
	return c.do(ctx, call{method: http.MethodPost, what: "plugins/resume", in: ResumeRequest{Name: name}})
}

func (s *Server) resumePlugin(w http.ResponseWriter, r *http.Request) {
	var q ResumeRequest
	if !s.read(w, r, &q) {
		return
	}
	s.done(w, s.opts.Daemon.ResumePlugin(r.Context(), q.Name))
}
