-- 发言榜：数一数群里谁说了几句，每天到点公布。只记名字和条数，不记内容。
-- 默认不启用；要用，在 plugins.yaml 里写上群名，给 grant: {send: any}（到点发到群里要它）。

bot.plugin {
  name = "stats", version = "1.1.0", api = 1,
  about  = "每天公布发言榜。平时也可以问：发言榜",
  allow  = { send = "any" },
  config = {
    groups = { type = "list", required = true, about = "哪些群" },
    time   = { type = "string", default = "22:00", about = "几点公布；之后的发言算第二天的" },
    top    = { type = "integer", default = 5, min = 1, max = 50, about = "列几个人" },
    title  = { type = "string", default = "今日发言榜", about = "标题" },
  },
}

local kv = bot.kv
local KEEP = "3d"                           -- 停机没能公布的，过几天就忘了

local hour, minute = bot.config.time:match("^(%d%d?):(%d%d)$")
assert(hour and hour + 0 < 24 and minute + 0 < 60, "config.time 要像 22:00")
local post_at = hour * 60 + minute

-- period 是一条消息算在哪一天：公布之后的算第二天。
local function period(time)
  local d = bot.time.date(time)
  local day = d.day
  if d.hour * 60 + d.min >= post_at then day = day + 1 end
  return os.date("%Y-%m-%d", os.time { year = d.year, month = d.month, day = day, hour = 12 })
end

-- shown 是群里看得到的名字：备注是主人自己的，不说出去。
local function shown(person)
  if person.card ~= "" then return person.card end
  return person.nickname ~= "" and person.nickname or person.name
end

bot.observe("message", { group = bot.config.groups }, function(msg)
  local key, name = "name:" .. msg.sender.key, shown(msg.sender)
  if kv:get(key) ~= name then kv:set(key, name, "30d") end
  kv:incr(("n:%s:%s:%s"):format(period(msg.time), msg.chat.key, msg.sender.key), 1, 0, KEEP)
end)

-- board 是一个群在一天里的榜，没有人说话是 nil。
local function board(day, chat)
  local prefix, rows, total = ("n:%s:%s:"):format(day, chat), {}, 0
  for key, n in kv:each(prefix) do
    rows[#rows + 1] = { name = kv:get("name:" .. key:sub(#prefix + 1), "？"), n = n }
    total = total + n
  end
  if #rows == 0 then return nil end
  table.sort(rows, function(a, b)
    if a.n ~= b.n then return a.n > b.n end
    return a.name < b.name
  end)
  local lines = { bot.config.title }
  for i = 1, math.min(bot.config.top, #rows) do
    lines[#lines + 1] = ("%d. %s（%d 条）"):format(i, rows[i].name, rows[i].n)
  end
  lines[#lines + 1] = ("共 %d 人，%d 条"):format(#rows, total)
  return table.concat(lines, "\n")
end

local function forget(prefix)
  local keys = {}
  for key in kv:each(prefix) do keys[#keys + 1] = key end
  for _, key in ipairs(keys) do kv:delete(key) end
end

-- post 公布各群的榜。一次调用能发的消息有限，多的隔几秒接着发。
local function post(day)
  local sent = 0
  for _, group in ipairs(bot.groups()) do
    local text = board(day, group.key)
    if text then
      if sent == 8 then return bot.after("5s", function() post(day) end) end
      sent = sent + 1
      local ok, err = bot.send(group, text)
      if not ok then
        bot.log.warn("ranking not posted: %s", err)
        if err == "rate" then return bot.after("1m", function() post(day) end) end
      end
      forget(("n:%s:%s:"):format(day, group.key))
    end
  end
end

bot.daily(bot.config.time, function()
  -- 半分钟以前还是要公布的这一天。
  post(period(bot.time.now() - 30))
end)

bot.command("发言榜", { group = bot.config.groups }, function(msg)
  msg:reply(board(period(msg.time), msg.chat.key) or "今天还没有人说话")
end)
