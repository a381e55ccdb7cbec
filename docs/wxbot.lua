---@meta
-- What plugins of wxbot may call, for editors with the Lua language server. Put its
-- path into the setting Lua.workspace.library. Nothing here runs.

---A number of seconds, or a text such as "10m", "1h30m", "2d".
---@alias duration number|string

---Conditions as in rules.yaml: contains, exact, regex, group, from, chat, time, days …
---@alias when table<string, any>

---A path below the plugin, a URL of a host that bot.http may speak to, or content.
---@alias source string|{name: string, bytes: string}

---@class outgoing
---@field text? string
---@field image? source
---@field file? source
---@field video? source
---@field sticker? string "md5:" and 32 hexadecimal digits
---@field card? string the remark or nickname of a friend or official account
---@field mention? string[] names to address
---@field revoke_after? duration up to 110s

---What bot.command takes beside conditions.
---@class command_options
---@field args? string such as "<must> [may] <n:int> <rest...>"; types int number date duration person group text
---@field help? string
---@field admin? boolean only for admins
---@field bare? boolean in groups without prefix and mention, too
---@field space? "auto"|"required"
---@field cooldown? duration chat by chat

---@class handle
local handle = {}
function handle:off() end

---@class timer
local timer = {}
function timer:cancel() end

---@class sent
---@field id string
local sent = {}
---Waits for the outcome.
---@return true? ok
---@return string? reason
function sent:wait() end
---@return true? ok
---@return string? reason
function sent:revoke() end
---@param after duration
function sent:revoke_after(after) end

---@class chat
---@field kind "private"|"group"|"official"|"special"|"self"
---@field name string
---@field key string the daemon's own, kept over logins
local chat = {}
---@param message string|outgoing
---@param opts? {mention: string[]}
---@return sent?
---@return string? err
function chat:send(message, opts) end
---Needs the grant history. The oldest first.
---@param opts? {n?: integer, since?: duration}
---@return {time: integer, out: boolean, kind: string, type?: string, text?: string, name?: string, key?: string}[]?
---@return string? err
function chat:history(opts) end
---@param prompt string
---@param opts? {timeout?: duration, match?: string, retry?: string, type?: string}
---@return string? text
---@return message|string answer or reason
function chat:ask(prompt, opts) end
---@param prompt string
---@param list string[]
---@param opts? {timeout?: duration}
---@return string? chosen
---@return string? reason
function chat:choose(prompt, list, opts) end
---@param prompt string
---@param opts? {timeout?: duration}
---@return boolean?
---@return string? reason
function chat:confirm(prompt, opts) end

---Waits for the picture, 1 MiB at most.
---@return string? bytes
---@return string? err
function chat:avatar() end
---Keeps the chat at the top of the list on the phone.
---@param on? boolean false: no longer
---@return true? ok
---@return string? reason
function chat:pin(on) end
---Takes the badge off the chat on the phone.
---@return true? ok
---@return string? reason
function chat:mark_read() end

---@class group: chat
---@field is_owner boolean the account owns it
---@field owner? contact the account itself, if it is; of others nothing is known
---@field count integer
local group = {}
---@param name? string
---@return contact[]
function group:members(name) end
---@param who contact|string
---@return true? ok
---@return string? reason
function group:invite(who) end

---Nobody answers in the group for a while, 7 days at most.
---@param t duration
---@return true? ok
---@return string? reason
function group:mute_bot(t) end

---Gives the group another name, of at most 32 bytes.
---@param name string
---@return true? ok
---@return string? reason
function group:rename(name) end

---@class contact
---@field name string
---@field nickname string
---@field remark string
---@field card string the name in the group, "" without one
---@field key string the daemon's own, kept over logins
---@field is_friend boolean
---@field is_admin boolean
---@field kind "private"|"official"|"special"
local contact = {}
---Waits for the picture, 1 MiB at most.
---@return string? bytes
---@return string? err
function contact:avatar() end
---@return chat
function contact:chat() end
---@param message string|outgoing
---@param opts? {mention: string[]}
---@return sent?
---@return string? err
function contact:send(message, opts) end
---@param text string
---@return true? ok
---@return string? reason
function contact:set_remark(text) end

---@alias event_name "message"|"friend_request"|"friend_added"|"member_joined"|"member_left"|"joined"|"removed"|"group_renamed"|"recalled"|"tickled"|"red_packet"|"transfer"|"login"|"logout"|"friend_lost"|"restricted"|"expired"|"load"|"unload"|"config"

---@class event
---@field id string
---@field kind string
---@field time integer
---@field chat chat
---@field group? group
---@field sender contact
---@field reason string
local event = {}
function event:stop() end

---Of member_joined, member_left, joined and removed.
---@class member_event: event
---@field people contact[]
---@field inviter? contact
---@field via? "invite"|"qrcode"

---@class recalled: event
---@field message? message nil if it is not remembered

---@class tickled: event
---@field me boolean the bot was

---@class group_renamed: event
---@field name string

---@class message: event
---@field type string
---@field text string without the bot's mention
---@field raw string
---@field folded string as conditions of plugins compare it: settings.match is for rules alone
---@field mentioned boolean
---@field mentions string[] the names that the text addresses
---@field matches? table what the regex of the handler's conditions caught, by number and name
---@field by_self boolean
---@field args? string
---@field quote? string
---@field url? string
---@field file? {name: string, size: integer}
local message = {}
---@param message string|outgoing
---@return sent?
---@return string? err
function message:reply(message) end
---@param text string
---@return sent?
---@return string? err
function message:mention(text) end
---@param src source
---@return sent?
---@return string? err
function message:reply_image(src) end
---@param src source
---@return sent?
---@return string? err
function message:reply_file(src) end
---@param src source
---@return sent?
---@return string? err
function message:reply_video(src) end
---@param md5 string
---@return sent?
---@return string? err
function message:reply_sticker(md5) end
---@param to contact|group|chat|string
---@param opts? {header: string}
---@return sent?
---@return string? err
function message:forward(to, opts) end
---Waits for the content, 1 MiB at most.
---@return string? bytes
---@return string? err
function message:download() end
---@param prompt string
---@param opts? {timeout?: duration, match?: string, retry?: string, type?: string}
---@return string? text
---@return message|string answer or reason
function message:ask(prompt, opts) end
---@param prompt string
---@param list string[]
---@param opts? {timeout?: duration}
---@return string? chosen
---@return string? reason
function message:choose(prompt, list, opts) end
---@param prompt string
---@param opts? {timeout?: duration}
---@return boolean?
---@return string? reason
function message:confirm(prompt, opts) end

---@class friend_request: event
---@field nickname string
---@field text string
---@field source string
---@field signature string
local friend_request = {}
---Waits for the outcome.
---@param remark? string
---@return contact?
---@return string? err
function friend_request:accept(remark) end

---@class bot
---@field config table<string, any> as declared in bot.plugin
---@field state table plain data, handed to the next version on reload
---@field self contact
bot = {}

---@class option
---@field type? "string"|"number"|"integer"|"bool"|"list"|"duration"|"enum"
---@field default? any
---@field required? boolean
---@field secret? boolean never logged or shown
---@field values? string[]
---@field min? number
---@field max? number
---@field about? string

---@param header {name: string, version: string, api: 1, about?: string, author?: string, license?: string, config?: table<string, option>, allow?: {http?: (string|{config: string})[], send?: "any", history?: boolean}}
function bot.plugin(header) end
---@param name event_name
---@param when when|fun(ev: any): boolean?
---@param fn? fun(ev: any): boolean?
---@return handle
function bot.on(name, when, fn) end
---@param name event_name
---@param when when|fun(ev: any)
---@param fn? fun(ev: any)
---@return handle
function bot.observe(name, when, fn) end
---@param when when|fun(msg: message): boolean?
---@param fn? fun(msg: message): boolean?
---@return handle
function bot.filter(when, fn) end
---@param when when|fun(msg: message): boolean?
---@param fn? fun(msg: message): boolean?
---@return handle
function bot.fallback(when, fn) end
---@param name string|string[]
---@param opts command_options|when|fun(msg: message, args: table)
---@param fn? fun(msg: message, args: table)
---@return handle
function bot.command(name, opts, fn) end
---@param name string
---@param fn fun(msg: message, args: table): string?, string?
function bot.export(name, fn) end
---@param t duration
---@param fn fun()
---@return timer
function bot.after(t, fn) end
---@param t duration at least 1s
---@param fn fun()
---@return timer
function bot.every(t, fn) end
---@param time string such as "08:30"
---@param opts {days: string|string[]}|fun()
---@param fn? fun()
---@return timer
function bot.daily(time, opts, fn) end
---@param spec string minute hour day month weekday
---@param fn fun()
---@return timer
function bot.cron(spec, fn) end
---@param t duration
function bot.sleep(t) end
---@param to contact|group|chat|string
---@param message string|outgoing
---@param opts? {mention: string[]}
---@return sent?
---@return string? err
function bot.send(to, message, opts) end
---@param format string
---@return true? ok
---@return string? err
function bot.admin(format, ...) end
---@param id string
---@return true? ok
---@return string? reason
function bot.revoke(id) end
---@param name string
---@return contact?
---@return string? err
function bot.contact(name) end
---The friends of whom the conditions on the sender hold; {chat = "official"} gives
---official accounts.
---@param when? when
---@return contact[]
function bot.contacts(when) end
---@param name string
---@return group?
---@return string? err
function bot.group(name) end
---@param glob? string
---@return group[]
function bot.groups(glob) end

---@class kv
bot.kv = {}
---@param key string
---@param default? any
---@return any
---@return string? err
function bot.kv:get(key, default) end
---@param key string
---@param value any plain data, 256 KB at most; nil deletes
---@param ttl? duration
---@return true? ok
---@return string? err "full", "rate" …
function bot.kv:set(key, value, ttl) end
---@param key string
---@param by? number 1
---@param init? number what by is added to where there is nothing; 0
---@param ttl? duration of a new entry
---@return number?
---@return string? err
function bot.kv:incr(key, by, init, ttl) end
---@param key string
---@return true? ok
---@return string? err
function bot.kv:delete(key) end
---@param prefix? string
---@return fun(): string?, any
function bot.kv:each(prefix) end
---@param prefix? string
---@return integer?
---@return string? err
function bot.kv:count(prefix) end

---@class answer
---@field status integer
---@field headers table<string, string> names in lower case
---@field body? string nil with save_to
local answer = {}
---@return any
---@return string? err
function answer:json() end

---@class upload
---@field file string a file of bot.file
---@field name? string as the other side sees it
---@field type? string application/octet-stream

---@class request
---@field query? table
---@field headers? table<string, string>
---@field json? any
---@field form? table
---@field body? string
---@field body_file? string a file of bot.file
---@field multipart? table<string, string|number|boolean|upload|(string|upload)[]> a form, with files of bot.file
---@field save_to? string a file of bot.file that gets the body, 50 MiB at most
---@field timeout? duration 10s, 60s at most
---@field max? integer bytes of the answer

bot.http = {}
---@param url string
---@param o? request
---@return answer?
---@return string? err
function bot.http.get(url, o) end
---@param url string
---@param o? request
---@return answer?
---@return string? err
function bot.http.post(url, o) end
---@param o request|{url: string, method?: string}
---@return answer?
---@return string? err
function bot.http.request(o) end

bot.json = { null = {} }
---@param v any
---@param opts? {pretty: boolean}
---@return string
function bot.json.encode(v, opts) end
---@param s string
---@return any
---@return string? err
function bot.json.decode(s) end

---Marks a table as an array, so that it is [] if it is empty. Decoded ones are.
---@param t table
---@return table t
function bot.json.array(t) end

bot.file = {}
---@param name string
---@return string?
---@return string? err
function bot.file.read(name) end
---@param name string
---@param text string
---@return true? ok
---@return string? err
function bot.file.write(name, text) end
---@param name string
---@return true? ok
---@return string? err
function bot.file.delete(name) end
---@return string[]?
---@return string? err
function bot.file.list() end

bot.text = {}
---@param s string
---@return string
function bot.text.fold(s) end
---@param s string
---@param words string|string[]
---@return boolean
function bot.text.contains(s, words) end
---@param template string
---@param vars table<string, any>
---@return string
function bot.text.expand(template, vars) end
---@param s string
---@return integer
function bot.text.len(s) end
---@param s string
---@param from integer
---@param to? integer
---@return string
function bot.text.sub(s, from, to) end
---@param s string
---@return string[]
function bot.text.chars(s) end
---@param s string
---@return string
function bot.text.trim(s) end
---@param s string
---@param sep? string
---@return string[]
function bot.text.split(s, sep) end
---@param s string
---@return string
function bot.text.upper(s) end
---@param s string
---@return string
function bot.text.lower(s) end
---@param s string
---@return integer
function bot.text.width(s) end

bot.re = {}
---@param s string
---@param re string
---@return table? captures by number and name; 0 is the whole
function bot.re.match(s, re) end
---@param s string
---@param re string
---@return integer? first
---@return integer? last
function bot.re.find(s, re) end
---@param s string
---@param re string
---@return fun(): table?
function bot.re.gmatch(s, re) end
---@param s string
---@param re string
---@param repl string|fun(captures: table): string?
---@return string
---@return integer
function bot.re.gsub(s, re, repl) end
---@param s string
---@return string
function bot.re.quote(s) end

bot.time = {}
---@return number seconds since 1970
function bot.time.now() end
---@param t? number
---@param format? string as of strftime
---@return string
function bot.time.format(t, format) end
---@param s string
---@param format? string
---@return integer?
---@return string? err
function bot.time.parse(s, format) end
---@param t? number
---@return {year: integer, month: integer, day: integer, hour: integer, min: integer, sec: integer, wday: integer, yday: integer, isdst: boolean}
function bot.time.date(t) end
---@param t? number
---@return integer weekday 0 is Sunday
function bot.time.weekday(t) end

bot.hash = {}
---@param s string
---@param raw? boolean
---@return string
function bot.hash.md5(s, raw) end
---@param s string
---@param raw? boolean
---@return string
function bot.hash.sha1(s, raw) end
---@param s string
---@param raw? boolean
---@return string
function bot.hash.sha256(s, raw) end
---@param name "md5"|"sha1"|"sha256"
---@param key string
---@param s string
---@param raw? boolean
---@return string
function bot.hash.hmac(name, key, s, raw) end

bot.base64 = {}
---@param s string
---@return string
function bot.base64.encode(s) end
---@param s string
---@return string?
---@return string? err
function bot.base64.decode(s) end

bot.hex = {}
---@param s string
---@return string
function bot.hex.encode(s) end
---@param s string
---@return string?
---@return string? err
function bot.hex.decode(s) end

bot.url = {}
---@param t table
---@return string
function bot.url.query(t) end
---@param url string
---@return {scheme?: string, host?: string, port?: string, path?: string, fragment?: string, query: table<string, string>}?
---@return string? err
function bot.url.parse(url) end
---@param s string
---@return string
function bot.url.escape(s) end
---@param s string
---@return string?
---@return string? err
function bot.url.unescape(s) end

---Whole numbers of 32 bits, results from 0 on.
bot.bit = {}
---@param ... integer
---@return integer
function bot.bit.band(...) end
---@param ... integer
---@return integer
function bot.bit.bor(...) end
---@param ... integer
---@return integer
function bot.bit.bxor(...) end
---@param a integer
---@return integer
function bot.bit.bnot(a) end
---@param a integer
---@param n integer
---@return integer
function bot.bit.lshift(a, n) end
---@param a integer
---@param n integer
---@return integer
function bot.bit.rshift(a, n) end

bot.random = {}
---@generic T
---@param list T[]
---@return T?
function bot.random.pick(list) end
---@param a integer
---@param b integer
---@return integer
function bot.random.int(a, b) end
---@param p number
---@return boolean
function bot.random.chance(p) end

bot.log = {}
---@param format string
function bot.log.debug(format, ...) end
---@param format string
function bot.log.info(format, ...) end
---@param format string
function bot.log.warn(format, ...) end
---@param format string
function bot.log.error(format, ...) end
