# Hosts with or without a port, for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Puppet_server_addressValidator
      def self.validate(text)
        Validator.typecheck(text, :string)
        raise "#{text} is none of: hosts with or without a port" unless text =~ /\A[a-zA-Z0-9.-]+(:\d+)?\z/
      end
    end
  end
end
