-- 群投票。发起、看票、结束要 @ 机器人或写「/投票」；投票进行时，群里直接说「投 1」就行。
-- 没有投票的时候，谁说「投 1」机器人都不出声。
-- 到时间在群里公布结果，需要 plugins.yaml 里的 grant: {send: any}；不给也能投，发「看票」看结果。

bot.plugin {
  name = "vote", version = "1.1.0", api = 1,
  about = "群投票。发起：投票 题目 选项1 选项2…；参与：投 1；还有：看票、结束投票",
  config = {
    last    = { type = "duration", default = "24h", about = "多久截止" },
    options = { type = "integer", default = 10, min = 2, max = 20, about = "最多几个选项" },
    change  = { type = "bool", default = true, about = "投过的人可以改票" },
  },
  allow = { send = "any" },
}

local kv = bot.kv
local LOOK = 600                            -- 秒：最多隔这么久看一次有没有到时间
local KEEP = 7 * 24 * 3600                  -- 秒：截止后还能看票的时间
local AGAIN, GIVE_UP = 60, 3600             -- 秒：结果没发出去，隔多久再试，试到什么时候

local function key_of(msg) return "vote:" .. msg.chat.key end

local function counts(v)
  local n, voters = {}, 0
  for i = 1, #v.options do n[i] = 0 end
  for _, choice in pairs(v.votes) do
    n[choice] = n[choice] + 1
    voters = voters + 1
  end
  return n, voters
end

local function tally(v)
  local n = counts(v)
  local lines = { "🗳 " .. v.title }
  for i, option in ipairs(v.options) do
    lines[#lines + 1] = ("%d. %s　%d 票"):format(i, option, n[i])
  end
  return table.concat(lines, "\n")
end

local function result(v)
  local n, voters = counts(v)
  if voters == 0 then return "投票结束，没有人投票：" .. v.title end
  local most, first = math.max(unpack(n)), {}
  for i, option in ipairs(v.options) do
    if n[i] == most then first[#first + 1] = option end
  end
  return ("投票结束，%d 人参加\n%s\n%s：%s"):format(voters, tally(v), #first > 1 and "并列" or "结果", table.concat(first, "、"))
end

-- close 让投票不再收票；结果还能看几天。posted 是结果已经在群里说过了，或者不用再说。
local function close(key, v, posted)
  v.over, v.posted = true, posted
  kv:set(key, v, KEEP)
end

local function group_by_key(key)
  for _, g in ipairs(bot.groups()) do
    if g.key == key then return g end
  end
end

local alarm, arm

-- tick 公布到时间的投票，一次最多几个：一次调用能发的消息有限。
local function tick()
  local now, due = bot.time.now(), {}
  for key, v in kv:each("vote:") do
    if not v.posted and v.ends <= now and #due < 5 then due[#due + 1] = { key = key, vote = v } end
  end
  local wait
  for _, d in ipairs(due) do
    local group = group_by_key(d.key:sub(#"vote:" + 1))
    local sent, err = nil, "not found"      -- 刚启动时，群还没有认全
    close(d.key, d.vote, group ~= nil)      -- 先记下再发：一起落盘，不会公布两次
    if group then sent, err = bot.send(group, result(d.vote)) end
    local done = sent ~= nil or err:find("grant", 1, true) ~= nil or now - d.vote.ends > GIVE_UP
    if not sent then close(d.key, d.vote, done) end
    if not sent then bot.log.info("result not posted: %s", err) end
    if not done then wait = AGAIN end
  end
  arm(wait)
end

-- arm 等到最近的一个截止时间，至少等 wait 秒。
function arm(wait)
  if alarm then alarm:cancel() end
  alarm = nil
  local ends
  for _, v in kv:each("vote:") do
    if not v.posted and (not ends or v.ends < ends) then ends = v.ends end
  end
  if ends then alarm = bot.after(math.min(math.max(ends - bot.time.now(), wait or 1), LOOK), tick) end
end

bot.on("load", function() arm() end)

-- running 给出群里进行中的投票。
local function running(msg)
  local key = key_of(msg)
  local v = kv:get(key)
  if v and not v.over and v.ends <= bot.time.now() then close(key, v, false) end
  return v
end

bot.command("投票", { args = "<题目> <选项...>", chat = "group", space = "required", help = "例如：投票 中午吃什么 面 饭 都行" }, function(msg, args)
  local options, seen = args["选项"], {}
  local old = running(msg)
  if old and not old.over then
    return msg:reply(tally(old) .. "\n还没结束。要先结束它，请发起人发「结束投票」")
  end
  if #options < 2 then return msg:reply("至少要两个选项") end
  if #options > bot.config.options then return msg:reply(("最多 %d 个选项"):format(bot.config.options)) end
  if bot.text.len(args["题目"]) > 60 then return msg:reply("题目太长了，最多 60 个字") end
  for _, option in ipairs(options) do
    if bot.text.len(option) > 30 then return msg:reply("选项太长了，最多 30 个字") end
    local folded = bot.text.fold(option)
    if seen[folded] then return msg:reply("有重复的选项：" .. option) end
    seen[folded] = true
  end
  local v = { title = args["题目"], options = options, votes = {}, by = msg.sender.key, ends = bot.time.now() + bot.config.last }
  local ok, err = kv:set(key_of(msg), v, bot.config.last + KEEP)
  if not ok then return bot.log.warn("vote not kept: %s", err) end
  msg:reply(("%s\n发「投 序号」参与，%s 截止"):format(tally(v), bot.time.format(v.ends, "%m-%d %H:%M")))
  arm()
end)

bot.command("投", { args = "<序号:int>", chat = "group", bare = true }, function(msg, args)
  local v, n = running(msg), args["序号"]
  if not v or v.over then return end        -- 没有投票，不出声
  if not v.options[n] then return msg:reply(("没有这个选项，请投 1 到 %d"):format(#v.options)) end
  local before = v.votes[msg.sender.key]
  if before and before ~= n and not bot.config.change then return msg:mention("投过了，不能改票") end
  v.votes[msg.sender.key] = n
  local ok, err = kv:set(key_of(msg), v, v.ends - bot.time.now() + KEEP)
  if not ok then return bot.log.warn("vote not kept: %s", err) end
  msg:reply(tally(v))
end)

bot.command("看票", { chat = "group", bare = true }, function(msg)
  local v = running(msg)
  if v then msg:reply(v.over and result(v) or tally(v)) end
end)

bot.command("结束投票", { chat = "group", bare = true }, function(msg)
  local v = running(msg)
  if not v or v.over then return end
  if v.by ~= msg.sender.key and not msg.sender.is_admin then
    return msg:reply("只有发起人和管理员能结束投票")
  end
  close(key_of(msg), v, true)
  msg:reply(result(v))
  arm()
end)
