//go:build race

package simulation

// defaultSeeds is how many seeds TestSeeds runs: the race detector makes each several times as long.
const defaultSeeds = 1_000
