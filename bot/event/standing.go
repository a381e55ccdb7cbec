package event

import "strings"

// Standing is the text that stands for a message where it cannot be sent on as it
// came: "" for nil.
func (m *Message) Standing() string {
	if m == nil {
		return ""
	}
	text := m.Text
	if m.Type != TypeText {
		names := map[MessageType]string{
			TypeImage: "图片", TypeVoice: "语音", TypeVideo: "视频", TypeFile: "文件", TypeSticker: "表情", TypeCard: "名片",
			TypeLink: "链接", TypeMiniProgram: "小程序", TypeLocation: "位置", TypeOther: "其他消息",
		}
		text = strings.TrimSpace("[" + names[m.Type] + "] " + text)
	}
	if m.URL != "" {
		text += "\n" + m.URL
	}
	return text
}
