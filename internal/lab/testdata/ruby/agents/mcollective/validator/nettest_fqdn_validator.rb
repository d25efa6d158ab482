# Names and addresses of hosts, for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Nettest_fqdnValidator
      def self.validate(name)
        Validator.typecheck(name, :string)
        raise "#{name} is no name of a host" unless name =~ /\A[a-zA-Z0-9.:-]+\z/
      end
    end
  end
end
