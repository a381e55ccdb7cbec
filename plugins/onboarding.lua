-- 带着暗号来加好友的人：通过，问两个问题，备注，拉群。
-- 默认不启用；要用，在 plugins.yaml 里写上暗号和群名。
-- 问到一半机器人重启了，对方下一句话接着问。（rules.yaml 里的「暗号加好友」请关掉，两个用一个就够了。）

bot.plugin {
  name = "onboarding", version = "1.0.0", api = 1,
  about  = "通过好友申请，问两个问题，备注，拉群",
  config = {
    words    = { type = "list", required = true, about = "暗号，申请里有其中一个就通过" },
    group    = { type = "string", required = true, about = "拉进哪个群" },
    hello    = { type = "string", default = "你好，我是小助手。回答两个问题就拉你进群。", about = "第一句话" },
    name     = { type = "string", default = "怎么称呼你？", about = "第一个问题：称呼" },
    choice   = { type = "string", default = "你在哪个城市？", about = "第二个问题；写空就不问" },
    choices  = { type = "list", default = { "北京", "上海", "其他" }, about = "第二个问题的选项" },
    remark   = { type = "string", default = "${choice|未知}-${name}", about = "备注，可以用 ${name} 和 ${choice}；写空就不备注" },
    done     = { type = "string", default = "邀请已发出，点一下就能进群。", about = "拉群之后说的话" },
    full     = { type = "string", default = "群满了，稍后由管理员拉你。", about = "没拉成时说的话" },
    timeout  = { type = "duration", default = "10m", min = 1, max = 3600, about = "每个问题等多久，最多 1h" },
    remember = { type = "duration", default = "1d", about = "没答完的，多久之内还能接着答" },
  },
}

local kv = bot.kv
local asking = {}                           -- 正在问的人

local function clean(s)
  return bot.text.sub(bot.text.trim((s:gsub("%c", " "))), 1, 16)
end

-- chosen 把一句话当作第二个问题的回答。
local function chosen(text)
  local folded = bot.text.fold(text)
  local n = tonumber(folded)
  for i, c in ipairs(bot.config.choices) do
    if i == n or bot.text.fold(c) == folded then return c end
  end
end

local function invite(friend, chat, name)
  local group, err = bot.group(bot.config.group)
  local ok
  if group then ok, err = group:invite(friend) end
  chat:send(ok and bot.config.done or bot.config.full)
  if not ok then bot.admin("拉群失败：%s（%s）", name, err) end
end

-- interview 从停下的地方接着问。said 是接着问时对方刚说的话。
local function interview(friend, step, said)
  local key, chat = "new:" .. friend.key, friend:chat()
  local keep = function() kv:set(key, step, bot.config.remember) end
  local wait = { timeout = bot.config.timeout }
  local reason

  if not step.name then
    if said then
      step.name = said
    else
      step.name, reason = chat:ask(bot.config.name, wait)
      if not step.name then
        if reason == "cancelled" then kv:delete(key) end
        return
      end
    end
    step.name = clean(step.name)
    keep()
    said = nil
  end

  if bot.config.choice ~= "" and #bot.config.choices > 0 then
    step.choice = said and chosen(said)
    if not step.choice then
      step.choice, reason = chat:choose(bot.config.choice, bot.config.choices, wait)
      if reason == "reload" or reason == "replaced" then return end -- 下一句话接着问
    end
  end

  kv:delete(key)
  if bot.config.remark ~= "" then
    friend:set_remark(bot.text.expand(bot.config.remark, { name = step.name, choice = step.choice }))
  end
  invite(friend, chat, step.name)
end

local function talk(friend, step, said)
  local key = friend.key
  asking[key] = true
  local ok, err = pcall(interview, friend, step, said)
  asking[key] = nil
  if not ok then error(err, 0) end
end

bot.on("friend_request", function(req)
  if not bot.text.contains(req.text, bot.config.words) then return end
  local friend, err = req:accept()
  if not friend then
    bot.log.error("accept %s: %s", req.nickname, err)
    return
  end
  kv:set("new:" .. friend.key, {}, bot.config.remember)
  friend:chat():send(bot.config.hello)
  talk(friend, {})
  return true
end)

-- 没答完的人又说话了：重启以后，或者隔了很久才回答。
bot.on("message", { chat = "private", type = "text" }, function(msg)
  local key = msg.sender.key
  if asking[key] then return end
  local step = kv:get("new:" .. key)
  if not step then return end
  talk(msg.sender, step, msg.text)
  return true
end)
