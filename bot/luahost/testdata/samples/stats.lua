bot.plugin {
  name = "stats", version = "1.0.0", api = 1,
  about  = "每晚十点公布今日发言榜",
  allow  = { send = "any" },
  config = { group = { type = "string", required = true } },
}

local kv = bot.kv

bot.observe("message", { group = bot.config.group }, function(msg)
  kv:set("name:" .. msg.sender.key, msg.sender.name, "1d")
  kv:incr("n:" .. msg.sender.key, 1, 0, "1d")
end)

bot.daily("22:00", function()
  local rows = {}
  for key, n in kv:each("n:") do
    rows[#rows + 1] = { name = kv:get("name:" .. key:sub(3)), n = n }
    kv:delete(key)
  end
  if #rows == 0 then return end
  table.sort(rows, function(a, b) return a.n > b.n end)

  local out = { "今日发言榜" }
  for i = 1, math.min(5, #rows) do
    out[#out + 1] = ("%d. %s（%d 条）"):format(i, rows[i].name, rows[i].n)
  end
  bot.send(bot.config.group, table.concat(out, "\n"))   -- asks for send = "any"
end)
