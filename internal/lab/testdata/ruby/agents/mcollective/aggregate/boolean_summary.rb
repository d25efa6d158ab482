# Counts true and false under names of the DDL's choice, for a Ruby client of our agents.
module MCollective
  class Aggregate
    class Boolean_summary < Base
      def startup_hook
        names = (arguments || {}).map { |key, name| [key.to_s, name] }.to_h
        @names = { true => names.fetch('true', 'True'), false => names.fetch('false', 'False') }
        @result.update(value: {}, type: :collection)
        @aggregate_format ||= '%5s = %s'
      end

      def process_result(value, _reply)
        name = @names[value]
        @result[:value][name] = @result[:value].fetch(name, 0) + 1 if name
      end
    end
  end
end
