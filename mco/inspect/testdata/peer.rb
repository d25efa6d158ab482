# Answers each line, a value in hexadecimal Marshal, with Ruby's texts of it in hexadecimal: inspect, to_s, pretty_inspect, JSON and
# pretty JSON ("-" where Ruby raises).
require "pp"
require "json"
Encoding.default_external = "UTF-8"
$stdout.sync = true

def hex(s)
  h = s.b.unpack1("H*")
  h.empty? ? "." : h
end

$stdin.each_line do |line|
  v = Marshal.load([line.strip].pack("H*"))
  json = begin
    [hex(JSON.generate(v)), hex(JSON.pretty_generate(v))]
  rescue JSON::GeneratorError, EncodingError
    %w[- -]
  end
  puts [hex(v.inspect), hex(v.to_s), hex(PP.pp(v, "".dup, 79)), *json].join(" ")
end
