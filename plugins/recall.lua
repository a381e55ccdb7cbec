-- 撤回捕手：有人撤回消息，把内容告诉主人，或者转到指定的群。
-- 默认不启用；要用，在 plugins.yaml 里写上看哪些群。转图片、文件，或转到群里，要 grant: {send: any}；
-- 不给的话，只有文字，发到 rules.yaml 的 notify 那里。
-- 记多久由 rules.yaml 的 settings.recall 决定。（rules.yaml 里的「防撤回」请关掉，两个用一个就够了。）

bot.plugin {
  name = "recall", version = "1.0.0", api = 1,
  about  = "有人撤回消息时告诉主人，或转到指定的群",
  allow  = { send = "any" },
  config = {
    groups  = { type = "list", default = {}, about = "看哪些群，可以用 *" },
    private = { type = "bool", default = false, about = "也看私聊" },
    to      = { type = "string", default = "filehelper", about = "转给谁：filehelper（文件传输助手）、一个群或一个人" },
    skip    = { type = "list", default = {}, about = "这些人撤回的不管，写备注或昵称" },
    unknown = { type = "bool", default = false, about = "内容没有记住的撤回，也说一声" },
  },
}

local config = bot.config

local to_owner = config.to == "filehelper" or config.to == "文件传输助手"

-- named 是撤回的人：对主人说备注；备注是主人自己的，不说给别人。
local function named(person)
  if to_owner then return person.name end
  if person.card ~= "" then return person.card end
  return person.nickname ~= "" and person.nickname or person.name
end

local function header(ev)
  if ev.group then return ("%s 在「%s」撤回了："):format(named(ev.sender), ev.group.name) end
  return named(ev.sender) .. " 撤回了："
end

local function skipped(sender)
  if sender.key == bot.self.key then return true end
  for _, name in ipairs(config.skip) do
    if name == sender.name or name == sender.nickname or name == sender.remark then return true end
  end
  return false
end

-- standing 是只能说文字的时候，代表这条消息的话。
local function standing(message)
  local names = {
    image = "图片", voice = "语音", video = "视频", file = "文件", sticker = "表情", card = "名片",
    link = "链接", mini_program = "小程序", location = "位置",
  }
  if message.type == "text" then return message.text end
  return bot.text.trim(("[%s] %s"):format(names[message.type] or "消息", message.text))
end

local function caught(ev)
  if skipped(ev.sender) then return end
  local message, head = ev.message, header(ev)
  if not message then
    if config.unknown then bot.admin("%s（内容没有记住）", head) end
    return
  end
  -- 转回撤回它的那个群，会把人吓一跳，也没有必要。
  if ev.group and config.to == ev.group.name then return end
  local sent, err = message:forward(config.to, { header = head })
  if sent then return end
  bot.log.info("recalled message not forwarded to %s: %s", config.to, err)
  bot.admin("%s\n%s", head, standing(message))
end

if #config.groups > 0 then
  bot.on("recalled", { group = config.groups }, caught)
end
if config.private then
  bot.on("recalled", { chat = "private" }, caught)
end
