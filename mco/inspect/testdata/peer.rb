# The judge of the texts: the question is a value in Marshal, the answer is Ruby's texts of it: inspect, to_s, pretty_inspect, JSON and
# pretty JSON (nil where Ruby raises).
require "pp"

judge do |question|
  v = Marshal.load(question.unpack1("m0"))
  json = begin
    [JSON.generate(v), JSON.pretty_generate(v)]
  rescue JSON::GeneratorError, EncodingError
    [nil, nil]
  end
  [v.inspect, v.to_s, PP.pp(v, "".dup, 79), *json].map { |s| s && [s].pack("m0") }
end
