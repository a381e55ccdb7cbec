package bot_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wxbot/bot/control"
	"wxbot/wx/wxtest"
)

const recallRules = `
settings: {pace: off, timezone: UTC, recall: {media: true}}
rules:
  - {name: catch, event: recalled, forward: {to: filehelper, header: "撤回："}}
`

// kept gives the files that are kept for recalls, by the messages they are of.
func (r *rig) kept() map[string]string {
	r.t.Helper()
	out := map[string]string{}
	dir := filepath.Join(r.config.State, "recall")
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.Contains(path, ".making-") {
			return nil //nolint:nilerr // it goes while we look
		}
		st, err := e.Info()
		if err == nil && st.Mode().Perm() != 0o600 {
			r.t.Errorf("%s has mode %v", path, st.Mode())
		}
		rel, _ := filepath.Rel(dir, path)
		out[filepath.Dir(rel)] = filepath.Base(rel)
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func TestWithdrawnContentIsForwardedAsItWas(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, recallRules, nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	stop := r.online()

	image, voice, file := wxtest.Image(), wxtest.Voice(3000), wxtest.File("../价目表.pdf", 12)
	image.Data, voice.Data, file.Data = []byte("\xff\xd8\xff\xe0picture"), []byte("ID3sound"), []byte("%PDF-1.4 abc")
	var ids []wxtest.MsgID
	for _, m := range []wxtest.Message{image, voice, file} {
		ids = append(ids, ming.Send(m))
	}
	want := map[string]string{string(ids[0]) + ".image": "image.jpg", string(ids[1]) + ".file": "voice.mp3", string(ids[2]) + ".file": "价目表.pdf"}
	within(t, r, "content kept", func() bool {
		got := r.kept()
		for dir, name := range want {
			if got[dir] != name {
				return false
			}
		}
		return len(got) == len(want)
	})

	// What was kept outlives the daemon, which has forgotten the messages themselves.
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.polling()
	for i, m := range []wxtest.Message{image, voice, file} {
		ming.Recall(ids[i])
		_, err := r.srv.AwaitAfter(r.ctx(), 0, func(rec wxtest.Record) bool {
			return rec.Kind == wxtest.RecordUploaded && bytes.Equal(rec.Upload.Data, m.Data)
		})
		if err != nil {
			t.Fatalf("message %d was not uploaded as it came: %v; log:\n%s", i, err, r.log)
		}

	}
	r.wantKinds(r.srv.FileHelper(), 1, 3, 1, 6, 1, 6)
	if sent := r.srv.Sent(); sent[5].FileName != "价目表.pdf" {
		t.Errorf("the file arrived as %q", sent[5].FileName)
	}

	if _, err := control.NewClient(r.config.Socket).Forget(r.ctx(), "小明"); err != nil {
		t.Fatal(err)
	}
	if got := r.kept(); len(got) > 0 {
		t.Errorf("still kept of somebody who was forgotten: %v", got)
	}
}

func TestContentIsNotKeptUnasked(t *testing.T) {
	t.Parallel()
	r := newRig(t, wxtest.Config{}, strings.Replace(recallRules, "media: true", "media: false", 1), nil)
	ming := r.srv.AddFriend(wxtest.Person{NickName: "小明"})
	left := filepath.Join(r.config.State, "recall", "123.image")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	r.online()
	within(t, r, "removal of what an earlier setting kept", func() bool { _, err := os.Stat(left); return os.IsNotExist(err) })
	image := wxtest.Image()
	image.Data = []byte("\xff\xd8\xff\xe0picture")
	ming.Recall(ming.Send(image))
	within(t, r, "forward of the text that stands for it", func() bool { return len(r.sentTo(r.srv.FileHelper())) >= 2 })
	if got := r.kept(); len(got) > 0 {
		t.Errorf("kept %v", got)
	}
}
