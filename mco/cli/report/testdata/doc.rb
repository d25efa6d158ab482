# Prints the page of a plugin with the original: the question is [KIND, NAME, TEXT]; the answer is the page, or the first line of the
# error. Texts are in base64.
require "mcollective"
include MCollective

Config.instance.set_config_defaults("/etc/mcollective/client.cfg")
Config.instance.instance_variable_set(:@configfile, "/etc/mcollective/client.cfg")
Config.instance.instance_variable_set(:@mode, :client)
Log.instance_eval { def log(*) = nil }

judge do |kind, name, text|
  answer =
    begin
      klass = DDL.const_get("#{kind.capitalize}DDL") rescue DDL::Base
      d = klass.new(name, kind, false)
      d.instance_eval(text.unpack1("m0").force_encoding("UTF-8"), "#{name}.ddl", 1)
      d.help
    rescue Exception => e
      e.message.lines.first.to_s.chomp
    end
  [answer].pack("m0")
end
