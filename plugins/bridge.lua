-- 把选中的消息交给一个 HTTP 服务（比如大模型），把它的回答发回来。
-- 默认不启用。要用，在 plugins.yaml 里写上 url；群要一个一个写进 groups 才会回答。
-- 每人每天、全部每天各有次数上限；出错时最多说一句 sorry，原因只写进日志、告诉管理员。

bot.plugin {
  name = "bridge", version = "1.0.0", api = 1,
  about  = "把消息交给 HTTP 服务（例如大模型），发回它的回答。用法：问 今天吃什么",
  allow  = { http = { { config = "url" } } },
  config = {
    url        = { type = "string", required = true, about = "服务的地址，POST JSON" },
    key        = { type = "string", default = "", secret = true, about = "密钥，例如 ${env:LLM_KEY}" },
    key_header = { type = "string", default = "Authorization", about = "密钥放在哪个请求头里" },
    key_format = { type = "string", default = "Bearer ${key}", about = "请求头怎么写" },
    body       = {
      type = "string", default = '{"user": "${user}", "text": "${text}", "chat": "${chat}", "history": "${history}"}',
      about = "请求的 JSON；可以用 ${user} ${user_key} ${text} ${chat} ${chat_key}，整个值是 ${history} 或 ${messages} 时换成数组",
    },
    system     = { type = "string", default = "", about = "放在 ${messages} 最前面的 system 消息" },
    answer     = { type = "string", default = "answer", about = "回答在 JSON 的哪一格，例如 choices.0.message.content；写空是整个返回就是回答" },
    commands   = { type = "list", default = { "问" }, about = "用这些指令问" },
    mention    = { type = "bool", default = false, about = "群里 @ 机器人也算问" },
    private    = { type = "enum", default = "command", values = { "off", "command", "all" }, about = "私聊：不答、用指令问、每句都算问" },
    groups     = { type = "list", default = {}, about = "在哪些群里回答；没写的群一概不答" },
    per_person = { type = "integer", default = 20, min = 1, max = 10000, about = "每人每天几次" },
    per_day    = { type = "integer", default = 200, min = 1, max = 100000, about = "全部每天几次" },
    over       = { type = "string", default = "今天问得够多了，明天再来。", about = "次数用完时说一次；写空就不说" },
    timeout    = { type = "duration", default = "30s", min = 1, max = 60, about = "等多久，最多 60s" },
    sorry      = { type = "string", default = "现在答不上来，稍后再试。", about = "出错或超时时说的话；写空就不说" },
    turns      = { type = "integer", default = 6, min = 0, max = 30, about = "记住几轮对话，0 是不记" },
    remember   = { type = "duration", default = "30m", about = "隔多久没说话就忘掉" },
    longest    = { type = "integer", default = 2000, min = 50, max = 8000, about = "回答最多几个字，多的截掉" },
  },
}

local kv, config = bot.kv, bot.config
local QUESTION, KEPT = 2000, 6000           -- 问题和记住的对话最多几个字
local asking = {}                           -- 正在等回答的人

local template, template_err = bot.json.decode(config.body)
assert(type(template) == "table", "config.body 不是 JSON 对象：" .. tostring(template_err))

-- pick 取 JSON 里的一格，数组从 0 数起。
local function pick(value, path)
  for part in path:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    local i = tonumber(part)
    value = value[i and i + 1 or part]
  end
  return value
end

-- fill 填请求的模板。填进去的是值，不会被当成 JSON 或模板再读一遍。
local function fill(node, vars)
  if type(node) == "string" then
    local list = vars.lists[node]
    if list then return list end
    return bot.text.expand(node, vars.texts)
  end
  if type(node) ~= "table" or next(node) == nil then return node end
  local out = {}
  for k, v in pairs(node) do out[k] = fill(v, vars) end
  return out
end

-- shown 是对方自己的名字：备注是主人的，不交给服务。
local function shown(person)
  return person.nickname ~= "" and person.nickname or person.name
end

local function memory_key(msg) return ("talk:%s:%s"):format(msg.chat.key, msg.sender.key) end

local function remembered(msg)
  if config.turns == 0 then return {} end
  return kv:get(memory_key(msg), {})
end

local function remember(msg, history, question, answer)
  if config.turns == 0 then return end
  local talk, size = {}, 0
  for _, m in ipairs(history) do talk[#talk + 1] = m end
  talk[#talk + 1] = { role = "user", content = question }
  talk[#talk + 1] = { role = "assistant", content = answer }
  for _, m in ipairs(talk) do size = size + bot.text.len(m.content) end
  while #talk > 0 and (#talk > 2 * config.turns or size > KEPT) do -- 一问一答一起忘
    for _ = 1, 2 do size = size - bot.text.len(table.remove(talk, 1).content) end
  end
  kv:set(memory_key(msg), talk, config.remember)
end

local function today() return bot.time.format(nil, "%Y-%m-%d") end

-- spend 记一次用量；用完了是 false。
local function spend(msg)
  local day = today()
  local own, all = ("own:%s:%s"):format(day, msg.sender.key), "all:" .. day
  if kv:get(own, 0) >= config.per_person or kv:get(all, 0) >= config.per_day then return false end
  kv:incr(own, 1, 0, "2d")
  kv:incr(all, 1, 0, "2d")
  return true
end

local function refuse(msg)
  local told = ("over:%s:%s"):format(today(), msg.sender.key)
  if config.over == "" or kv:get(told) then return end
  kv:set(told, true, "2d")
  msg:mention(config.over)
end

-- report 告诉管理员出了什么错，一小时一次。
local function report(err)
  bot.log.warn("no answer: %s", err)
  if kv:get("reported") then return end
  kv:set("reported", true, "1h")
  bot.admin("bridge 没有得到回答：%s（一小时内不再提醒）", err)
end

local function request(msg, question, history)
  local messages = {}
  if config.system ~= "" then messages[1] = { role = "system", content = config.system } end
  for _, m in ipairs(history) do messages[#messages + 1] = m end
  messages[#messages + 1] = { role = "user", content = question }
  local chat = msg.group and msg.group.name or shown(msg.sender)
  local body = fill(template, {
    lists = { ["${history}"] = bot.json.array(history), ["${messages}"] = messages },
    texts = {
      text = question, user = shown(msg.sender), user_key = msg.sender.key, chat = chat, chat_key = msg.chat.key,
    },
  })
  local headers = {}
  if config.key ~= "" then headers[config.key_header] = bot.text.expand(config.key_format, { key = config.key }) end
  local res, err = bot.http.post(config.url, { json = body, headers = headers, timeout = config.timeout })
  if not res then return nil, err end
  if res.status < 200 or res.status > 299 then return nil, "status " .. res.status end
  local answer = res.body
  if config.answer ~= "" then
    local decoded
    decoded, err = res:json()
    if decoded == nil then return nil, "the answer is no JSON: " .. err end
    answer = pick(decoded, config.answer)
  end
  if type(answer) == "number" then answer = tostring(answer) end
  answer = type(answer) == "string" and bot.text.trim(answer) or ""
  if answer == "" then return nil, ("no text at %q of the answer"):format(config.answer) end
  return answer
end

local function cut(s, most)
  if bot.text.len(s) <= most then return s end
  return bot.text.sub(s, 1, most - 1) .. "…"
end

local function ask(msg, question)
  question = cut(bot.text.trim(question), QUESTION)
  local key = memory_key(msg)
  if question == "" or asking[key] then return end -- 上一个问题还没有回答
  if not spend(msg) then return refuse(msg) end
  asking[key] = true
  local history = remembered(msg)
  local ok, answer, err = pcall(request, msg, question, history)
  local forgotten = asking[key] == "forgotten"
  asking[key] = nil
  if not ok then answer, err = nil, answer end
  if not answer then
    report(err)
    if config.sorry ~= "" then msg:mention(config.sorry) end
    return
  end
  answer = cut(answer, config.longest)
  remember(msg, forgotten and {} or history, question, answer)
  msg:mention(answer)
end

local function asked(msg, args) ask(msg, args["问题"] or "") end

local function forget(msg)
  local key = memory_key(msg)
  if asking[key] then asking[key] = "forgotten" end -- 正在等的回答，不再带着前面的话
  kv:delete(key)
  msg:mention("前面的话忘掉了")
end

local spec = { args = "<问题>", help = "例如：问 今天吃什么" }
if #config.groups > 0 then
  if #config.commands > 0 then
    bot.command(config.commands, { args = spec.args, help = spec.help, group = config.groups }, asked)
  end
  bot.command("忘掉对话", { group = config.groups }, forget)
  if config.mention then
    bot.on("message", { group = config.groups, mentioned = true, type = "text" }, function(msg)
      ask(msg, msg.text)
      return true
    end)
  end
end
if config.private ~= "off" then
  if #config.commands > 0 then
    bot.command(config.commands, { args = spec.args, help = spec.help, chat = "private", space = "required" }, asked)
  end
  bot.command("忘掉对话", { chat = "private" }, forget)
end
if config.private == "all" then
  bot.fallback({ chat = "private", type = "text" }, function(msg) ask(msg, msg.text) end)
end
