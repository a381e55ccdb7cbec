-- 入群欢迎：20 秒内进来的人合并成一条，并撤回上一条欢迎。
-- 默认不启用；要用，在 plugins.yaml 里写上群名并启用。
-- （rules.yaml 里也有一条简单的入群欢迎，两个用一个就够了。）

bot.plugin {
  name = "welcome", version = "1.2.0", api = 1,
  about  = "入群欢迎：20 秒内进来的人合并成一条，并撤回上一条欢迎",
  config = {
    groups = { type = "list", required = true, about = "哪些群" },
    text   = { type = "string", default = "欢迎 ${names}！群规见公告。" },
  },
}

local newcomers = {}                       -- 群 -> 等着欢迎的名字

bot.on("member_joined", { group = bot.config.groups }, function(ev)
  local list = newcomers[ev.group.key]
  if list then                             -- 已经有一条欢迎在路上
    for _, p in ipairs(ev.people) do list[#list + 1] = p.name end
    return
  end
  list = {}
  for _, p in ipairs(ev.people) do list[#list + 1] = p.name end
  newcomers[ev.group.key] = list

  bot.sleep("20s")                         -- 等的时候，别的消息照常处理

  newcomers[ev.group.key] = nil
  local names = table.concat(list, "、")
  local text  = bot.text.expand(bot.config.text, { names = names })
  local sent, err = ev.group:send(text, { mention = list })
  if not sent then return bot.log.warn("welcome in %s: %s", ev.group.key, err) end

  local last = bot.state[ev.group.key]
  if last then bot.revoke(last) end        -- 超过两分钟就撤不回了，不要紧
  bot.state[ev.group.key] = sent.id
end)
