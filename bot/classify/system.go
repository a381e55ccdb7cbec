package classify

import (
	"regexp"
	"strings"

	"wxbot/bot/event"
)

// System is what a text of WeChat's own says.
type System struct {
	Kind event.Kind // "" if it means nothing to the daemon
	// Names are the people it is about, by display name: who came, left, was
	// removed or tickled.
	Names []string
	// By is who did it, "" if it was the account itself or is not told.
	By string
	// Me: the account is among those it is about, or did it where By is "".
	Me    bool
	Via   string
	Topic string
}

// pattern is one template of section 12.6.
type pattern struct {
	re   *regexp.Regexp
	make func(m []string) System
}

// quotes are the marks around names; templates of different times use different
// ones.
const (
	q = `["“”「」]?\s*`
	e = `\s*["“”「」]?`

	topic = `["“「](.+)["”」]\.?`

	// What a group, its name and a QR code are called, in the mainland, in Taiwan and
	// in Hong Kong.
	group = `群(?:聊|[組组])`
	named = `修改群[組组]?名[稱称]?[为為]`
	code  = `(?:二[维維][码碼]|QR ?(?:[Cc]ode|[码碼])|行[动動][条條][码碼])`
)

func joinedBy(m []string, by, names int, via string) System {
	s := System{Kind: event.KindMemberJoined, Names: people(m[names]), Via: via}
	if by > 0 {
		s.By = clean(m[by])
	}
	return s
}

func p(re string, f func(m []string) System) pattern {
	return pattern{regexp.MustCompile(`^` + re + `$`), f}
}

// templates are tried in order; the first that fits decides.
var templates = []pattern{
	// Renames come first and end in a quote: a group may be given the name of any
	// other text.
	p(`你`+named+topic, func(m []string) System {
		return System{Kind: event.KindGroupRenamed, Topic: strings.TrimSpace(m[1]), Me: true}
	}),
	p(q+`(.+?)`+e+named+topic, func(m []string) System {
		return System{Kind: event.KindGroupRenamed, By: clean(m[1]), Topic: strings.TrimSpace(m[2])}
	}),
	p(`You changed the group name to `+topic, func(m []string) System {
		return System{Kind: event.KindGroupRenamed, Topic: strings.TrimSpace(m[1]), Me: true}
	}),
	p(q+`(.+?)`+e+` changed the group name to `+topic, func(m []string) System {
		return System{Kind: event.KindGroupRenamed, By: clean(m[1]), Topic: strings.TrimSpace(m[2])}
	}),

	// The account invited others, or others invited.
	p(`(?:你|您)邀[请請]`+q+`(.+?)`+e+`加入了`+group+`.*`, func(m []string) System {
		s := joinedBy(m, 0, 1, event.ViaInvite)
		s.Me = true
		return s
	}),
	p(`You invited `+q+`(.+?)`+e+` to the group chat\.?.*`, func(m []string) System {
		s := joinedBy(m, 0, 1, event.ViaInvite)
		s.Me = true
		return s
	}),
	p(q+`(.+?)`+e+`邀[请請]你和`+q+`(.+?)`+e+`加入了`+group+`.*`, func(m []string) System {
		return System{Kind: event.KindJoined, By: clean(m[1]), Names: people(m[2]), Me: true, Via: event.ViaInvite}
	}),
	p(q+`(.+?)`+e+` invited you and `+q+`(.+?)`+e+` to the group chat\.?.*`, func(m []string) System {
		return System{Kind: event.KindJoined, By: clean(m[1]), Names: people(m[2]), Me: true, Via: event.ViaInvite}
	}),
	p(q+`(.+?)`+e+`邀[请請]你加入了`+group+`.*`, func(m []string) System {
		return System{Kind: event.KindJoined, By: clean(m[1]), Me: true, Via: event.ViaInvite}
	}),
	p(q+`(.+?)`+e+` invited you to a group chat.*`, func(m []string) System {
		return System{Kind: event.KindJoined, By: clean(m[1]), Me: true, Via: event.ViaInvite}
	}),
	p(q+`(.+?)`+e+`邀[请請]`+q+`(.+?)`+e+`加入了`+group+`.*`, func(m []string) System { return joinedBy(m, 1, 2, event.ViaInvite) }),
	p(q+`(.+?)`+e+` invited `+q+`(.+?)`+e+` to the group chat\.?.*`, func(m []string) System { return joinedBy(m, 1, 2, event.ViaInvite) }),

	// By QR code.
	p(q+`(.+?)`+e+`[通透][过過][扫掃]描你分享的`+code+`加入了?`+group+`.*`, func(m []string) System {
		s := joinedBy(m, 0, 1, event.ViaQRCode)
		s.Me = true
		return s
	}),
	p(`你[通透][过過][扫掃]描`+q+`?(.*?)`+e+`分享的?`+code+`加入了?`+group+`.*`, func(m []string) System {
		return System{Kind: event.KindJoined, By: clean(m[1]), Me: true, Via: event.ViaQRCode}
	}),
	p(q+`(.+?)`+e+`[通透][过過][扫掃]描`+q+`(.+?)`+e+`分享的`+code+`加入了?`+group+`.*`, func(m []string) System { return joinedBy(m, 2, 1, event.ViaQRCode) }),
	p(q+`(.+?)`+e+` joined (?:the )?group chat via the QR [Cc]ode you shared\.?.*`, func(m []string) System {
		s := joinedBy(m, 0, 1, event.ViaQRCode)
		s.Me = true
		return s
	}),
	p(q+`(.+?)`+e+` joined (?:the )?group chat via the QR [Cc]ode shared by `+q+`(.+?)`+e+`\.?`, func(m []string) System { return joinedBy(m, 2, 1, event.ViaQRCode) }),

	// Removals.
	p(`你已?被`+q+`(.+?)`+e+`移出了?`+group+`.*`, func(m []string) System {
		return System{Kind: event.KindRemoved, By: clean(m[1]), Me: true}
	}),
	p(`You were removed from the group chat by `+q+`(.+?)`+e+`\.?`, func(m []string) System {
		return System{Kind: event.KindRemoved, By: clean(m[1]), Me: true}
	}),
	p(`你[将將]`+q+`(.+?)`+e+`移出了?`+group+`.*`, func(m []string) System {
		return System{Kind: event.KindMemberLeft, Names: people(m[1]), Me: true}
	}),
	p(`You removed `+q+`(.+?)`+e+` from the group chat\.?`, func(m []string) System {
		return System{Kind: event.KindMemberLeft, Names: people(m[1]), Me: true}
	}),

	// Friends.
	p(`你已(?:添加|新增)了?(.+?)[，,] ?[现現]在可以[开開]始聊天了[。.]?`, friendAdded),
	p(`You have added (.+?) as your WeChat contact\. Start chatting!`, friendAdded),
	p(`(.+?)[刚剛][刚剛]把你添加到通[讯訊][录錄][，,] ?[现現]在可以[开開]始聊天了[。.]?`, friendAdded),
	p(`(.+?) just added you to his/her contacts list\. Send a message to him/her now!`, friendAdded),
	p(`我通[过過]了你的(?:朋友|好友)[验驗][证證][请請]求[，,] ?[现現]在我[们們]可以[开開]始聊天了`, func([]string) System {
		return System{Kind: event.KindFriendAdded}
	}),
	p(`I've accepted your friend request\. Now let's chat!`, func([]string) System {
		return System{Kind: event.KindFriendAdded}
	}),
	p(`(.*?)[开開][启啟]了(?:朋友|好友)[验驗][证證][，,] ?你[还還]不是他（她）(?:朋友|好友).*`, friendLost),
	p(`(.*?) has enabled Friend Confirmation.*`, friendLost),
	p(`消息已[发發]出[，,]但被[对對]方拒收了[。.]?`, friendLost),

	// Money and tickles.
	p(`收到(?:[红紅]包|一[个個][红紅]包|利是)[，,]?.*`, func([]string) System {
		return System{Kind: event.KindRedPacket}
	}),
	p(`你?[发發]出(?:[红紅]包|一[个個][红紅]包|利是)[，,]?.*`, func([]string) System {
		return System{Kind: event.KindRedPacket, Me: true}
	}),
	p(q+`(.+?)`+e+`\s*拍了?拍\s*(?:我|你)(.*)`, func(m []string) System {
		return System{Kind: event.KindTickled, By: clean(m[1]), Me: true}
	}),
	p(`(?:你|我)\s*拍了?拍\s*`+q+`(.+?)`+e, func(m []string) System {
		return System{Kind: event.KindTickled, Names: people(m[1])}
	}),
	p(q+`(.+?)`+e+`\s*拍了?拍\s*`+q+`(.+?)`+e, func(m []string) System {
		return System{Kind: event.KindTickled, By: clean(m[1]), Names: people(m[2])}
	}),
}

func friendAdded(m []string) System {
	return System{Kind: event.KindFriendAdded, Names: people(m[1])}
}

func friendLost(m []string) System {
	s := System{Kind: event.KindFriendLost}
	if len(m) > 1 && m[1] != "" {
		s.Names = people(m[1])
	}
	return s
}

// maxSystem is how long a text may be to be looked at.
const maxSystem = 2000

// ParseSystemText reads a text of WeChat's own, in simplified or traditional
// Chinese or English (section 12.6).
func ParseSystemText(text string) System {
	text = strings.TrimSpace(strings.ReplaceAll(text, "$revoke$", ""))
	if text == "" || len(text) > maxSystem {
		return System{}
	}
	for _, t := range templates {
		if m := t.re.FindStringSubmatch(text); m != nil {
			return t.make(m)
		}
	}
	return System{}
}

func clean(name string) string {
	return strings.TrimSpace(strings.Trim(strings.TrimSpace(name), `"“”「」`))
}

// people splits a list of names.
func people(list string) []string {
	var out []string
	for name := range strings.SplitSeq(list, "、") {
		if name = clean(name); name != "" {
			out = append(out, name)
		}
	}
	return out
}
