//go:build race

package marshal_test

// raceFactor is how much slower the race detector makes a decoder.
const raceFactor = 8
