describe("weather", function()
  local wttr = {
    current_condition = { { temp_C = "26", humidity = "60", lang_zh = { { value = "晴" } } } },
    weather = { { mintempC = "20", maxtempC = "29" } },
  }
  local guangzhou = "https://wttr.in/%E5%B9%BF%E5%B7%9E"

  it("asks wttr.in", function(t)
    t.http:on("GET", guangzhou, { json = wttr })
    local ming = t.friend("小明")
    ming:says("天气 广州")
    ming:hears("广州：晴，26℃，湿度 60%\n今天 20～29℃")
    assert(t.http:requests()[1].query == "format=j1&lang=zh", t.http:requests()[1].query)
  end)

  it("asks for the city once, and remembers it", function(t)
    t.http:on("GET", "https://wttr.in/*", { json = wttr })
    local ming = t.friend("小明")
    ming:says("天气")
    ming:hears("查哪个城市？")
    ming:says("广州")
    ming:hears("广州：晴")
    t.clock:pass("1d")
    t.reload()
    ming:says("天气")
    ming:hears("广州：晴")
  end)

  it("takes the usual city if nobody answers", function(t)
    t.http:on("GET", "https://wttr.in/*", { json = wttr })
    t.config = { city = "上海" }
    local ming = t.friend("小明")
    ming:says("天气")
    t.clock:pass("61s")
    ming:hears("上海：晴")
    t.config = { city = "上海", ask = false }
    t.reload()
    local hong = t.friend("小红")
    hong:says("天气")
    hong:hears("上海：晴")
  end)

  it("asks the service once in ten minutes", function(t)
    t.http:on("GET", "https://wttr.in/*", { json = wttr })
    local ming = t.friend("小明")
    for _ = 1, 3 do
      ming:says("天气 广州")
      ming:hears("晴")
      t.clock:pass("4s")
    end
    assert(#t.http:requests() == 1)
    t.clock:pass("10m")
    ming:says("天气 广州")
    ming:hears("晴")
    assert(#t.http:requests() == 2)
  end)

  it("asks QWeather with a key, for the number of the city first", function(t)
    t.config = {
      url = "https://x.qweatherapi.com/v7/weather/now?location=${id}", key = "secret", key_header = "X-QW-Api-Key",
      lookup_url = "https://x.qweatherapi.com/geo/v2/city/lookup?location=${city}",
      text = "${city}：${now.text}，${now.temp}℃，${now.windDir|无风}",
    }
    t.http:on("GET", "https://x.qweatherapi.com/geo/v2/city/lookup", { json = { code = "200", location = { { id = "101280101" } } } })
    t.http:on("GET", "https://x.qweatherapi.com/v7/weather/now?location=101280101", { json = { now = { text = "多云", temp = "24" } } })
    local ming = t.friend("小明")
    ming:says("天气广州")
    ming:hears("广州：多云，24℃，无风")
  end)

  it("says sorry, and never why", function(t)
    for name, answer in pairs {
      status = { status = 500, body = "oops" }, ["no json"] = { body = "<html>" }, ["missing part"] = { json = { current_condition = {} } },
    } do
      t.http:on("GET", "https://wttr.in/*", answer)
      local ming = t.friend("小明" .. name)
      ming:says("天气 广州")
      ming:hears("没查到，稍后再试。")
      ming:hears_nothing()
    end
    t.http:on("GET", "https://wttr.in/*", { json = wttr })
    local hong = t.friend("小红")
    hong:says("天气 " .. ("很"):rep(30))
    hong:hears("北京：晴")
  end)

  it("waits in a group until it is called", function(t)
    t.http:on("GET", guangzhou, { json = wttr })
    local group, jia = t.group("读书群", { "甲" })
    jia:says("天气 广州")
    jia:says("天气真好")
    group:hears_nothing()
    jia:says("/天气 广州")
    group:hears("广州：晴")
    t.clock:pass("3s")
    jia:says("@机器人 天气")
    group:hears("广州：晴")
  end)
end)
