-- 群与群之间转发：一个群里说的话，带着群名和名字，转到别的群；图片、文件等原样转。
-- 机器人自己发的不转，别的机器人转来的也不转，不会转来转去。
-- 默认不启用；要用，在 plugins.yaml 里写上群名，给 grant: {send: any}。
-- 转发算主动发送：rules.yaml 的 pace 里 unsolicited 和 unsolicited_per_day 决定多快、一天多少条。

bot.plugin {
  name = "relay", version = "1.0.0", api = 1,
  about  = "在几个群之间转发消息，带上群名和发言人",
  allow  = { send = "any" },
  config = {
    groups = { type = "list", default = {}, about = "互相转发的群，写全名" },
    from   = { type = "list", default = {}, about = "只转出的群（单向）" },
    to     = { type = "list", default = {}, about = "只转入的群（单向），收 from 里的群说的话" },
    header = { type = "string", default = "【${group}】${sender}：", about = "加在前面的话；要以【群名】开头，才认得出是转来的" },
    types  = { type = "list", default = { "text", "image", "video", "file", "link" }, about = "转哪些消息" },
    skip   = { type = "list", default = { "/", "#" }, about = "以这些开头的不转" },
    most   = { type = "integer", default = 10, min = 1, max = 30, about = "一分钟最多转几条，多的不转" },
  },
}

local config = bot.config

local function set(list)
  local out = {}
  for _, v in ipairs(list) do out[v] = true end
  return out
end

local mutual, from, types = set(config.groups), set(config.from), set(config.types)

-- targets 是一个群里的话要转到的群。
local function targets(name)
  local out, seen = {}, { [name] = true }
  local function add(list)
    for _, g in ipairs(list) do
      if not seen[g] then
        seen[g] = true
        out[#out + 1] = g
      end
    end
  end
  if mutual[name] then add(config.groups) end
  if from[name] then add(config.to) end
  return out
end

local sources, names = {}, {}
for _, list in ipairs { config.groups, config.from, config.to } do
  for _, g in ipairs(list) do names[g] = true end
end
for _, list in ipairs { config.groups, config.from } do
  for _, g in ipairs(list) do
    if #targets(g) > 8 then error("relay: 一个群最多转到 8 个群") end
    sources[#sources + 1] = g
  end
end

-- relayed 认出转来的话：这里转的，或者别的机器人照同样的写法转的。
local function relayed(text)
  local group = text:match("^%s*【(.-)】")
  return group ~= nil and names[group] == true
end

local began, count, left_out = 0, 0, 0

-- allowed 数一分钟里的条数。
local function allowed()
  local now = bot.time.now()
  if now - began >= 60 then
    if left_out > 0 then bot.log.warn("%d messages not relayed: more than %d within a minute", left_out, config.most) end
    began, count, left_out = now, 0, 0
  end
  if count >= config.most then
    left_out = left_out + 1
    return false
  end
  count = count + 1
  return true
end

local told = {}                             -- 说过的错误，同一个群只说一次

-- shown 是群里看得到的名字：备注是主人自己的，不说出去。
local function shown(person)
  if person.card ~= "" then return person.card end
  return person.nickname ~= "" and person.nickname or person.name
end

local function relay(msg)
  if not types[msg.type] or relayed(msg.raw or "") or relayed(msg.text) then return end
  for _, s in ipairs(config.skip) do
    if s ~= "" and msg.text:sub(1, #s) == s then return end
  end
  if not allowed() then return end
  local header = bot.text.expand(config.header, { group = msg.group.name, sender = shown(msg.sender) })
  for _, name in ipairs(targets(msg.group.name)) do
    local group, err = bot.group(name)
    local sent
    if group then
      if msg.type == "text" then
        sent, err = bot.send(group, header .. (msg.raw or msg.text))
      else
        sent, err = msg:forward(group, { header = header })
      end
    end
    if sent then
      told[name] = nil
    elseif not told[name] then
      told[name] = true
      bot.admin("转发到「%s」失败：%s", name, err)
    end
  end
end

if #sources > 0 then
  bot.observe("message", { group = sources }, relay)
end
