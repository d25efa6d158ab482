# Host:port, for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Nettest_server_addressValidator
      def self.validate(text)
        Validator.typecheck(text, :string)
        raise "#{text} is none of: host:port" unless text =~ /\A[a-zA-Z0-9.-]+:\d+\z/
      end
    end
  end
end
