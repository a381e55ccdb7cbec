bot.plugin {
  name = "onboarding", version = "0.9.0", api = 1,
  about  = "通过好友申请，问两个问题，备注，拉群",
  config = { word = { type = "string", required = true },
             group = { type = "string", required = true } },
}

bot.on("friend_request", function(req)
  if not bot.text.contains(req.text, bot.config.word) then return end

  local friend, err = req:accept()
  if not friend then return bot.log.error("accept %s: %s", req.nickname, err) end

  local chat = friend:chat()
  chat:send("你好，我是小助手 🤖 回答两个问题就拉你进群。")

  local name = chat:ask("怎么称呼你？", { timeout = "10m" })
  if not name then return end              -- silence: leave it at that
  local city = chat:choose("你在哪个城市？", { "北京", "上海", "其他" }, { timeout = "10m" })

  friend:set_remark(("%s-%s"):format(city or "未知", name))

  local ok, err = assert(bot.group(bot.config.group)):invite(friend)
  chat:send(ok and "邀请已发出，点一下就能进群。" or "群满了，稍后由管理员拉你。")
  if not ok then bot.admin("拉群失败：%s（%s）", name, err) end
  return true
end)
