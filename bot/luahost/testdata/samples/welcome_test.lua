it("welcomes", function(t)
  t.config = { groups = { "读书群" } }
  local group = t.group("读书群")
  group:joins("甲")
  t.clock:pass("20s")
  group:hears("欢迎 甲！")
end)
