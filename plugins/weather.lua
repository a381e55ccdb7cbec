-- 查天气。服务由 plugins.yaml 的 url 决定，回答由 text 决定：
-- text 里的 ${a.b.0.c} 是服务返回的 JSON 里的一格，数组从 0 数起，${a.b|没有} 是没有这一格时写什么。
-- 默认的 wttr.in 不用密钥；和风天气要密钥，还要先查城市的编号（lookup_url），见 docs/shipped-plugins.zh-CN.md。

bot.plugin {
  name = "weather", version = "1.1.0", api = 1,
  about  = "查天气。用法：天气 [城市]",
  config = {
    url         = { type = "string", default = "https://wttr.in/${city}?format=j1&lang=zh", about = "天气服务的地址，可以用 ${city} ${key} ${id}" },
    key         = { type = "string", default = "", secret = true, about = "密钥，例如 ${env:WEATHER_KEY}" },
    key_header  = { type = "string", default = "", about = "密钥放在哪个请求头里，例如 X-QW-Api-Key" },
    lookup_url  = { type = "string", default = "", about = "先查城市编号的地址；写空就不查" },
    lookup_path = { type = "string", default = "location.0.id", about = "编号在 JSON 的哪一格，就是 ${id}" },
    text        = {
      type = "string", about = "回答；${city} 是问的城市，其余是 JSON 里的格子",
      default = "${city}：${current_condition.0.lang_zh.0.value}，${current_condition.0.temp_C}℃，湿度 ${current_condition.0.humidity}%"
        .. "\n今天 ${weather.0.mintempC}～${weather.0.maxtempC}℃",
    },
    city        = { type = "string", default = "北京", about = "没说城市时查哪里" },
    ask         = { type = "bool", default = true, about = "没说城市又没有问过的人，先反问" },
    sorry       = { type = "string", default = "没查到，稍后再试。", about = "查不到时的回答" },
    cache       = { type = "duration", default = "10m", about = "同一个城市多久之内不再去查" },
  },
  allow = { http = { { config = "url" }, { config = "lookup_url" } } },
}

local kv, config = bot.kv, bot.config

-- pick 取 JSON 里的一格。
local function pick(value, path)
  for part in path:gmatch("[^.]+") do
    if type(value) ~= "table" then return nil end
    local i = tonumber(part)
    value = value[i and i + 1 or part]
  end
  if type(value) == "string" or type(value) == "number" then return value end
end

-- filled 填好回答；少了一格又没有写替代的，就是没查到。
local function filled(answer, city)
  local missing
  local text = bot.re.gsub(config.text, [[\$\{([^}|]*)(\|([^}]*))?\}]], function(m)
    if m[1] == "city" then return city end
    local v = pick(answer, m[1])
    if v ~= nil then return tostring(v) end
    if m[2] == "" or m[2] == nil then missing = m[1] end
    return m[3] or ""
  end)
  if missing then return nil, "no " .. missing .. " in the answer" end
  return text
end

local function ask(url, vars)
  local headers = config.key_header ~= "" and { [config.key_header] = config.key } or nil
  local res, err = bot.http.get(bot.text.expand(url, vars), { timeout = 8, headers = headers })
  if not res then return nil, err end
  if res.status ~= 200 then return nil, "status " .. res.status end
  return res:json()
end

local function report(city)
  local cached = kv:get("text:" .. city)
  if cached then return cached end
  local vars = { city = bot.url.escape(city), key = bot.url.escape(config.key) }
  if config.lookup_url ~= "" then
    local found, err = ask(config.lookup_url, vars)
    if not found then return nil, err end
    vars.id = pick(found, config.lookup_path)
    if not vars.id then return nil, "no " .. config.lookup_path .. " in the answer" end
  end
  local answer, err = ask(config.url, vars)
  if not answer then return nil, err end
  local text
  text, err = filled(answer, city)
  if text and config.cache > 0 then kv:set("text:" .. city, text, config.cache) end
  return text, err
end

-- named 是一个可以去查的城市名。
local function named(text)
  local city = bot.text.trim((text:gsub("%c", " ")))
  if city ~= "" and bot.text.len(city) <= 20 then return city end
end

bot.command("天气", { args = "[城市]", cooldown = "3s" }, function(msg, args)
  local usual = "city:" .. msg.sender.key
  local said = args["城市"]
  local city = said or kv:get(usual)
  if not city and config.ask then
    said = msg:ask("查哪个城市？", { timeout = "60s" })
    city = said
  end
  city = named(city or config.city) or config.city
  local text, err = report(city)
  if not text then
    bot.log.warn("weather of %s: %s", city, err)
    return msg:reply(config.sorry)
  end
  if said then kv:set(usual, city, "90d") end -- 下次不用再说
  msg:reply(text)
end)

bot.export("report", function(msg, args)     -- rules.yaml：call: weather.report
  return report(named(args.city or msg.args or config.city) or config.city)
end)
