# Loads DDLs with the original: the question is [KIND, SIDE, NAME, TEXT]; the answer is what was declared as Ruby inspects it, or the
# class and first line of the error. Texts are in base64.
require "mcollective"
include MCollective

Config.instance.set_config_defaults("/nonexistent/client.cfg")
Log.instance_eval { def log(*) = nil }

judge do |kind, side, name, text|
  Config.instance.instance_variable_set(:@mode, side.to_sym)
  text = text.unpack1("m0").force_encoding("UTF-8")
  answer =
    begin
      klass = DDL.const_get("#{kind.capitalize}DDL") rescue DDL::Base
      d = klass.new(name, kind, false)
      d.instance_eval(text, "#{name}.ddl", 1)
      [d.meta, d.entities, d.requirements, d.instance_variable_get(:@usage)].inspect
    rescue Exception => e
      "#{e.class}: #{e.message.lines.first.to_s.chomp}"
    end
  [answer].pack("m0")
end
