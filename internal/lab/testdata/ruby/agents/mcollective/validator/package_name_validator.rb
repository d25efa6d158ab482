# Names of packages, for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Package_nameValidator
      def self.validate(name)
        Validator.validate(name, :shellsafe)
      end
    end
  end
end
