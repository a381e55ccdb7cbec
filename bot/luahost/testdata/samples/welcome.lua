bot.plugin {
  name = "welcome", version = "1.2.0", api = 1,
  about  = "入群欢迎：20 秒内进来的人合并成一条，并撤回上一条欢迎",
  config = { groups = { type = "list", required = true },
             text   = { type = "string", default = "欢迎 ${names}！群规见公告。" } },
}

local newcomers = {}                       -- group name -> list of names

bot.on("member_joined", { group = bot.config.groups }, function(ev)
  local list = newcomers[ev.group.name]
  if list then                             -- a welcome is already on its way
    for _, p in ipairs(ev.people) do list[#list + 1] = p.name end
    return
  end
  list = {}
  for _, p in ipairs(ev.people) do list[#list + 1] = p.name end
  newcomers[ev.group.name] = list

  bot.sleep("20s")                         -- other handlers run meanwhile

  newcomers[ev.group.name] = nil
  local names = table.concat(list, "、")
  local text  = bot.text.expand(bot.config.text, { names = names })
  local sent, err = ev.group:send(text, { mention = list })
  if not sent then return bot.log.warn("welcome in %s: %s", ev.group.name, err) end

  local last = bot.state[ev.group.name]
  if last then bot.revoke(last) end        -- nil, "too old" after two minutes
  bot.state[ev.group.name] = sent.id
end)
