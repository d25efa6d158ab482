//go:build !without_memory

package defence

// Memory tells that a node knows requests again.
const Memory = true
