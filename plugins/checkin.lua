-- 签到。每人每天一次，按 rules.yaml 里 timezone 的日历日算；有连续天数和每月排行。
-- 每个群（和每个私聊）各算各的。

bot.plugin {
  name = "checkin", version = "1.0.0", api = 1,
  about = "签到。用法：签到、我的签到、签到排行",
  config = {
    groups = { type = "list", default = {}, about = "在这些群里直接说「签到」就行；别的群要 @ 机器人或写「/签到」" },
    text   = { type = "string", default = "签到成功：今天第 ${rank} 个，连续 ${streak} 天，本月 ${month} 天", about = "签到后的回答" },
    again  = { type = "string", default = "今天已经签过了，连续 ${streak} 天，本月 ${month} 天", about = "重复签到的回答，写空就不答" },
    top    = { type = "integer", default = 10, min = 1, max = 50, about = "排行列几个人" },
  },
}

local kv = bot.kv
local DAY_TTL, MONTH_TTL, PERSON_TTL = "3d", "70d", "366d"

-- shifted 给出一天（2026-01-07）前后几天的日期。按中午算，不受夏令时影响。
local function shifted(day, by)
  local y, m, d = day:match("(%d+)-(%d+)-(%d+)")
  return os.date("%Y-%m-%d", os.time { year = y + 0, month = m + 0, day = d + by, hour = 12 })
end

-- shown 是群里看得到的名字：备注是主人自己的，不说出去。
local function shown(person)
  if person.card ~= "" then return person.card end
  return person.nickname ~= "" and person.nickname or person.name
end

local function person_key(chat, sender) return ("p:%s:%s"):format(chat.key, sender.key) end
local function month_key(chat, month, person) return ("m:%s:%s:%s"):format(chat.key, month, person) end

-- current 是连续天数，断了就是 0。
local function current(record, day)
  if record.day >= shifted(day, -1) then return record.streak end
  return 0
end

local function months(chat, month, sender)
  local m = kv:get(month_key(chat, month, sender.key))
  return m and m.n or 0
end

local function checkin(msg)
  -- 按消息的时间算：半夜断线，晚一点才收到的，也算那一天。
  local day = bot.time.format(msg.time, "%Y-%m-%d")
  local month = day:sub(1, 7)
  local key = person_key(msg.chat, msg.sender)
  local record = kv:get(key, { day = "", streak = 0, best = 0, total = 0 })
  if record.day >= day then
    if bot.config.again ~= "" then
      msg:mention(bot.text.expand(bot.config.again, { streak = current(record, day), month = months(msg.chat, month, msg.sender) }))
    end
    return
  end
  record.streak = current(record, day) + 1
  record.day, record.total = day, record.total + 1
  record.best = math.max(record.best, record.streak)
  local n = months(msg.chat, month, msg.sender) + 1
  local ok, err = kv:set(key, record, PERSON_TTL)
  if ok then ok, err = kv:set(month_key(msg.chat, month, msg.sender.key), { n = n, name = shown(msg.sender) }, MONTH_TTL) end
  if not ok then return bot.log.warn("check-in not kept: %s", err) end
  local rank = kv:incr(("d:%s:%s"):format(msg.chat.key, day), 1, 0, DAY_TTL)
  msg:mention(bot.text.expand(bot.config.text, { rank = rank, streak = record.streak, month = n, total = record.total }))
end

local function mine(msg)
  local day = bot.time.format(msg.time, "%Y-%m-%d")
  local record = kv:get(person_key(msg.chat, msg.sender))
  if not record then return msg:mention("还没有签到过") end
  msg:mention(("连续 %d 天，最长 %d 天，本月 %d 天，一共 %d 天"):format(
    current(record, day), record.best, months(msg.chat, day:sub(1, 7), msg.sender), record.total))
end

local function ranking(msg)
  local month = bot.time.format(msg.time, "%Y-%m")
  local rows = {}
  for _, m in kv:each(month_key(msg.chat, month, "")) do rows[#rows + 1] = m end
  if #rows == 0 then return msg:reply("本月还没有人签到") end
  table.sort(rows, function(a, b)
    if a.n ~= b.n then return a.n > b.n end
    return a.name < b.name
  end)
  local lines = { month .. " 签到排行" }
  for i = 1, math.min(bot.config.top, #rows) do
    lines[#lines + 1] = ("%d. %s　%d 天"):format(i, rows[i].name, rows[i].n)
  end
  msg:reply(table.concat(lines, "\n"))
end

bot.command("签到", { chat = { "private", "group" } }, checkin)
bot.command("我的签到", { chat = { "private", "group" } }, mine)
bot.command("签到排行", { chat = "group" }, ranking)

if #bot.config.groups > 0 then              -- 在这些群里不用前缀
  bot.command("签到", { group = bot.config.groups, bare = true }, checkin)
  bot.command("我的签到", { group = bot.config.groups, bare = true }, mine)
  bot.command("签到排行", { group = bot.config.groups, bare = true }, ranking)
end
