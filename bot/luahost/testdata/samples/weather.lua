bot.plugin {
  name = "weather", version = "1.0.0", api = 1,
  about  = "查天气。用法：天气 [城市]",
  config = {
    key  = { type = "string", required = true, secret = true },
    city = { type = "string", default = "北京" },
  },
  allow = { http = { "api.example.com" } },
}

local function report(city)
  local res, err = bot.http.get("https://api.example.com/now", {
    query = { key = bot.config.key, q = city }, timeout = 5,
  })
  if not res then return nil, err end
  local now, err = res:json()
  if not now then return nil, err end
  return ("%s：%s，%d℃"):format(now.city, now.text, now.temp)
end

bot.command("天气", { args = "[city]", cooldown = "10s" }, function(msg, args)
  local city = args.city
            or msg:ask("查哪个城市？", { timeout = "60s" })
            or bot.config.city
  local text, err = report(city)
  if not text then bot.log.warn("weather of %s: %s", city, err) end
  msg:reply(text or "没查到，稍后再试。")
end)

bot.export("report", function(msg, args)     -- rules.yaml: `call: weather.report`
  return report(args.city or msg.args or bot.config.city)
end)
