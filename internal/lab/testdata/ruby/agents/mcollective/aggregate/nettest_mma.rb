# Least, most and mean, for a Ruby client of our agents.
module MCollective
  class Aggregate
    class Nettest_mma < Base
      def startup_hook
        @values = []
        @result.update(value: [], type: :numeric)
        @aggregate_format ||= 'Min: %.3f  Max: %.3f  Average: %.3f'
      end

      def process_result(value, _reply)
        @values << value if value
      end

      def summarize
        @result[:value] = [@values.min, @values.max, @values.sum.to_f / @values.size] unless @values.empty?
        super
      end
    end
  end
end
