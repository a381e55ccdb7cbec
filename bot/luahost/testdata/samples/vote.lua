bot.plugin {
  name = "vote", version = "1.0.0", api = 1,
  about = "群投票。发起：投票 题目 选项1 选项2…；参与：投 1",
}

local kv = bot.kv

local function tally(v)
  local lines = { "🗳 " .. v.title }
  for i, opt in ipairs(v.options) do
    local n = 0
    for _, choice in pairs(v.votes) do if choice == i then n = n + 1 end end
    lines[#lines + 1] = ("%d. %s　%d 票"):format(i, opt, n)
  end
  return table.concat(lines, "\n")
end

bot.command("投票", { args = "<title> <options...>", chat = "group", space = "required" }, function(msg, args)
  if #args.options < 2 then return msg:reply("至少要两个选项") end
  local v = { title = args.title, options = args.options, votes = {} }
  kv:set("vote:" .. msg.chat.key, v, "1d")
  msg:reply(tally(v) .. "\n发「投 序号」参与，24 小时后截止")
end)

bot.command("投", { args = "<n:int>", chat = "group", bare = true }, function(msg, args)
  local key = "vote:" .. msg.chat.key
  local v = kv:get(key)
  if not v then return msg:reply("现在没有投票") end
  if not v.options[args.n] then return msg:reply("没有这个选项") end
  v.votes[msg.sender.key] = args.n
  kv:set(key, v, "1d")
  msg:reply(tally(v))
end)
