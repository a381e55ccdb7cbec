describe("bridge", function()
  local url = "https://llm.example.com/ask"

  before(function(t)
    t.config = { url = url, groups = { "读书群" } }
    t.http:on("POST", url, { json = { answer = "面" } })
  end)

  local function body(t) -- 最后一个请求
    local asked = t.http:requests()
    return asked[#asked].body
  end

  it("asks a plain webhook", function(t)
    local ming = t.friend("小明")
    ming:says("问 今天吃什么")
    ming:hears("面")
    local asked = t.http:requests()
    assert(#asked == 1 and asked[1].method == "POST")
    for _, part in ipairs { '"user":"小明"', '"text":"今天吃什么"', '"chat":"小明"', '"history":[]' } do
      assert(body(t):find(part, 1, true), body(t))
    end
  end)

  it("asks an OpenAI-compatible service, with what was said before", function(t)
    t.config = {
      url = url, key = "secret", answer = "choices.0.message.content", system = "你很简短",
      body = '{"model": "m", "stream": false, "messages": "${messages}"}',
    }
    t.http:on("POST", url, { json = { choices = { { message = { role = "assistant", content = " 吃面\n" } } } } })
    local ming = t.friend("小明")
    ming:says('问 "${text}" 吃什么')
    ming:hears("吃面")
    t.reload()
    ming:says("问 还有呢")
    ming:hears("吃面")
    for _, part in ipairs {
      '"model":"m"', '"stream":false', '{"content":"你很简短","role":"system"}', '{"content":"${text} 吃什么","role":"user"}',
      '{"content":"吃面","role":"assistant"},{"content":"还有呢","role":"user"}]',
    } do
      assert(body(t):find(part, 1, true), body(t))
    end
    ming:says("忘掉对话")
    ming:hears("忘掉了")
    ming:says("问 还有呢")
    assert(not body(t):find("吃面", 1, true), body(t))
  end)

  it("takes a whole text as the answer", function(t)
    t.config = { url = url, answer = "" }
    t.http:on("POST", url, { body = "就吃面\n" })
    local ming = t.friend("小明")
    ming:says("问 吃什么")
    ming:hears("就吃面")
  end)

  it("remembers no more than it is told", function(t)
    t.config = { url = url, turns = 1 }
    local ming = t.friend("小明")
    for _, q in ipairs { "一", "二", "三" } do
      ming:says("问 " .. q)
      ming:hears("面")
    end
    assert(body(t):find('"二"', 1, true) and not body(t):find('"一"', 1, true), body(t))
    t.clock:pass("31m")
    ming:says("问 四")
    assert(body(t):find('"history":[]', 1, true), body(t))
  end)

  it("stays silent in groups that are not named, and where nobody calls it", function(t)
    local group, jia = t.group("家庭群", { "甲" })
    jia:says("/问 吃什么")
    jia:says("@机器人 问 吃什么")
    group:hears_nothing()
    local ours, yi = t.group("读书群", { "乙" })
    yi:says("问 吃什么")
    yi:says("@机器人 吃什么")
    ours:hears_nothing()
    local ming = t.friend("小明")
    ming:says("问题不大")
    ming:says("吃什么")
    ming:hears_nothing()
    assert(#t.http:requests() == 0)
    yi:says("/问 吃什么")
    ours:hears("@乙 面")
    yi:says("/问")
    ours:hears("用法：问 <问题>")
  end)

  it("can be called by a mention, or by everything in private", function(t)
    t.config = { url = url, groups = { "读书群" }, mention = true, private = "all", commands = {} }
    local group, jia = t.group("读书群", { "甲" })
    jia:says("@机器人 吃什么")
    group:hears("@甲 面")
    jia:says("吃什么")
    group:hears_nothing()
    local other, yi = t.group("家庭群", { "乙" })
    yi:says("@机器人 吃什么")
    other:hears_nothing()
    local ming = t.friend("小明")
    ming:says("吃什么")
    ming:hears("面")
  end)

  it("answers so many a day to each", function(t)
    t.config = { url = url, per_person = 2, per_day = 3 }
    local ming, hong = t.friend("小明"), t.friend("小红")
    for _ = 1, 2 do
      ming:says("问 吃什么")
      ming:hears("面")
    end
    ming:says("问 吃什么")
    ming:hears("明天再来")
    ming:says("问 吃什么")
    ming:hears_nothing()
    t.reload()
    hong:says("问 吃什么")
    hong:hears("面")
    hong:says("问 吃什么") -- 全部的次数用完了
    hong:hears("明天再来")
    assert(#t.http:requests() == 3)
    t.clock:pass("12h") -- 第二天
    ming:says("问 吃什么")
    ming:hears("面")
  end)

  it("never says what went wrong", function(t)
    local ming = t.friend("小明")
    for _, answer in ipairs {
      { status = 500, body = "secret trace" }, { body = "<html>" }, { json = { other = 1 } }, { json = { answer = "  " } }, { json = { answer = { 1 } } },
    } do
      t.http:on("POST", url, answer)
      ming:says("问 吃什么")
      ming:hears("现在答不上来，稍后再试。")
      ming:hears_nothing()
    end
    local notices = 0
    for _, s in ipairs(t.sent) do
      if s.kind == "notify" then
        notices = notices + 1
        assert(s.text:find("status 500", 1, true) and not s.text:find("secret", 1, true), s.text)
      end
    end
    assert(notices == 1, notices)
    t.config = { url = url, sorry = "" }
    t.reload()
    ming:says("问 吃什么")
    ming:hears_nothing()
  end)

  it("cuts long answers", function(t)
    t.config = { url = url, longest = 50 }
    t.http:on("POST", url, { json = { answer = ("长"):rep(100) } })
    local ming = t.friend("小明")
    ming:says("问 吃什么")
    ming:hears(("长"):rep(49) .. "…")
  end)
end)
