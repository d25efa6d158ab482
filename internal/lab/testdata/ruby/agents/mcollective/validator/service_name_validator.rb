# Names of services, for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Service_nameValidator
      def self.validate(name)
        Validator.typecheck(name, :string)
        raise "#{name} is no name of a service" unless name =~ /\A[a-zA-Z0-9._:@-]+\z/
      end
    end
  end
end
