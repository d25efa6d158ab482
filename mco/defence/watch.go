//go:build !without_watch

package defence

// Watch tells that a broker that is silent for too long is left.
const Watch = true
