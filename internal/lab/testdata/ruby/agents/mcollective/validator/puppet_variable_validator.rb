# Names of environments, for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Puppet_variableValidator
      def self.validate(name)
        Validator.typecheck(name, :string)
        raise "#{name} is no name" unless name =~ /\A\w+\z/
      end
    end
  end
end
