package bot

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/rs/zerolog"

	"wxbot/bot/clock"
	"wxbot/bot/event"
	"wxbot/wx"
)

// What is withdrawn cannot be counted on to be fetched afterwards: whoever wants to
// forward it must have fetched it when it came (settings.recall.media).

const (
	keepsakeDir = "recall" // in the state directory
	// keepsakeFile is the most bytes of one message, keepsakeBytes of all together.
	keepsakeFile  = 20<<20 - 1
	keepsakeBytes = 200 << 20
	keepsakeQueue = 256
	// keepsakeWanted is for how long something withdrawn is kept: what forwards it
	// may wait out a night.
	keepsakeWanted = 24 * time.Hour
	keepsakeSweep  = time.Minute
	// keepsakeNameMost bounds the name of a file, in bytes.
	keepsakeNameMost = 200
)

// keepsakes keeps the pictures, voices, videos and files of the newest messages. Each
// is a folder, named by the message and its kind, which holds one file under its own
// name; the folder's time is when it goes. It survives restarts.
type keepsakes struct {
	dir      string
	clock    clock.Clock
	log      zerolog.Logger
	settings func() event.Settings
	client   func() (*wx.Client, bool)
	queue    chan keepsake
	// generation changes when everything is forgotten: what was begun before is not
	// kept.
	generation atomic.Uint64
}

// keepsake is a message whose content is to be fetched.
type keepsake struct {
	message *wx.Message
	until   time.Time
}

func newKeepsakes(state string, c clock.Clock, log zerolog.Logger, settings func() event.Settings, client func() (*wx.Client, bool)) *keepsakes {
	return &keepsakes{
		dir: filepath.Join(state, keepsakeDir), clock: c, log: log, settings: settings, client: client,
		queue: make(chan keepsake, keepsakeQueue),
	}
}

// note is told of a message that has come and was stored. It does not wait: of a
// flood some is left out.
func (k *keepsakes) note(m *wx.Message, ev *event.Event) {
	recall := k.settings().Recall
	if !recall.Media || ev.BySelf || ev.Message == nil {
		return
	}
	switch ev.Message.Type {
	case event.TypeImage, event.TypeVoice, event.TypeVideo, event.TypeFile:
	case event.TypeText, event.TypeSticker, event.TypeCard, event.TypeLink, event.TypeMiniProgram, event.TypeLocation, event.TypeOther:
		return
	}
	switch ev.Chat.Kind {
	case event.ChatPrivate, event.ChatGroup, event.ChatSelf:
	case event.ChatOfficial, event.ChatSpecial:
		return
	}
	until := ev.Time.Add(recall.Keep)
	if _, ok := wx.SourceOf(m); !ok || !until.After(k.clock.Now()) || m.File != nil && m.File.Size > keepsakeFile {
		return
	}
	select {
	case k.queue <- keepsake{m, until}:
	default:
		k.log.Warn().Str("msg", m.ID).Msg("content not kept for a recall: too much is coming")
	}
}

// run fetches, and removes what has had its time, until ctx ends.
func (k *keepsakes) run(ctx context.Context) error {
	t := time.NewTicker(keepsakeSweep)
	defer t.Stop()
	k.sweep()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			k.sweep()
		case one := <-k.queue:
			if err := k.fetch(ctx, one); err != nil && ctx.Err() == nil {
				k.log.Warn().Err(err).Str("msg", one.message.ID).Msg("content not kept for a recall")
			}
			k.sweep()
		}
	}
}

// fetch gets the content of one message. It is under its name only when it is whole.
func (k *keepsakes) fetch(ctx context.Context, one keepsake) (err error) {
	c, ok := k.client()
	if !ok {
		return wx.ErrNotReady
	}
	generation := k.generation.Load()
	from, _ := wx.SourceOf(one.message)
	if err := os.MkdirAll(k.dir, 0o700); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	making, err := os.MkdirTemp(k.dir, ".making-*")
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(making)) }() // gone if it has got its name
	kind, name := keepsakeName(one.message)
	f, err := os.OpenFile(filepath.Join(making, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	_, err = c.Fetch(ctx, from, f, keepsakeFile)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if err := os.Chtimes(making, time.Time{}, one.until); err != nil {
		return fmt.Errorf("keep: %w", err)
	}
	if k.generation.Load() != generation {
		return nil // it is to be forgotten
	}
	err = os.Rename(making, k.folder(one.message.ID, kind))
	if errors.Is(err, fs.ErrExist) { // handed out again
		return nil
	}
	return err
}

// The kinds of keepsake: how each is sent.
const (
	keptImage = "image"
	keptVideo = "video"
	keptFile  = "file" // voices too: the web cannot send them as such
)

// keepsakeName is what the content of a message is, and is called: a file as it was
// sent.
func keepsakeName(m *wx.Message) (kind, name string) {
	switch m.Type { //nolint:exhaustive // the others hold no file
	case wx.MsgImage:
		return keptImage, "image.jpg"
	case wx.MsgVideo, wx.MsgMicroVideo:
		return keptVideo, "video.mp4"
	case wx.MsgVoice:
		return keptFile, "voice.mp3"
	}
	if m.File != nil {
		name = path.Base(strings.ReplaceAll(m.File.Name, `\`, "/"))
	}
	if name == "" || name == "." || name == ".." || name == "/" || len(name) > keepsakeNameMost || strings.ContainsFunc(name, unicode.IsControl) {
		name = "file"
	}
	return keptFile, name
}

// folder is where the content of a message is. Ids are digits; nothing else is
// looked for on the disk.
func (k *keepsakes) folder(id, kind string) string {
	if id == "" || strings.Trim(id, "0123456789") != "" {
		id = "none"
	}
	return filepath.Join(k.dir, id+"."+kind)
}

// want keeps what was withdrawn for as long as it may take to forward it.
func (k *keepsakes) want(id string) {
	until := k.clock.Now().Add(keepsakeWanted)
	for _, kind := range []string{keptImage, keptVideo, keptFile} {
		if err := os.Chtimes(k.folder(id, kind), time.Time{}, until); err != nil && !errors.Is(err, fs.ErrNotExist) {
			k.log.Warn().Err(err).Msg("content of a withdrawn message may go too soon")
		}
	}
}

// of gives what was kept of a message, as something to send.
func (k *keepsakes) of(id string) (m event.Outgoing, ok bool) {
	for kind, to := range map[string]*string{keptImage: &m.Image, keptVideo: &m.Video, keptFile: &m.File} {
		dir := k.folder(id, kind)
		if entries, err := os.ReadDir(dir); err == nil && len(entries) == 1 {
			*to = filepath.Join(dir, entries[0].Name())
			return m, true
		}
	}
	return m, false
}

// forgetAll removes everything, also what is still to be fetched.
func (k *keepsakes) forgetAll() error {
	k.generation.Add(1)
	for {
		select {
		case <-k.queue:
		default:
			return k.forget()
		}
	}
}

// forget removes everything.
func (k *keepsakes) forget() error {
	if err := os.RemoveAll(k.dir); err != nil {
		return fmt.Errorf("forget content kept for recalls: %w", err)
	}
	return nil
}

// sweep removes what has had its time, and the oldest of what is too much; without
// the setting, everything.
func (k *keepsakes) sweep() {
	err := k.sweepOnce()
	if err != nil {
		k.log.Error().Err(err).Msg("content kept for recalls not removed")
	}
}

func (k *keepsakes) sweepOnce() error {
	recall := k.settings().Recall
	if !recall.Media {
		return k.forget()
	}
	entries, err := os.ReadDir(k.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	type kept struct {
		dir   string
		until time.Time
		size  int64
	}
	var all []kept
	total := int64(0)
	var errs []error
	now := k.clock.Now()
	for _, e := range entries {
		one := kept{dir: filepath.Join(k.dir, e.Name())}
		info, err := e.Info()
		if err == nil {
			one.until = info.ModTime()
			one.size, err = sizeOf(one.dir)
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			errs = append(errs, err)
		case strings.HasPrefix(e.Name(), ".") || !one.until.After(now): // half made by a daemon that was killed
			errs = append(errs, os.RemoveAll(one.dir))
		default:
			all = append(all, one)
			total += one.size
		}
	}
	slices.SortFunc(all, func(a, b kept) int { return a.until.Compare(b.until) })
	for len(all) > 0 && (len(all) > recall.Max || total > keepsakeBytes) {
		errs = append(errs, os.RemoveAll(all[0].dir))
		total -= all[0].size
		all = all[1:]
	}
	return errors.Join(errs...)
}

func sizeOf(dir string) (int64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			return 0, err
		}
		n += info.Size()
	}
	return n, nil
}
