//go:build without_memory

package defence

// Memory tells that a node knows requests again. It is missing from this build.
const Memory = false
