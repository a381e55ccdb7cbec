# Makes wxbot@.service of wxbot.service: one account for each instance.
s|^# wxbot as a system service.*|# wxbot@NAME: one account of several. Made of wxbot.service by deploy/instance.sed.\n&|
s|wxbot, a WeChat chatbot$|wxbot for %i, a WeChat chatbot|
s|^ConfigurationDirectory=wxbot$|ConfigurationDirectory=wxbot/%i|
s|^StateDirectory=wxbot$|StateDirectory=wxbot-%i|
s|^RuntimeDirectory=wxbot$|RuntimeDirectory=wxbot-%i|
s|/var/lib/wxbot$|/var/lib/wxbot-%i|
s|/etc/wxbot/credentials|/etc/wxbot/%i/credentials|
