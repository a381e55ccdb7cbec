-- 提醒。私聊里说「十分钟后提醒我关火」「提醒我明天早上八点开会」，群里要 @ 机器人或写「/提醒我 …」。
-- 提醒记在磁盘上，重启不丢；停机时错过的，起来以后补上，并说明迟到了。
-- 到时间往聊天里发消息要 plugins.yaml 里的 grant: {send: any}。
-- 提醒算主动发送：rules.yaml 的 pace.quiet（夜里不主动说话）会把它推迟到早上。

bot.plugin {
  name = "reminder", version = "1.0.0", api = 1,
  about = "提醒。例如：十分钟后提醒我关火；明天早上八点提醒我开会；每周一9点提醒我交周报。还有：我的提醒、取消提醒 2",
  config = {
    most = { type = "integer", default = 20, min = 1, max = 100, about = "每人最多几个提醒" },
    hour = { type = "string", default = "9:00", about = "只说了哪天、没说几点时，几点提醒" },
    text = { type = "string", default = "⏰ ${what}", about = "到时间说的话" },
  },
  allow = { send = "any" },
}

local when = require "reminder.when"
local kv, config = bot.kv, bot.config
local ALL = 5000                            -- 所有人的提醒加起来最多几个
local LONGEST = 200                         -- 提醒的内容最多几个字
local FAR = 2 * 366 * 24 * 3600             -- 秒：最远两年
local LATE = 300                            -- 秒：晚过这么久就说明迟到了
local LOOK = 600                            -- 秒：最多隔这么久看一次，机器睡着过也不会晚太多
local GIVE_UP = 24 * 3600                   -- 秒：这么久都发不出去就算了
local WEEK = { "周一", "周二", "周三", "周四", "周五", "周六", "周日" }

local hour, minute = config.hour:match("^(%d%d?):(%d%d)$")
assert(hour and hour + 0 < 24 and minute + 0 < 60, "config.hour 要像 9:00")
when.hour, when.minute = hour + 0, minute + 0

local EXAMPLES = [[没听懂是什么时候。可以这样说：
十分钟后提醒我关火
明天早上八点提醒我开会
每周一9点提醒我交周报
12月24日 18:30 提醒我买礼物]]

-- 一个提醒存成 r:人:编号；due:时刻:编号 指着它，按时刻排好。
local function due_key(r) return ("due:%012d:%d"):format(r.due, r.id) end
local function key_of(r) return ("r:%s:%d"):format(r.by, r.id) end

local function save(r)
  local ok, err = kv:set(key_of(r), r)
  if ok then ok, err = kv:set(due_key(r), key_of(r)) end
  return ok, err
end

local function drop(r)
  kv:delete(key_of(r))
  kv:delete(due_key(r))
end

local function clock_text(h, m) return ("%02d:%02d"):format(h % 24, m) end

-- spoken 是一个时刻的说法：明天（1月8日 周四）08:00。
local function spoken(t)
  local now, d = bot.time.date(), bot.time.date(t)
  local text = ("%d月%d日 %s"):format(d.month, d.day, WEEK[(d.wday + 5) % 7 + 1])
  if d.year ~= now.year then text = d.year .. "年" .. text end
  local near
  for days, name in ipairs { "今天", "明天", "后天" } do
    local n = bot.time.date(os.time { year = now.year, month = now.month, day = now.day + days - 1, hour = 12 })
    if n.year == d.year and n.yday == d.yday then near = ("%s（%s）"):format(name, text) end
  end
  text = (near or text .. " ") .. clock_text(d.hour, d.min)
  if t - bot.time.now() < 600 and d.sec ~= 0 then text = ("%s:%02d"):format(text, d.sec) end
  return text
end

local function every_text(spec)
  local at = clock_text(spec.h, spec.m)
  if spec.h >= 24 then at = "次日 " .. at end
  if spec.kind == "day" then return "每天 " .. at end
  if spec.kind == "month" then return ("每月 %d 日 %s"):format(spec.day, at) end
  local days = {}
  for d = 1, 7 do
    if spec.days[d] then days[#days + 1] = WEEK[d] end
  end
  return ("每%s %s"):format(table.concat(days, "、"), at)
end

local function listed(r)
  if r.every then return ("%s　%s（下次 %s）"):format(every_text(r.every), r.what, spoken(r.at)) end
  return spoken(r.at) .. "　" .. r.what
end

local alarm, tick

-- arm 等到最近的一个提醒。
local function arm()
  if alarm then alarm:cancel() end
  alarm = nil
  for key in kv:each("due:") do
    local wait = tonumber(key:match("^due:(%d+)")) - bot.time.now()
    alarm = bot.after(math.min(math.max(wait, 1), LOOK), tick)
    return
  end
end

local function chat_of(r)
  if r.kind == "self" then return "filehelper" end
  for _, c in ipairs(r.kind == "group" and bot.groups() or bot.contacts()) do
    if c.key == r.chat then return c end
  end
end

local function remind(r, now)
  local text = bot.text.expand(config.text, { what = r.what })
  if now - r.at > LATE then text = ("%s\n（迟到了，本来是 %s）"):format(text, spoken(r.at)) end
  local chat = chat_of(r)
  if not chat then return nil, "not found" end
  return bot.send(chat, { text = text, mention = r.kind == "group" and { r.name } or nil })
end

-- go 发出一个提醒。先记下它已经发了、重复的什么时候再来，再发：两件事一起落盘，
-- 什么时候被杀掉都不会发两次。没发出去的改回来，过一会儿再试。
local function go(r, now)
  local following = r.every and when.next(r.every, now)
  drop(r)
  local later
  if following then
    later = {}
    for k, v in pairs(r) do later[k] = v end
    later.at, later.due = following, following
    save(later)
  end
  local sent, err = remind(r, now)
  if sent then return end
  if now - r.at >= GIVE_UP then return bot.log.error("reminder given up: %s", err) end
  bot.log.warn("reminder not sent, trying again: %s", err)
  if later then drop(later) end
  r.due = math.floor(now) + 60
  save(r)
end

-- tick 发出到时间的提醒，一次最多几个：一次调用能发的消息有限。
function tick()
  local now, due = bot.time.now(), {}
  for key, to in kv:each("due:") do
    if tonumber(key:match("^due:(%d+)")) > now or #due == 8 then break end
    due[#due + 1] = { key = key, to = to }
  end
  for _, d in ipairs(due) do
    local r = kv:get(d.to)
    if not r or due_key(r) ~= d.key then
      kv:delete(d.key)
    else
      go(r, now)
    end
  end
  arm()
end

bot.on("load", arm)

-- own 是一个人的提醒，在一个聊天里的，早的在前；还有一共几个。
local function own(msg)
  local list, all = {}, 0
  for _, r in kv:each(("r:%s:"):format(msg.sender.key)) do
    all = all + 1
    if r.chat == msg.chat.key then list[#list + 1] = r end
  end
  table.sort(list, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.id < b.id
  end)
  return list, all
end

local function cleaned(what)
  what = bot.text.trim((what:gsub("%c", " ")))
  what = bot.re.gsub(what, "^(一下|[，,、：:。!！~ ])+", "")
  what = bot.re.gsub(what, "[。!！~ ]+$", "")
  return what ~= "" and what or "时间到了"
end

local function set(msg, time, what)
  local now = bot.time.now()
  if time.past then
    return msg:mention(("%s 已经过去了，换一个以后的时间吧。"):format(spoken(time.past)))
  end
  if not time.at or time.at - now > FAR then return msg:mention("太远了，只能提醒两年以内的事。") end
  what = cleaned(what)
  if bot.text.len(what) > LONGEST then return msg:mention(("内容太长了，最多 %d 个字。"):format(LONGEST)) end
  local _, all = own(msg)
  if all >= config.most then return msg:mention(("你已经有 %d 个提醒了，先取消几个。发「我的提醒」看看。"):format(all)) end
  if kv:count("r:") >= ALL then return msg:mention("提醒太多了，暂时记不下。") end
  local sender = msg.sender
  local r = {
    id = kv:incr("seq"), at = time.at, due = time.at, every = time.every, what = what, by = sender.key, chat = msg.chat.key, kind = msg.chat.kind,
    name = sender.card ~= "" and sender.card or sender.nickname,
  }
  local ok, err = save(r)
  if not ok then
    bot.log.warn("reminder not kept: %s", err)
    return msg:mention("暂时记不下，稍后再试。")
  end
  if r.every then
    msg:mention(("好的，%s提醒你：%s\n第一次在%s"):format(every_text(r.every), what, spoken(r.at)))
  else
    msg:mention(("好的，%s提醒你：%s"):format(spoken(r.at), what))
  end
  arm()
end

local VERBS = { "提醒一下我", "提醒下我", "提醒我", "叫我", "喊我" }

local function polite(p)
  while when.take(p, "请", "麻烦你", "麻烦", "帮我", "帮忙", "记得", "你", "一定", "要", "务必", "再", "就", "的时候", "，", ",") do end
end

-- after_verb 读“提醒我”后面的话：时间在前，或者在最后。
local function after_verb(msg, text)
  local now = bot.time.now()
  local p = { s = text, i = 1 }
  polite(p)
  when.take(p, "一下", "在", "：", ":")
  local time = when.read(p, now)
  if time then
    when.take(p, "的时候", "时候")
    return set(msg, time, p.s:sub(p.i))
  end
  local bare = bot.re.gsub(text, "[。!！~ ]+$", "")
  if #bare <= 4 * LONGEST then
    for i in bare:gmatch("()[%z\1-\127\194-\244]") do
      p = { s = bare, i = i }
      time = i > 1 and when.read(p, now)
      if time and p.i > #bare then return set(msg, time, (bare:sub(1, i - 1):gsub("在$", ""))) end
    end
  end
  msg:mention(EXAMPLES)
end

local here = { "private", "group", "self" }

bot.command({ "提醒我", "提醒一下我" }, { args = "[内容]", chat = here }, function(msg)
  local text = when.plain(msg.args or "")
  if text:sub(1, #"们") == "们" then return end -- “提醒我们……”不是叫机器人
  after_verb(msg, text)
end)

-- vague 认出想要提醒、但时间没说清楚的话：“过一会儿提醒我”。
local function vague(before)
  return bot.text.len(before) <= 12 and bot.re.find(before, "[0-9点分秒天周月号早晚后]|小时|会儿|一会|马上") ~= nil
end

-- 时间在前的说法：“十分钟后提醒我关火”。群里要 @ 机器人。
local function before_verb(msg)
  local p = { s = when.plain(msg.text), i = 1 }
  polite(p)
  local start = p.i
  local time = when.read(p, bot.time.now())
  if time then
    polite(p)
    if when.take(p, unpack(VERBS)) then
      if when.take(p, "们") then return end
      set(msg, time, p.s:sub(p.i))
      return true
    end
  end
  local verb = p.s:find("提醒我", start, true)
  if verb and p.s:sub(verb + #"提醒我", verb + #"提醒我们" - 1) ~= "们" and vague(p.s:sub(start, verb - 1)) then
    msg:mention(EXAMPLES)
    return true
  end
end

bot.on("message", { chat = { "private", "self" }, contains = VERBS }, before_verb)
bot.on("message", { chat = "group", mentioned = true, contains = VERBS }, before_verb)

bot.command({ "我的提醒", "提醒列表" }, { chat = here }, function(msg)
  local list = own(msg)
  if #list == 0 then return msg:mention("现在没有提醒。") end
  local lines = {}
  for i, r in ipairs(list) do lines[i] = ("%d. %s"):format(i, listed(r)) end
  lines[#lines + 1] = "发「取消提醒 序号」取消"
  msg:mention((msg.group and "\n" or "") .. table.concat(lines, "\n"))
end)

bot.command("取消提醒", { args = "[序号]", chat = here, help = "例如：取消提醒 2；取消提醒 全部" }, function(msg, args)
  local list = own(msg)
  if #list == 0 then return msg:mention("现在没有提醒。") end
  local said = when.plain(args["序号"] or (#list == 1 and "1" or ""))
  if said == "全部" or said == "所有" then
    for _, r in ipairs(list) do drop(r) end
    msg:mention(("取消了 %d 个提醒。"):format(#list))
    return arm()
  end
  local p = { s = said, i = 1 }
  when.take(p, "第")
  local r = list[when.number(p) or 0]
  if not r then return msg:mention(("没有这个序号，请说 1 到 %d，或者「取消提醒 全部」。"):format(#list)) end
  drop(r)
  msg:mention("取消了：" .. listed(r))
  arm()
end)
