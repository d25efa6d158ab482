# Counts exit codes of Nagios' checks, for a Ruby client of our agents.
module MCollective
  class Aggregate
    class Nagios_states < Base
      STATES = %w[OK WARNING CRITICAL UNKNOWN].freeze

      def startup_hook
        @result.update(value: STATES.map { |state| [state, 0] }.to_h, type: :collection)
        @aggregate_format ||= '%10s : %s'
      end

      def process_result(value, _reply)
        @result[:value][(0..2).cover?(value) ? STATES[value] : 'UNKNOWN'] += 1
      end
    end
  end
end
