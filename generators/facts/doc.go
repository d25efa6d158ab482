// Package facts reads what Puppet's facter says of nodes, in every form that it is kept in, and keeps of it what an estate's rules may
// use: checked, bounded, and without what changes while a machine runs.
package facts
