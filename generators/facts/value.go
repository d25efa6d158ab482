package facts

import "strings"

type kind uint8

const (
	absent kind = iota
	null
	boolean
	number
	text
	list
	mapping
)

func (k kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a text", "a list", "a map"}[k]
}

// value is one value of a file of facts, whatever language it is written in. Its texts may be parts of the file's: what outlives the
// file is cloned.
type value struct {
	kind    kind
	text    string   // of a boolean, a number (as written) or a text
	members []member // of a map; of a list, without keys
}

type member struct {
	key   string
	value value
}

// get returns the member of a map, a value of kind absent if there is none or it is null.
func (v *value) get(key string) *value {
	if v.kind == mapping {
		for i := range v.members {
			if m := &v.members[i]; m.key == key {
				if m.value.kind == null {
					break
				}
				return &m.value
			}
		}
	}
	return &none
}

// path follows members, "os.release.full".
func (v *value) path(path string) *value {
	for key := range strings.SplitSeq(path, ".") {
		v = v.get(key)
	}
	return v
}

func (v *value) there() bool { return v.kind != absent }

// none is what get returns for what is not there; it is never written to.
var none value
