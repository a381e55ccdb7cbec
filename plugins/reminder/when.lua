-- 读中文里的时间：“十分钟后”“明天早上八点”“每周一9点”“12月24日 18:30”……
-- 只认时间，不管要提醒什么；时间按 rules.yaml 的 timezone。

local M = {}

local DAY = 24 * 3600
local DIGIT = {
  ["零"] = 0, ["〇"] = 0, ["一"] = 1, ["二"] = 2, ["两"] = 2, ["俩"] = 2, ["三"] = 3, ["四"] = 4, ["五"] = 5, ["六"] = 6, ["七"] = 7,
  ["八"] = 8, ["九"] = 9,
}
local WEEKDAY = {
  ["一"] = 1, ["二"] = 2, ["三"] = 3, ["四"] = 4, ["五"] = 5, ["六"] = 6, ["日"] = 7, ["天"] = 7, ["末"] = 6,
  ["1"] = 1, ["2"] = 2, ["3"] = 3, ["4"] = 4, ["5"] = 5, ["6"] = 6, ["7"] = 7,
}

-- plain 把全角数字和冒号换成半角的，读起来只有一种写法。
function M.plain(text)
  for i = 0, 9 do text = text:gsub(utf8.char(0xFF10 + i), tostring(i)) end
  text = text:gsub("(%d)%s*：%s*(%d)", "%1:%2"):gsub("　", " "):gsub("點", "点"):gsub("週", "周"):gsub("後", "后"):gsub("鐘", "钟")
  return text
end

-- 读的位置是 p = { s = 文字, i = 字节 }。take 取走几个词之一，长的写在前面；中间的空格不算。
local function space(p)
  p.i = p.s:match("^%s*()", p.i)
end

function M.take(p, ...)
  space(p)
  for _, w in ipairs { ... } do
    if p.s:sub(p.i, p.i + #w - 1) == w then
      p.i = p.i + #w
      return w
    end
  end
end
local take = M.take

local function pattern(p, pat)
  space(p)
  local a, b, c = p.s:match("^" .. pat, p.i)
  if not a then return nil end
  p.i = p.i + #p.s:match("^" .. pat:gsub("[()]", ""), p.i)
  return a, b, c
end

-- number 读一个数：25、2.5、二十五、一百二。
function M.number(p)
  local n = pattern(p, "(%d+%.%d+)") or pattern(p, "(%d+)")
  if n then return #n <= 6 and tonumber(n) or nil end
  space(p)
  local total, last, any = 0, nil, false
  while true do
    local c = p.s:match("^[%z\1-\127\194-\244][\128-\191]*", p.i)
    if c == "十" then
      total, last = total + (last or 1) * 10, nil
    elseif c == "百" then
      total, last = total + (last or 1) * 100, nil
    elseif c and DIGIT[c] then
      last = (last or 0) * 10 + DIGIT[c]
    else
      break
    end
    any = true
    p.i = p.i + #c
  end
  local n = total + (last or 0)
  return any and n < 1000000 and n or nil
end
local number = M.number

local function date_of(t) return bot.time.date(t) end

-- at 给出一天里的时刻；hour 可以超过 24，day 可以超出月份。
local function at(d, hour, min, days)
  local total = hour * 60 + min
  return os.time { year = d.year, month = d.month, day = d.day + (days or 0) + math.floor(total / 1440), hour = math.floor(total / 60) % 24, min = total % 60, sec = 0 }
end

local function exists(year, month, day)
  if month < 1 or month > 12 or day < 1 or day > 31 then return false end
  local d = date_of(os.time { year = year, month = month, day = day, hour = 12 })
  return d.month == month and d.day == day
end

-- months_later 是几个月后的同一天，没有那一天就是月底。
local function months_later(now, n)
  local d = date_of(now)
  local month = d.month + n
  local year, m = d.year + math.floor((month - 1) / 12), (month - 1) % 12 + 1
  local day = d.day
  while not exists(year, m, day) do day = day - 1 end
  return os.time { year = year, month = m, day = day, hour = d.hour, min = d.min, sec = d.sec }
end

local UNITS = {
  { 1, "秒钟", "秒" }, { 60, "分钟", "分" }, { 900, "刻钟", "刻" }, { 3600, "个小时", "小时", "个钟头", "钟头", "个钟" }, { DAY, "天" },
  { 7 * DAY, "个星期", "星期", "个礼拜", "礼拜", "周" },
}

local function unit(p)
  for _, u in ipairs(UNITS) do
    if take(p, unpack(u, 2)) then return u[1] end
  end
end

-- span 读一段时间：十分钟、两个半小时、一小时三十分、半天、两个月。
local function span(p)
  local seconds, months, any, largest = 0, 0, false, 0
  while true do
    local i = p.i
    local n, half = nil, take(p, "半")
    if half then
      take(p, "个")
      n = 0.5
    else
      n = number(p)
      if not n then break end
      local measure = take(p, "个")
      if take(p, "半") then
        n = n + 0.5
      elseif measure then
        p.i = p.i - #"个" -- “个小时”是一个词
      end
    end
    if n == math.floor(n) and take(p, "个月") then
      months = months + n
    else
      local u = unit(p)
      if not u then
        p.i = i
        break
      end
      seconds, largest = seconds + n * u, math.max(largest, u)
      if not half and u >= 60 and take(p, "半") then
        seconds = seconds + u / 2
        take(p, "钟")
      end
    end
    any = true
  end
  if any then return seconds, months, largest end
end

local PERIODS = {
  "凌晨", "清晨", "清早", "大清早", "早上", "早晨", "上午", "中午", "正午", "下午", "午后", "傍晚", "晚上", "夜里", "夜晚", "半夜", "深夜", "午夜", "晚", "早",
}
local USUAL = { ["早上"] = 8, ["早晨"] = 8, ["早"] = 8, ["上午"] = 9, ["中午"] = 12, ["正午"] = 12, ["下午"] = 15, ["傍晚"] = 18, ["晚上"] = 20, ["晚"] = 20, ["午夜"] = 24 }
local NIGHT = { ["晚上"] = true, ["晚"] = true, ["夜里"] = true, ["夜晚"] = true, ["半夜"] = true, ["深夜"] = true, ["午夜"] = true }
local NOON = { ["下午"] = true, ["午后"] = true, ["傍晚"] = true }

-- meant 是一个时段里的钟点在一天里的第几小时：晚上8点是 20，晚上12点是 24，凌晨12点是 0。
local function meant(period, h)
  if NIGHT[period] then
    if h <= 5 or h == 12 then return h == 12 and 24 or h + 24 end
    return h < 12 and h + 12 or h
  end
  if NOON[period] then return h < 12 and h + 12 or h end
  if period == "中午" or period == "正午" then return h < 3 and h + 12 or h end
  if period == "凌晨" and h == 12 then return 0 end
  return h
end

-- clock 读钟点：早上八点、8点半、20:30、三点一刻。period 是前面已经读到的时段（“今晚”）。
local function clock(p, period)
  local i = p.i
  period = take(p, unpack(PERIODS)) or period
  local h, m = pattern(p, "(%d%d?):(%d%d)")
  local exact = false
  if h then
    exact = #h == 2 and h < "13" and h:sub(1, 1) == "0"
    h, m = h + 0, m + 0
    pattern(p, ":(%d%d)")
  else
    local before = p.i
    h, m = number(p), 0
    if h and not take(p, "点钟", "点整", "点", "时") then h = nil end
    if not h then p.i = before end
    if h then
      local j = p.i
      local n = number(p)
      if n and take(p, "刻") then
        m = n * 15
      elseif n and n < 60 and not take(p, "个") then
        m = n
        take(p, "分钟", "分")
      else
        p.i = j
        if take(p, "半") then m = 30 else take(p, "整", "钟") end
      end
    end
  end
  if not h then
    if not period or not USUAL[period] then
      p.i = i
      return nil
    end
    return { h = USUAL[period], m = 0, period = period }
  end
  if h > 24 or m > 59 or h ~= math.floor(h) then
    p.i = i
    return nil
  end
  if period then return { h = meant(period, h), m = m, period = period } end
  return { h = h, m = m, open = not exact and h >= 1 and h <= 12 } -- 上午下午都有可能
end

local DAYS = {
  { "大后天", 3 }, { "大前天", -3 }, { "前天", -2 }, { "昨天", -1 }, { "昨晚", -1, "晚上" }, { "今天", 0 }, { "今日", 0 }, { "今晚", 0, "晚上" },
  { "今夜", 0, "晚上" }, { "今早", 0, "早上" }, { "明天", 1 }, { "明日", 1 }, { "明早", 1, "早上" }, { "明晚", 1, "晚上" }, { "明儿", 1 }, { "后天", 2 },
}

-- day 读日子，给出 { ... }：days 是几天后；week 是星期几；或者 year month day。
local function day(p)
  local i = p.i
  for _, w in ipairs(DAYS) do
    if take(p, w[1]) then
      if w[3] then take(p, "上") end -- “今晚上”
      return { days = w[2], period = w[3] }
    end
  end
  local which = take(p, "下下个", "下下", "下个", "下", "这个", "这", "本", "上个", "上")
  if take(p, "周", "星期", "礼拜") then
    local c = pattern(p, "([1-7])")
    if not c then
      space(p)
      c = p.s:match("^[\194-\244][\128-\191]*", p.i)
      if c and WEEKDAY[c] then p.i = p.i + #c else c = nil end
    end
    if c then
      local weeks = { ["下下个"] = 2, ["下下"] = 2, ["下个"] = 1, ["下"] = 1, ["这个"] = 0, ["这"] = 0, ["本"] = 0, ["上个"] = -1, ["上"] = -1 }
      return { week = WEEKDAY[c], weeks = which and weeks[which] }
    end
  end
  if which and take(p, "月") then
    local n = number(p)
    if n and take(p, "号", "日") then
      return { months = ({ ["下下个"] = 2, ["下下"] = 2, ["下个"] = 1, ["下"] = 1, ["这个"] = 0, ["这"] = 0, ["本"] = 0 })[which], day = n }
    end
  end
  p.i = i
  local y, m, d = pattern(p, "(%d%d%d%d)[-/.](%d%d?)[-/.](%d%d?)")
  if y then return { year = y + 0, month = m + 0, day = d + 0 } end
  local year = ({ ["今年"] = 0, ["明年"] = 1, ["后年"] = 2 })[take(p, "今年", "明年", "后年")]
  if year then
    year = date_of().year + year
  else
    y = pattern(p, "(%d%d%d%d)年")
    year = y and y + 0
  end
  local j = p.i
  m = number(p)
  if m and take(p, "月") then
    d = number(p)
    if d then
      take(p, "号", "日")
      return { year = year, month = m, day = d }
    end
  end
  p.i = j
  m, d = pattern(p, "(%d%d?)[-/](%d%d?)")
  if m then return { year = year, month = m + 0, day = d + 0 } end
  d = number(p)
  if d and not year and take(p, "号", "日") then return { months = 0, day = d, open = true } end
  p.i = i
end

-- candidates 是一天里说的钟点可能的时刻，早的在前。
local function hours(c, later)
  if not c.open then return { c.h } end
  if c.h == 12 then return later and { 12 } or { 12, 24 } end
  if later then return { c.h <= 5 and c.h + 12 or c.h } end -- “明天三点”是下午
  return { c.h, c.h + 12 }
end

-- moment 算出时刻；都过去了就是 nil 和其中最晚的。
local function moment(d, c, now)
  local today = date_of(now)
  local function first(base, days, c2, later)
    local t
    for _, h in ipairs(hours(c2, later)) do
      t = at(base, h, c2.m, days)
      if t > now then return t end
    end
    return nil, t
  end
  if not d then
    for _, days in ipairs { -1, 0, 1 } do
      if days >= 0 or c.h >= 24 then
        local t = first(today, days, c, days > 0 and c.h > 5)
        if t then return t end
      end
    end
    return nil, now
  end
  if not c then
    if d.days == 0 then return nil, nil end    -- “今天”：几点？
    c = { h = M.hour, m = M.minute }
  end
  if d.days then return first(today, d.days, c, d.days > 0) end
  if d.week then
    local wday = (today.wday + 5) % 7 + 1      -- 星期一是 1
    local days = d.week - wday + 7 * (d.weeks or 0)
    if not d.weeks and days < 0 then days = days + 7 end
    local t, past = first(today, days, c, days > 0)
    if not t and not d.weeks then return first(today, days + 7, c, true) end
    return t, past
  end
  local year, month = d.year or today.year, d.month
  if d.months then
    month = today.month + d.months
    year, month = year + math.floor((month - 1) / 12), (month - 1) % 12 + 1
  end
  local t, past
  for _ = 1, 12 do
    if exists(year, month, d.day) then
      local same = year == today.year and month == today.month and d.day == today.day
      t, past = first({ year = year, month = month, day = d.day }, 0, c, not same)
    end
    if t or d.year or d.months and not d.open then break end
    if d.open then                             -- “24号”：这个月过了就是下个月
      month = month + 1
      if month > 12 then year, month = year + 1, 1 end
    else
      year = year + 1
    end
  end
  return t, past
end

-- weekdays 读“一三五”“一到五”“一、三”。
local function weekdays(p)
  local days, last, range = {}, nil, false
  while true do
    take(p, "周", "星期", "礼拜")
    space(p)
    local c = p.s:match("^[%z\1-\127\194-\244][\128-\191]*", p.i)
    local n = c and WEEKDAY[c]
    -- “每周一9点”的 9 是钟点；“每周1 3点”少有人写。
    if not n or p.s:match("^%d+[:点时]", p.i) or p.s:match("^[一二三四五六七八九十]+点", p.i) and last then break end
    p.i = p.i + #c
    if c == "末" then days[7] = true end
    if range and last then
      for d = last, n do days[d] = true end
    end
    days[n], last, range = true, n, false
    if take(p, "到", "至", "-", "~", "—") then
      range = true
    else
      take(p, "、", "，", ",", "和", "及")
    end
  end
  return last and days
end

local function every(p)
  local spec, period
  if take(p, "每天", "每日", "天天") then
    spec = { kind = "day" }
  elseif take(p, "每晚", "每天晚上") then
    spec, period = { kind = "day" }, "晚上"
  elseif take(p, "每早") then
    spec, period = { kind = "day" }, "早上"
  elseif take(p, "每个工作日", "每工作日", "工作日") then
    spec = { kind = "week", days = { true, true, true, true, true } }
  elseif take(p, "每周", "每星期", "每个星期", "每礼拜", "每个礼拜", "每个周", "每逢周") then
    local days = weekdays(p)
    if days then
      spec = { kind = "week", days = {} }
      for d = 1, 7 do spec.days[d] = days[d] or false end
    end
  elseif take(p, "每个月", "每月") then
    local d = number(p)
    if d and d >= 1 and d <= 31 and take(p, "号", "日") then spec = { kind = "month", day = d } end
  end
  if not spec then return nil end
  local c = clock(p, period) or { h = M.hour, m = M.minute }
  spec.h, spec.m = hours(c, true)[1], c.m
  return spec
end

-- next 是一个重复的提醒在一个时刻之后的下一次。
function M.next(spec, after)
  local d = date_of(after)
  for days = -1, 400 do
    local day = date_of(os.time { year = d.year, month = d.month, day = d.day + days, hour = 12 })
    if spec.kind == "day" or spec.kind == "week" and spec.days[(day.wday + 5) % 7 + 1] or spec.kind == "month" and day.day == spec.day then
      local t = at(day, spec.h, spec.m)
      if t > after then return t end
    end
  end
end

-- read 读 p 那里的时间，读完停在它后面。结果是 { at = 时刻, every = 重复 }，过去的是 { past = 时刻 }；
-- 没有时间是 nil。
function M.read(p, now)
  local i = p.i
  local spec = every(p)
  if spec then return { every = spec, at = M.next(spec, now) } end
  p.i = i
  local ahead = take(p, "再过", "过", "等")
  local seconds, months, largest = span(p)
  if seconds then
    local after = take(p, "之后", "以后", "过后", "后") or ahead
    if after or seconds > 0 and months == 0 and largest < DAY then
      if months > 100 or seconds > 100 * 366 * DAY then -- 日历没有那么长
        clock(p)
        return {}
      end
      local t = math.floor(now + seconds)
      if months > 0 then t = months_later(now, months) + seconds end
      if seconds + months == 0 then return nil end
      if months == 0 and seconds % DAY == 0 then -- “三天后下午三点”
        local c = clock(p)
        if c then t = at(date_of(now), hours(c, true)[1], c.m, seconds / DAY) end
      end
      return { at = t }
    end
  end
  p.i = i
  local d = day(p)
  if d then take(p, "的") end
  local c = clock(p, d and d.period)
  if not d and not c then return nil end
  local t, past = moment(d, c, now)
  if t then return { at = t } end
  if past then return { past = past } end
  p.i = i
end

return M
