# frozen_string_literal: true

require 'tmpdir'

require_relative '../../../puppet_x/mco/generate'

Puppet::Type.type(:mco_estate).provide(:generate) do
  desc 'Asks mco generate.'

  # What differs, as mco generate check says: asked once in a run, and if it fails, it fails again without being asked.
  def pending
    raise @failure if @failure

    @pending ||= check
  rescue Puppet::Error => e
    raise @failure = e
  end

  # What was written in this run, or in noop would have been.
  def changed
    resource.noop? || @applied ? pending : []
  end

  # Writes all files, the first time that it is called.
  def apply
    return if @applied
    raise Puppet::Error, 'the files of this node are written together, and one of them failed' if @failed

    out, err, code = run('apply', '--json')
    changes = PuppetX::Mco::Generate.lines(out)
    return @applied = true if code.zero?

    @failed = true
    raise Puppet::Error, complaints(changes, err)
  end

  # The difference of one file without its secrets, or nil. Taken before anything is written.
  def difference(path)
    @differences ||= run('diff').first.split(/^(?=diff |update |mode |remove |refused )/)
    @differences.find { |d| d.lines.first.include?(path) }&.chomp
  end

  private

  def check
    out, err, code = run('check', '--json', '--detailed-exitcodes')
    changes = PuppetX::Mco::Generate.lines(out)
    tell(changes, [0, 2].include?(code) ? err : '')
    raise Puppet::Error, complaints(changes, err) unless [0, 2].include?(code)

    changes.reject { |c| %w[unchanged warn].include?(c['action']) }
  end

  def run(verb, *arguments)
    Dir.mktmpdir('mco_estate') do |scratch|
      options = ['--facts', '-', '--node', resource[:node_name] || Puppet[:node_name_value]]
      %i[topology facts secrets].each do |input|
        options += ["--#{input}", planned(resource[input], scratch)] if resource[input]
      end
      options += ['--root', resource[:root]] if resource[:root]
      options << '--adopt' if resource.adopt?
      options << '--rotate-cookie' if resource.rotate_cookie?
      PuppetX::Mco::Generate.run(resource[:command], [verb, *arguments, *options], own_facts)
    end
  end

  # The path of an input file. In noop, where this catalog would first have to write it, that of a copy in a folder of ours, which nobody
  # else can enter.
  def planned(path, scratch)
    file = resource.noop? && resource.catalog.resource(:file, path)
    content = file && file.parameter(:content)&.actual_content
    return path unless content

    copy = File.join(scratch, File.basename(path))
    File.open(copy, File::WRONLY | File::CREAT | File::EXCL, 0o600) { |f| f.write(content) }
    copy
  end

  # In Puppet's own form, whose name is the certname.
  def own_facts
    @own_facts ||= {
      'name' => Puppet[:node_name_value],
      'values' => PuppetX::Mco::Generate.reduce(Facter.to_hash, resource[:selectors])
    }
  end

  # What an unsuccessful run says.
  def complaints(changes, err)
    changes.select { |c| c['action'] == 'refuse' }.map { |c| complaint(c) }.push(err).join("\n").strip
  end

  def complaint(change)
    node = "node #{change['node']}" unless change['node'].to_s.empty?
    [change['class'], node, change['path'], change['why']].compact.reject(&:empty?).join(': ')
  end

  # Hands on warnings.
  def tell(changes, err)
    changes.select { |c| c['action'] == 'warn' }.each { |c| Puppet.warning(complaint(c)) }
    err.each_line { |line| Puppet.warning(line.chomp) } unless err.empty?
  end
end
