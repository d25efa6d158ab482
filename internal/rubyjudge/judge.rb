# Loaded in front of every script of package rubyjudge: judge answers each question, a line of JSON, with a line of JSON, what the block
# returns. Whatever else the script prints joins its complaints.
require "json"

def judge
  answers = $stdout.dup
  answers.sync = true
  $stdout.reopen($stderr)
  $stdin.each_line { |line| answers.puts(JSON.generate(yield(JSON.parse(line)))) }
end
