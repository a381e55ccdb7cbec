-- 掷骰子。私聊里发「骰子」或「骰子 20」；群里要 @ 机器人，或写「/骰子」。
-- 改完保存就会生效；写错了，旧的继续工作，错在哪一行会写在日志里。

bot.plugin {
  name = "dice", version = "1.0.0", api = 1,
  about  = "掷骰子。用法：骰子 [面数]",
  config = { sides = { type = "integer", default = 6, min = 2, max = 1000, about = "骰子有几面" } },
}

bot.command({ "骰子", "掷骰子" }, { args = "[sides:int]", help = "面数从 2 到 1000" }, function(msg, args)
  local sides = args.sides or bot.config.sides
  if sides < 2 or sides > 1000 then
    return msg:reply("面数要在 2 到 1000 之间")
  end
  msg:mention(("掷出了 %d 点（%d 面）"):format(bot.random.int(1, sides), sides))
end)
