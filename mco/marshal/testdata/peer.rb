# The judge of the codec:
#   ["canon", MARSHAL]  -> CANON, MARSHAL    what Ruby reads, in the notation of the tests, and how it writes it again
#   ["random", SEED]    -> CANON, MARSHAL    a random value, with objects in several places
require "stringio"

def canon(v)
  case v
  when nil then "n"
  when true then "t"
  when false then "f"
  when Integer then "i#{v};"
  when Float then v.nan? ? "dnan;" : "d#{[v].pack("G").unpack1("H*")};"
  when String then "s#{v.encoding.name}:#{v.unpack1("H*")};"
  when Symbol then "y#{v.to_s.unpack1("H*")};"
  when Regexp then "r#{v.options & 7}:#{v.source.unpack1("H*")};"
  when Array then "[" + v.map { |x| canon(x) }.join + "]"
  when Hash then "{" + v.map { |k, x| canon(k) + canon(x) }.join + "}"
  else raise "#{v.class} is not plain"
  end
end

class Maker
  ENCODINGS = %w[UTF-8 US-ASCII ASCII-8BIT ISO-8859-1 Shift_JIS UTF-16LE].freeze

  def initialize(seed)
    @r = Random.new(seed)
    @seen = []
  end

  def keep(v)
    @seen << v if @seen.size < 20
    v
  end

  def text
    s = Array.new(@r.rand(12)) { ["a", "@", "\n", "0", "\u00fc", "\u2713", " "].sample(random: @r) }.join
    @r.rand(8).zero? ? s + 200.chr.force_encoding("UTF-8") : s
  end

  def string
    keep(text.force_encoding(@r.rand(3).zero? ? ENCODINGS.sample(random: @r) : "UTF-8"))
  end

  def float
    case @r.rand(4)
    when 0 then [0.0, -0.0, 1.0, 100.0, 1e100, 5e-324, Float::MAX, Float::INFINITY, Float::NAN, 1e-5, 1e15, 1e16].sample(random: @r)
    when 1 then @r.rand(1000) / 4.0
    else [@r.bytes(8)].first.unpack1("G")
    end
  end

  def integer
    n = @r.rand(2**[3, 8, 16, 29, 31, 33, 62, 64, 200].sample(random: @r))
    @r.rand(2).zero? ? n : -n
  end

  def make(depth)
    return @seen.sample(random: @r) if @r.rand(6).zero? && !@seen.empty?
    case @r.rand(depth > 4 ? 8 : 11)
    when 0 then [nil, true, false].sample(random: @r)
    when 1, 2 then integer
    when 3 then keep(float)
    when 4, 5 then string
    when 6 then %w[a b c status message E encoding].concat(["gr\u00fcn", "a b"]).sample(random: @r).to_sym
    when 7 then keep([/a+/, /^x\d$/imx, /\u00fc/, /gr\u{fc}n/i, Regexp.new("\u00fc"), /\u0041/].sample(random: @r))
    when 8, 9 then keep(Array.new(@r.rand(6)) { make(depth + 1) })
    else
      h = @r.rand(5).zero? ? Hash.new(7) : {}
      @r.rand(25).times { h[@r.rand(12).zero? ? make(depth + 1) : [string, text.scrub.to_sym, integer].sample(random: @r)] = make(depth + 1) }
      keep(h)
    end
  end
end

judge do |verb, arg|
  v = verb == "canon" ? Marshal.load(arg.unpack1("m0")) : Maker.new(arg).make(0)
  {canon: canon(v), marshal: [Marshal.dump(v)].pack("m0")}
end
