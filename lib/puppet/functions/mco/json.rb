# frozen_string_literal: true

require 'json'

# Writes a value as JSON with sorted keys, so that the same value gives the same bytes.
Puppet::Functions.create_function(:'mco::json') do
  # @param value What to write.
  # @return [String] JSON with a line feed at its end.
  dispatch :json do
    param 'Data', :value
    return_type 'String'
  end

  def json(value)
    "#{JSON.pretty_generate(sorted(value))}\n"
  end

  def sorted(value)
    case value
    when Hash then value.sort.to_h.transform_values { |v| sorted(v) }
    when Array then value.map { |v| sorted(v) }
    else value
    end
  end
end
