package facts

// Limits bound what is read.
type Limits struct {
	File    int64 // bytes of a file, and of one element of a PuppetDB array
	Array   int64 // bytes of a PuppetDB array
	Depth   int   // of maps and lists within each other
	Nodes   int   // values of a YAML document, those that aliases repeat included
	Aliases int   // of a YAML document
	Values  int   // values of a JSON document
}

// DefaultLimits are those that the commands use.
func DefaultLimits() Limits {
	return Limits{File: 8 << 20, Array: 64 << 20, Depth: 64, Nodes: 100_000, Aliases: 1000, Values: 500_000}
}

// maxProblems bounds what is said of one document: the first faults tell enough.
const maxProblems = 100
