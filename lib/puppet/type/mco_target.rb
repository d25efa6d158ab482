# frozen_string_literal: true

Puppet::Type.newtype(:mco_target) do
  @doc = 'One file that mco_estate found to differ. Made by mco_estate, not written in manifests.'

  newparam(:name, namevar: true)
  newparam(:path) { desc 'The file.' }
  newparam(:change) { desc 'What mco generate said of it.' }
  newparam(:estate) { desc 'The mco_estate that it belongs to.' }

  newproperty(:state) do
    desc 'Whether the file is as the estate wants it.'
    defaultto :current

    def retrieve
      resource[:change]['action'].to_sym
    end

    def insync?(_is)
      false
    end

    # What noop says. Differences are without secrets; a run that writes shows them where Puppet's show_diff is on.
    def should_to_s(_should)
      [resource[:change]['to'] || 'gone', difference].compact.join("\n")
    end

    def is_to_s(is)
      [is, resource[:change]['from']].compact.join(' ')
    end

    def change_to_s(is, should)
      "#{is_to_s(is)} to #{@should_text || should_to_s(should)}"
    end

    def difference
      resource[:estate].provider.difference(resource[:path]) if resource.noop? || Puppet[:show_diff]
    end

    def set(value)
      @should_text = should_to_s(value) # afterwards there is no difference any more
      resource[:estate].provider.apply
    end
  end
end
