# Asks the original what it makes of filters: each question is a case, which comes back with the answer in it. The node is the argument of
# the script; logging is off, and the data plugin probe has the one output out.
require "mcollective"
include MCollective

class MCollective::Log
  class << self
    %w[debug info warn error].each { |level| define_method(level) { |*| } }
  end
end

node = JSON.parse(ARGV[0])

MCollective::Facts.define_singleton_method(:[]) { |name| node["facts"][name] }
classes = Tempfile.create("classes")
classes.write(node["classes"].map { |c| c + "\n" }.join)
classes.close
config = Struct.new(:identity, :classesfile, :color).new("web1.example.net", classes.path, false)
MCollective::Config.define_singleton_method(:instance) { config }

security = MCollective::Security::Base.allocate
stats = Object.new
def stats.passed; end
def stats.filtered; end
security.instance_variable_set(:@stats, stats)

match = lambda do |part|
  !!security.validate_filter?({"fact" => [], "cf_class" => [], "agent" => [], "identity" => [], "compound" => []}.merge(part))
end

judge do |c|
  begin
    case c["kind"]
    when "fact"
      c["match"] = match.call("fact" => [{:fact => c["fact"], :operator => c["operator"], :value => c["text"]}])
    when "class"
      c["match"] = match.call("cf_class" => [c["text"]])
    when "parse"
      c["result"] = Util.parse_fact_string(c["text"]).inspect
    when "call"
      left = eval(c["left"])
      Data.define_singleton_method(:probe) { |_| Struct.new(:out).new(left) }
      right = c["regexp"] ? Regexp.new(c["text"]) : c["text"]
      call = {"name" => "probe", "value" => "out", "operator" => c["operator"], "r_compare" => right, "params" => c["params"]}
      c["match"] = match.call("compound" => [[{"fstatement" => call}]])
    when "compound"
      stack = Matcher.create_compound_callstack(c["text"].dup)
      c["result"] = stack.inspect
      # A function would be called by its name.
      c["match"] = match.call("compound" => [stack]) if stack.none? { |part| part.key?("fstatement") }
    end
  rescue Exception => e
    c["error"], c["class"] = e.message, e.class.to_s
  end
  c
end
File.unlink(classes.path)
