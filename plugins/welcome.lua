-- 入群欢迎：20 秒内进来的人合并成一条，并撤回上一条欢迎。
-- 默认不启用；要用，在 plugins.yaml 里写上群名并启用。
-- （rules.yaml 里也有一条简单的入群欢迎，两个用一个就够了。）

bot.plugin {
  name = "welcome", version = "1.3.0", api = 1,
  about  = "入群欢迎：20 秒内进来的人合并成一条，并撤回上一条欢迎",
  config = {
    groups = { type = "list", required = true, about = "哪些群，可以用 *" },
    text   = { type = "string", default = "欢迎 ${names}！群规见公告。", about = "说什么；${names} 是名单，${count} 是人数，${group} 是群名" },
    wait   = { type = "duration", default = "20s", about = "等多久，这期间进来的人合并成一条" },
    names  = { type = "integer", default = 5, min = 1, max = 20, about = "最多列几个名字，多的写成“等 N 人”" },
    revoke = { type = "bool", default = true, about = "发新的欢迎时，撤回两分钟内的上一条" },
  },
}

local newcomers = {}                       -- 群 -> 等着欢迎的名字

-- shown 是群里看得到的名字：备注是主人自己的，不说出去。
local function shown(person)
  if person.card ~= "" then return person.card end
  return person.nickname ~= "" and person.nickname or person.name
end

local function gather(list, people)
  for _, p in ipairs(people) do list[#list + 1] = shown(p) end
end

-- listed 给出名单，太长就写成“甲、乙 等 9 人”；还有要 @ 的人。
local function listed(list)
  local few = {}
  for i = 1, math.min(#list, bot.config.names) do few[i] = list[i] end
  local names = table.concat(few, "、")
  if #few < #list then names = ("%s 等 %d 人"):format(names, #list) end
  return names, few
end

bot.on("member_joined", { group = bot.config.groups }, function(ev)
  local list = newcomers[ev.group.key]
  if list then return gather(list, ev.people) end -- 已经有一条欢迎在路上
  list = {}
  gather(list, ev.people)
  newcomers[ev.group.key] = list

  bot.sleep(bot.config.wait)               -- 等的时候，别的消息照常处理

  newcomers[ev.group.key] = nil
  local names, few = listed(list)
  local text = bot.text.expand(bot.config.text, { names = names, count = #list, group = ev.group.name })
  local sent, err = ev.group:send(text, { mention = few })
  if not sent then return bot.log.warn("welcome in %s: %s", ev.group.key, err) end

  local last = bot.state[ev.group.key]
  if last and bot.config.revoke then
    bot.revoke(last)                       -- 超过两分钟就撤不回了，不要紧
  end
  bot.state[ev.group.key] = sent.id
end)
