# Tags with commas between, for a Ruby client that checks our DDLs.
module MCollective
  module Validator
    class Puppet_tagsValidator
      def self.validate(text)
        Validator.typecheck(text, :string)
        raise "#{text} is none of: tags with commas between" unless text =~ /\A\w+(::\w+)*(,\w+(::\w+)*)*\z/
      end
    end
  end
end
