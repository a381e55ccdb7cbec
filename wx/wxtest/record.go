package wxtest

import (
	"context"
	"slices"
	"time"
)

// RecordKind says what a Record tells.
type RecordKind int

// The kinds of record.
const (
	RecordLoggedIn  RecordKind = iota + 1 // webwxnewloginpage gave keys
	RecordOnline                          // the first synccheck after a webwxinit
	RecordLoggedOut                       // webwxlogout
	RecordSent                            // a message was sent: Sent, Account or Group
	RecordRevoked                         // a message was revoked: Sent
	RecordUploaded                        // a file was uploaded: Upload
	RecordAccepted                        // a friend request was accepted: Account
	RecordRequested                       // a friend request was made: Account, Text is the greeting
	RecordRemarked                        // a remark was set: Account, Text
	RecordInvited                         // people were invited or added: Group, Accounts
	RecordRenamed                         // a group was renamed: Group, Text
	RecordRead                            // a conversation was marked as read: Account or Group
	RecordPinned                          // a chat was put to the top, or back if Text is empty: Account or Group
)

func (k RecordKind) String() string {
	switch k {
	case RecordLoggedIn:
		return "logged in"
	case RecordOnline:
		return "online"
	case RecordLoggedOut:
		return "logged out"
	case RecordSent:
		return "sent"
	case RecordRevoked:
		return "revoked"
	case RecordUploaded:
		return "uploaded"
	case RecordAccepted:
		return "accepted"
	case RecordRequested:
		return "requested"
	case RecordRemarked:
		return "remarked"
	case RecordInvited:
		return "invited"
	case RecordRenamed:
		return "renamed"
	case RecordRead:
		return "read"
	case RecordPinned:
		return "pinned"
	}
	return "unknown"
}

// Record is one thing the client did that people could see. Which fields are set
// follows from Kind.
type Record struct {
	Seq  int // counts from 1; the cursor of AwaitAfter
	Kind RecordKind
	Time time.Time // server time

	Sent     Sent
	Account  *Account
	Accounts []*Account
	Group    *Group
	Upload   *Upload
	Text     string
	// Pending: people were invited into a big group and have to accept; Group.Join
	// lets them.
	Pending bool
}

// recordOf is a record about a chat.
func recordOf(kind RecordKind, chat Chat) Record {
	switch chat := chat.(type) {
	case *Account:
		return Record{Kind: kind, Account: chat}
	case *Group:
		return Record{Kind: kind, Group: chat}
	}
	return Record{Kind: kind}
}

// Sent is a message that the client sent.
type Sent struct {
	MsgID       string
	ClientMsgID string
	To          string   // the user name as the client gave it
	ToAccount   *Account // whom it names, nil for a group
	ToGroup     *Group   // which group it names, nil for a person
	Type        int      // Msg.Type: 1 text, 3 picture, 6 file, 43 video, 47 emoticon …
	Content     string   // as a receiver would see it
	EmoticonMD5 string
	MediaID     string
	FileName    string    // the name that receivers see of a file, or that a picture was uploaded under
	FileSize    int64     // bytes, of pictures, videos and files
	Card        *Account  // whose card it is
	Scene       int       // 2 for something forwarded
	Time        time.Time // server time
	Revoked     bool
}

// Upload is a file that the client uploaded completely.
type Upload struct {
	MediaID   string
	Name      string
	MIME      string
	MediaType string // pic, video or doc
	Size      int64  // bytes
	MD5       string
	Chunks    int
	// Data is the content of files up to 8 MiB, nil for bigger ones.
	Data []byte

	signature string // of webwxcheckupload, for big files
}

// maxRecords bounds the journal; the older half goes when it is full.
const maxRecords = 1 << 17

type journal struct {
	records []Record
	dropped int // records before the first one kept
	sent    []*Sent
	uploads []*Upload
	taps    []chan Record
}

func (s *Server) recordLocked(r Record) {
	j := &s.journal
	r.Seq, r.Time = j.dropped+len(j.records)+1, s.now()
	if len(j.records) >= maxRecords {
		half := len(j.records) / 2
		j.records = slices.Delete(j.records, 0, half)
		j.dropped += half
	}
	j.records = append(j.records, r)
	for _, tap := range j.taps {
		select {
		case tap <- r:
		default: // a reader who does not read misses records; see Subscribe
		}
	}
	s.pokeLocked()
}

// Await returns the first record that matches, from the beginning of the
// journal, waiting for it until ctx ends.
func (s *Server) Await(ctx context.Context, match func(Record) bool) (Record, error) {
	return s.AwaitAfter(ctx, 0, match)
}

// AwaitAfter is Await among the records whose Seq is above cursor.
func (s *Server) AwaitAfter(ctx context.Context, cursor int, match func(Record) bool) (Record, error) {
	for {
		// match is called without the lock, so that it may ask people for their
		// names.
		fresh, changed := s.recordsAfter(cursor)
		for _, r := range fresh {
			if match(r) {
				return r, nil
			}
			cursor = r.Seq
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Record{}, ctx.Err()
		case <-s.closing:
			return Record{}, ErrClosed
		}
	}
}

func (s *Server) recordsAfter(cursor int) ([]Record, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := &s.journal
	from := min(max(cursor-j.dropped, 0), len(j.records))
	return slices.Clone(j.records[from:]), s.changed
}

// Cursor is the Seq of the newest record, 0 if there is none.
func (s *Server) Cursor() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.journal.dropped + len(s.journal.records)
}

// Records lists what the client did. The journal holds the newest 65,536 records
// at least.
func (s *Server) Records() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.journal.records)
}

// Subscribe gives every record from now on, until stop is called, which closes
// the channel. Records that find the buffer full are missed by this reader.
func (s *Server) Subscribe(buffer int) (records <-chan Record, stop func()) {
	tap := make(chan Record, max(buffer, 1))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal.taps = append(s.journal.taps, tap)
	return tap, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if i := slices.Index(s.journal.taps, tap); i >= 0 {
			s.journal.taps = slices.Delete(s.journal.taps, i, i+1)
			close(tap)
		}
	}
}

// Sent lists the messages that the client sent, oldest first; repeats of one
// ClientMsgId are one message. The newest 65,536 are kept at least.
func (s *Server) Sent() []Sent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sentLocked()
}

func (s *Server) sentLocked() []Sent {
	out := make([]Sent, len(s.journal.sent))
	for i, m := range s.journal.sent {
		out[i] = *m
	}
	return out
}

// AwaitSent waits until the client has sent n messages in all and returns them.
func (s *Server) AwaitSent(ctx context.Context, n int) ([]Sent, error) {
	if err := s.await(ctx, func() bool { return len(s.journal.sent) >= n }); err != nil {
		return s.Sent(), err
	}
	return s.Sent(), nil
}

// Revoked lists the messages that the client sent and revoked.
func (s *Server) Revoked() []Sent {
	return slices.DeleteFunc(s.Sent(), func(m Sent) bool { return !m.Revoked })
}

// Uploads lists the files that were uploaded completely; the newest 4,096 at
// most.
func (s *Server) Uploads() []Upload {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Upload, len(s.journal.uploads))
	for i, u := range s.journal.uploads {
		out[i] = *u
	}
	return out
}

// Remarks lists the remarks that the client set: Account and Text.
func (s *Server) Remarks() []Record {
	return slices.DeleteFunc(s.Records(), func(r Record) bool { return r.Kind != RecordRemarked })
}

// Accepted lists the people whose friend requests the client accepted.
func (s *Server) Accepted() []*Account {
	var out []*Account
	for _, r := range s.Records() {
		if r.Kind == RecordAccepted {
			out = append(out, r.Account)
		}
	}
	return out
}

// Request is one request that came, without anything secret.
type Request struct {
	Time     time.Time // server time
	Endpoint string
	Method   string
	Host     string // the Host header
	Path     string
}

// maxRequests bounds how many requests are remembered.
const maxRequests = 4096

type traffic struct {
	counts map[string]int
	recent []Request
}

func (s *Server) notePassing(r Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.traffic
	t.counts[r.Endpoint]++
	if len(t.recent) >= maxRequests {
		t.recent = slices.Delete(t.recent, 0, maxRequests/2)
	}
	t.recent = append(t.recent, r)
	s.pokeLocked()
}

// Requests lists the newest requests, oldest first, 2,048 of them at least.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.traffic.recent)
}

// Count tells how many requests came for an endpoint, such as "synccheck".
func (s *Server) Count(endpoint string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.traffic.counts[endpoint]
}

// AwaitCount waits until n requests have come for an endpoint.
func (s *Server) AwaitCount(ctx context.Context, endpoint string, n int) error {
	return s.await(ctx, func() bool { return s.traffic.counts[endpoint] >= n })
}
