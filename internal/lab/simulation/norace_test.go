//go:build !race

package simulation

// defaultSeeds is how many seeds TestSeeds runs.
const defaultSeeds = 10_000
