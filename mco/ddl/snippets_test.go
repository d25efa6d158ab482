package ddl

// snippet is a piece of Ruby: one that must mean the same here as in Ruby, or one that is refused.
type snippet struct {
	ruby    string
	refused bool
}

func rubySnippets() []snippet {
	same := []string{
		// literals
		`"a\tb\n\e\x41\101\u00e9\u{1F600 41}\s\q"`, `'a\'b\\c\d'`, `%q(a (b) c)`, `%Q[a#{1 + 1}b]`, `%(x "y")`, `%w[a b  c]`, `%i[a b]`, `%w{a
b}`, `%w()`, `?a`, `:a`, `:"a b"`, `:'c d'`, `:"a#{1}"`, `%s(a b)`, `:a?`, `:[]`, `:+`, `:a=`, `1_000`, `0x1F`, `0b101`, `0o17`, `017`, `1.5`, `1e3`, `1.5e-3`,
		`-1`, `-1.5`, `- 1`, `+1`, `nil`, `true`, `[]`, `{}`, `[1, 2,]`, `{:a => 1, "b" => 2, 3 => [4]}`, `{a: 1, "b": 2}`, `{:a=>1,}`, `/a\/b/`, `/a#{1}b/i`, `%r{a/b}mx`,
		`"a" "b" 'c'`, `"a" \
  "b"`, `"#{"nested #{'deep'}"}"`, `"#{}"`, `"a#b"`, `'#{x}'`, `"\#{x}"`, `12345678901234567890`, `"a\
b"`,
		// here-documents
		"usage <<EOS\na\n  b\nEOS\n", "usage <<-EOS\na\n  EOS\n", "usage <<~EOS\n    a\n      b\n\n    c\n  EOS\n", "usage <<'EOS'\n#{x} \\n\nEOS\n",
		"usage <<-\"EOS\"\n#{1 + 1}\\t.\nEOS\n", "usage(<<A + <<B)\na\nA\nb\nB\n", "usage <<-EOS.strip\n  a\n  EOS\n", "usage <<~EOS\n\tx\n\t  y\nEOS\n", "usage <<A\n",
		// operators
		`1 + 2 * 3`, `(1 + 2) * 3`, `10 * 1024`, `7 / 2`, `-7 / 2`, `7 % 3`, `-7 % 3`, `7.0 / 2`, `2 ** 10`, `2 ** 3 ** 2`, `-2 ** 2`, `(-2) ** 2`, `!nil == true`, `1 - -1`, `"a" + "b"`, `"ab" * 3`, `[1] + [2]`, `[1, 2] - [1]`,
		`1 < 2`, `2 <= 1`, `"a" < "b"`, `1 <=> 2`, `1 == 1.0`, `1 != 2`, `:a == "a"`, `!true`, `not(true)`, `true && nil`, `nil || 3`, `false or 2`, `1 == 1 ? "y" : "n"`, `nil ? 1 : 2`,
		`true ? nil ? 1 : 2 : 3`, `"%s is %d" % ["a", 5]`, `"%05.1f|%-5s|%+d" % [1.25, "x", 3]`, `"%<a>d %{b}" % {:a => 1, :b => 2}`, `"%s" % nil`, `"%x %o %b %e" % [255, 8, 5, 1.5]`, `"%%"  % []`, `"%10s|" % "é"`,
		`"%d" % 3.99`, `"%d" % -3.99`, `"%d" % "12"`, `"%s %s" % [1]`, `"%d" % nil`, `"%d" % "x"`, `"%f" % "x"`, `"%.2f" % 1`, `"%g" % 1e10`, `"%c" % 65`, `"%p" % [nil]`, `"%-+7.2f|" % 3.14159`, `"%y" % 1`, `"%" % 1`, `"%.3s" % "abcdef"`,
		`1 + nil`, `1 + "a"`, `"a" + 1`, `"a" + nil`, `1 / 0`, `nil + 1`, `1 <=> 1`, `3 > 2 && 2 > 1`,
		// methods
		`"abc".capitalize`, `"ABC def".capitalize`, `"a".upcase`, `:abc.to_s`, `:abc.to_s.capitalize`, `"a".to_sym`, `"12ab".to_i`, `" -5".to_i`, `"".to_i`, `"héllo".length`, `"hello".size`, `" a ".strip`, `"a\n".chomp`, `"a,b,,".split(",")`, `"a b  c".split`,
		`"stop".sub(/p$/, "pp")`, `"banana".gsub("a", "o")`, `"banana".gsub(/(a)(n)/, '<\2\1>')`, `"a.b".gsub(".", "-")`, `"abc".include?("b")`, `"abc".start_with?("a")`, `"abc".end_with?("x")`, `"".empty?`, `[1, 2].include?(2)`, `[1, [2, 3]].flatten`, `[3, nil].compact`,
		`%w[b a c].sort`, `[1, 2, 3].first`, `[1, 2, 3].last`, `[].first`, `[1, 2].length`, `[1, 2].join("-")`, `[1, [:a, nil]].join`, `[1, 2].map { |x| x * 2 }`, `[1, 2, 3].select { |x| x > 1 }`, `[1, 2, 3].reject { |x| x > 1 }`, `[[1, 2], [3, 4]].map { |a, b| a + b }`,
		`{:a => 1}.merge(:b => 2)`, `{:a => 1}.merge({:a => 3})`, `{:a => 1}[:a]`, `{:a => 1}[:b]`, `{:a => 1}.keys`, `{:a => 1}.values`, `{:a => 1}.fetch(:b, 5)`, `{:a => 1}.key?(:a)`, `{:a => 1, :b => 2}.map { |k, v| "#{k}#{v}" }`, `[1, 2][0]`, `[1, 2][-1]`, `[1, 2][9]`,
		`nil.to_s`, `nil.inspect`, `1.to_s`, `1.5.to_i`, `-1.5.to_i`, `3.to_f`, `[1, "a", :b, nil].inspect`, `:a.inspect`, `"a".freeze`, `"abc".reverse`, `[1, 2].reverse`, `[1, 1, 2].uniq`, `nil.nil?`, `"a".is_a?(String)`, `1.is_a?(Numeric)`, `"x" =~ /y/`, `"éxy" =~ /y/`, `"x".match?(/x/)`, `"x" !~ /x/`, `1.nil?`, `[1, 2] == [1, 2.0]`,
		`"#{1.0} #{1e20} #{1.5e-7} #{100.0} #{[1, :a]} #{ {:a=>1} } #{nil} #{:s}"`, `"a".nil?`, `"abc".length + 1`, `"%s" % :a`, `{:a => 1}.fetch(:b)`, `(1..3).map { |i| i }`, `(1...3).map { |i| i }`, `("a".."c").map { |c| c }`, `nil&.length`, `[:a, :b].map { |s| s.to_s }`,
		// statements
		"x = 5\nusage x + 1\n", "x = 1\nx += 2\nusage x\n", "a = b = 3\nusage [a, b]\n", "LIST = %w[a b]\nLIST.each do |l|\n  usage l\nend\n", "usage 1 if true\nusage 2 if false\n", "usage 1 unless false\n",
		"if 1 == 2\n  usage 1\nelsif 1 == 1 then usage 2\nelse\n  usage 3\nend\n", "unless true\n usage 1\nelse\n usage 2\nend\n", "case \"a\"\nwhen \"b\", \"c\" then usage 1\nwhen \"a\"\n  usage 2\nelse\n  usage 3\nend\n",
		"case\nwhen false then usage 1\nwhen 1 then usage 2\nend\n", "case \"abc\"\nwhen /b/ then usage 1\nend\n", "usage(if true then 1 else 2 end)\n", "x = if false then 1 end\nusage x\n",
		"[1, 2, 3].each do |i|\n  next if i == 2\n  usage i if i < 3\nend\n", "[1, 2, 3].each { |i| break if i == 2; usage i }\n", "3.times do |i|\n  usage i\nend\n", "[1, 2].each_with_index { |x, i| usage \"#{x}#{i}\" }\n", "x = 1\n[5].each { |y| x = y }\nusage x\n",
		"[5].each { |x| z = x }\nusage z\n", "x = 1\n[2].each { |x| usage x }\nusage x\n", "usage [1, 2]\n  .map { |x| x + 1 }\n  .first\n", "usage 1; usage 2\n", "usage(\n  1\n)\n", "usage \\\n  1\n", "usage 1 +\n  2\n", "usage({\n  :a =>\n    1\n}\n)\n", "# comment\nusage 1 # more\n", "# caf\xe9\nusage 1\n", "usage \"caf\xe9\"\n", "usage :a\xe9\n", "usage <<A\n\xe9\nA\n", "x\xe9 = 1\n", "usage \"\\xe9\"\n", "=begin\n\xe9\n=end\nusage 2\n",
		"=begin\nnothing\n=end\nusage 1\n", "usage 1\n__END__\nanything ((\n", "usage [1, # one\n  2]\n", "usage true and false\n", "usage((true and false))\n", "usage(!true)\n", "x = nil\nusage(x || 5)\n", "usage :a\n", "if respond_to?(:nosuch)\n  nosuch 1\nend\nusage 1\n",
		"if respond_to?(:action) && respond_to?(:usage)\n  usage 1\nend\n", "usage 1 if defined?(MCollective::VERSION)\n", "usage 1 if defined?(Nothing::There)\nusage 2 unless defined?(Nothing::There)\n", "usage 1 if MCollective::Util.versioncmp(MCollective::VERSION, \"2.0\") >= 0\n", "usage :a, :b\n", "usage\n", "usage 1 do\nend\n",
		"usage :a => 1, :b => 2\n", "usage a: 1\n", "usage x: 1, \"y\" => 2\n", "usage \"y\": 1\n", "usage [\n  :a,\n  :b,\n]\n", "usage [:a, b: 1]\n", "nosuch\n", "nosuch 1, 2\n", "nosuch?\n", "usage nosuch\n", "summarize do\n  nosuch\nend\n", "summarize\n",
		// words
		"action \"x\", :description => \"d\"\n", "action(\"x\", :description => \"d\") do display :ok end\n", "action \"x\", \"description\"\n", "action \"x\", [:description]\n", "action \"x\", nil\n", "action \"x\", 5\n", "display :ok\n", "action(\"x\", :description => 1) { display \"ok\" }\n",
		"action \"x\", :description => \"d\" do |a|\n  usage a.inspect\nend\n", "aggregate 5\n", "aggregate summary(:x)\n", "action \"x\", :description => 1 do\n aggregate summary(:x), 5\nend\n", "action \"x\", :description => 1 do\n aggregate summary(:x), :form => 5\nend\n", "action \"x\", :description => 1 do\n aggregate summary(:x), :format => nil\nend\n",
		"action \"x\", :description => 1 do\n aggregate({:function => :sum})\nend\n", "action \"x\", :description => 1 do\n summarize do\n aggregate frob(:a, 1), :format => \"x\"\n end\nend\n", "action \"x\", :description => 1 do\n aggregate summary :x\nend\n",
		"metadata({})\n", "metadata 5\n", "metadata \"name\"\n", "requires nil\n", "requires :mcollective => nil\nusage 1\n", "requires :mcollective => 5\n", "requires({})\n", "output :x, {}\n", "input :x, {}\n", "input :x, :optional => 1\n",
		"action \"x\", :description => 1 do\n  input :a, :optional => true, :prompt => 1, :description => 2, :type => \"string\", :list => 5\n  input :a, :optional => true, :prompt => 1, :description => 2, :type => :integer\n  input :b, :optional => false, :prompt => nil, :description => nil, :type => nil\nend\n",
		"action \"x\", :description => 1 do\n  action \"y\", :description => 2 do\n output :a, :description => 1, :display_as => 2\n end\n  output :b, :description => 1, :display_as => 2\nend\n", "%w[a b].each do |n|\n  action n, :description => n.upcase do\n    output n.to_sym, :description => n, :display_as => n\n  end\nend\n",
		// broken
		"usage (\n", "usage 1)\n", "usage [1\n", "usage \"a\n", "end\n", "usage 1 2\n", "action \"x\", :description => do\nend\n", "if true\n", "usage {:a => 1\n", "usage 1 +\n", "x = \n", "usage %w[a\n", "usage /a\n", "=begin\n", "usage ,\n", "[1].each do |x\nend\n",
	}
	refused := []string{
		"require 'json'", "usage `ls`", "usage %x(ls)", "system 'ls'\nusage 1", "usage File.read('/etc/passwd')", "usage ENV['HOME']", "usage $0", "usage @x", "usage self.to_s", "def x\nend\nusage 1", "class X\nend\nusage 1", "module X\nend\nusage 1", "begin\n usage 1\nrescue\nend",
		"while true\nend\nusage 1", "until false\nend\nusage 1", "x ||= 5\nusage x", "for x in [1]\n usage x\nend", "usage lambda { 1 }", "usage ->(x) { 1 }", "usage [1].inject { |a, b| a }", "usage [1].each(&:to_s)", "usage(*[1])", "usage 1 rescue 2", "x = [1]\nx << 2\nusage x", "h = {}\nh[:a] = 1\nusage h", "usage eval('1')",
		"send :usage, 1", "instance_eval { usage 1 }", "usage Kernel.exit", "usage Time.now.to_s", "usage \"a\".send(:b)", "usage :a.method(:b)", "usage \"a\".instance_variable_get(:b)", "usage RUBY_VERSION", "usage Dir.glob('*').first", "raise 'x'\nusage 1", "usage 1.5r", "usage __FILE__", "usage \"#@x\"", "usage \"#$x\"", "puts 1\nusage 1",
		"usage \"a\".encode('UTF-16')", "usage [3, 1].sort_by { |x| x }", "usage \"x\".gsub(/a(?=b)/, 'c')", "usage [1].freeze.push(2)", "usage binding", "meta\nusage 1", "usage pluginname",
	}
	var all []snippet
	for _, s := range same {
		all = append(all, snippet{s, false})
	}
	for _, s := range refused {
		all = append(all, snippet{s, true})
	}
	return all
}
