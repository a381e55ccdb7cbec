package control

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
)

// maxRequest bounds the body of a request, in bytes.
const maxRequest = 64 << 10

// read takes the body of a request apart. It answers and reports false if that
// cannot be done.
func (s *Server) read(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return true
		}
		err = errors.New("there is more than one JSON value")
	}
	code := http.StatusBadRequest
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		code = http.StatusRequestEntityTooLarge
	}
	s.refuse(w, code, Failure{Error: "request: " + err.Error()})
	return false
}
