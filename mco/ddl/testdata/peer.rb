# Loads DDLs with the original: each line is "KIND SIDE NAME TEXT" with the text in hexadecimal; the answer is in hexadecimal what was
# declared as Ruby inspects it, or the class and first line of the error.
require "mcollective"
include MCollective

Config.instance.set_config_defaults("/nonexistent/client.cfg")
Log.instance_eval { def log(*) = nil }
$stdout.sync = true

$stdin.each_line do |line|
  kind, side, name, hex = line.split(" ")
  text = [hex.to_s].pack("H*").force_encoding("UTF-8")
  Config.instance.instance_variable_set(:@mode, side.to_sym)
  answer =
    begin
      klass = DDL.const_get("#{kind.capitalize}DDL") rescue DDL::Base
      d = klass.new(name, kind, false)
      d.instance_eval(text, "#{name}.ddl", 1)
      [d.meta, d.entities, d.requirements, d.instance_variable_get(:@usage)].inspect
    rescue Exception => e
      "#{e.class}: #{e.message.lines.first.to_s.chomp}"
    end
  puts answer.unpack1("H*")
end
