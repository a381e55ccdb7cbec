package wxtest

// The Opcodes of webwxverifyuser (section 10.1).
const (
	opAdd     = 1
	opRequest = 2
	opAccept  = 3
	opReject  = 4
)

// verifyUser accepts or makes friend requests.
func (s *Server) verifyUser(c *call, e *session, body object, out response) {
	op := c.number(body, "Opcode")
	list := c.objects(body, "VerifyUserList")
	if n := c.number(body, "VerifyUserListSize"); n != 1 || len(list) != 1 {
		c.problem("10.1", "VerifyUserList has %d entries, VerifyUserListSize %d; one is meant", len(list), n)
		out.refuse(retParameter, "")
		return
	}
	c.checkScenes(body)
	if !e.knows(c.text(body, "skey")) {
		c.problem("10.1", "skey is not that of BaseRequest")
		out.refuse(retSystem, "sys error")
		return
	}
	greeting := c.text(body, "VerifyContent")
	name, ticket := c.text(list[0], "Value"), c.text(list[0], "VerifyUserTicket")
	a, known := e.byName[name].(*Account)
	if !known {
		c.problem("10.1", "Value is nobody")
		out.refuse(retSystem, "sys err")
		return
	}
	switch op {
	case opAccept:
		if a.ticket == "" || ticket != a.ticket {
			c.problem("10.1", "VerifyUserTicket is not that of an open friend request")
			out.refuse(retSystem, "sys err")
			return
		}
		s.acceptedLocked(a)
	case opAdd, opRequest:
		s.recordLocked(Record{Kind: RecordRequested, Account: a, Text: greeting})
	case opReject:
		a.ticket = ""
	default:
		c.problem("10.1", "Opcode is %d", op)
		out.refuse(retParameter, "")
	}
}

// checkScenes wants the one scene of the web.
func (c *call) checkScenes(body object) {
	const web = "[33]"
	if n := c.number(body, "SceneListCount"); n != 1 || string(body["SceneList"]) != web {
		c.problem("10.1", "SceneList is %s with SceneListCount %d, not %s", body["SceneList"], n, web)
	}
}

// opLog sets remarks and pins chats (section 10.2).
func (s *Server) opLog(c *call, e *session, body object, out response) {
	chat := e.byName[c.text(body, "UserName")]
	if chat == nil {
		c.problem("10.2", "UserName is nobody")
		out.refuse(retSystem, "")
		return
	}
	switch cmd := c.number(body, "CmdId"); cmd {
	case 2:
		a, ok := chat.(*Account)
		remark := c.text(body, "RemarkName")
		if !ok || !a.friend {
			out.refuse(retSystem, "")
			return
		}
		s.recordLocked(Record{Kind: RecordRemarked, Account: a, Text: remark})
		if !s.cfg.IgnoreRemarks {
			a.person.RemarkName = remark
			s.modifiedLocked(a)
		}
	case 3:
		r := recordOf(RecordPinned, chat)
		if c.number(body, "OP") == 1 {
			r.Text = "top"
		}
		s.recordLocked(r)
		switch a := chat.(type) {
		case *Group:
			a.pinned = r.Text != ""
			s.modifiedLocked(a)
		case *Account:
			a.person.Pinned = r.Text != ""
			// A remark that goes along is taken, an empty one as well.
			if _, named := body["RemarkName"]; named && !s.cfg.IgnoreRemarks {
				a.person.RemarkName = c.text(body, "RemarkName")
			}
			s.modifiedLocked(a)
		}
		s.deliverLocked(envelope{from: s.world.self, to: s.world.self}, StatusNotify(4, s.conversationsLocked()...))
	default:
		c.problem("10.2", "CmdId is %d", cmd)
		out.refuse(retParameter, "")
	}
}
