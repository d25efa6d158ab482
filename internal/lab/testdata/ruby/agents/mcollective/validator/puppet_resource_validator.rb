# Type[title], for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Puppet_resourceValidator
      def self.validate(name)
        Validator.typecheck(name, :string)
        raise "#{name} names no resource" unless name =~ /\A\w+\[.+\]\z/
      end
    end
  end
end
