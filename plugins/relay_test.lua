describe("relay", function()
  before(function(t) t.config = { groups = { "甲群", "乙群", "丙群" } } end)

  it("carries what is said to the other groups, with the name", function(t)
    local a, ming = t.group("甲群", { "小明" })
    local b, c, d = t.group("乙群"), t.group("丙群"), t.group("丁群")
    ming:says("大家好")
    b:hears("【甲群】小明：大家好")
    c:hears("【甲群】小明：大家好")
    a:hears_nothing()
    d:hears_nothing()
  end)

  it("carries pictures as they are", function(t)
    local a, ming = t.group("甲群", { "小明" })
    local b = t.group("乙群")
    t.group("丙群")
    ming:sends("image")
    b:hears("【甲群】小明：\n[图片]")
    ming:sends("voice")
    b:hears_nothing()
    local kinds = {}
    for _, s in ipairs(t.sent) do kinds[#kinds + 1] = s.kind end
    assert(table.concat(kinds, " ") == "forward forward", table.concat(kinds, " "))
  end)

  it("does not carry what was carried", function(t)
    local a, other = t.group("甲群", { "别的机器人" })
    t.group("乙群")
    t.group("丙群")
    other:says("【乙群】小红：大家好")
    other:says("@机器人 【丙群】小红：大家好")
    assert(#t.sent == 0)
    other:says("【通知】明天放假")
    assert(#t.sent == 2)
  end)

  it("leaves commands and other groups alone", function(t)
    local a, ming = t.group("甲群", { "小明" })
    local d, hong = t.group("丁群", { "小红" })
    t.group("乙群")
    t.group("丙群")
    ming:says("/投票 吃什么 面 饭")
    hong:says("大家好")
    t.friend("小王"):says("大家好")
    assert(#t.sent == 0)
  end)

  it("goes one way if told so", function(t)
    t.config = { from = { "总群" }, to = { "一群", "二群" } }
    local all, ming = t.group("总群", { "小明" })
    local one, hong = t.group("一群", { "小红" })
    local two = t.group("二群")
    ming:says("通知")
    one:hears("【总群】小明：通知")
    two:hears("【总群】小明：通知")
    hong:says("收到")
    all:hears_nothing()
    two:hears_nothing()
  end)

  it("carries so many in a minute", function(t)
    t.config = { groups = { "甲群", "乙群" }, most = 3 }
    local a, ming = t.group("甲群", { "小明" })
    local b = t.group("乙群")
    for i = 1, 5 do ming:says("第 " .. i .. " 条") end
    b:hears("第 3 条")
    b:hears_nothing()
    t.clock:pass("1m")
    ming:says("第 6 条")
    b:hears("第 6 条")
    assert(t.log[1]:find("2 messages not relayed", 1, true), t.log[1])
  end)

  it("tells the owner once of a group that is not there", function(t)
    local a, ming = t.group("甲群", { "小明" })
    local b = t.group("乙群")
    ming:says("一")
    ming:says("二")
    b:hears("二")
    local notices = 0
    for _, s in ipairs(t.sent) do
      if s.kind == "notify" then
        notices = notices + 1
        assert(s.text:find("「丙群」失败：not found", 1, true), s.text)
      end
    end
    assert(notices == 1, notices)
  end)
end)
