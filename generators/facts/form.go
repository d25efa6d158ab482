package facts

// document is one node's facts, out of whatever wrapped them.
type document struct {
	where    string // the file, and the element in it
	certname *value // of the wrapper; none without one
	facts    value  // a map
	puppet   bool   // Puppet's form, in which nil became ""
}

// unwrap tells by its content in which form a map keeps facts. tagged: YAML says that it is Puppet's wrapper.
func unwrap(root value, tagged bool, where string) (document, *fault) {
	d := document{where: where, certname: &none, facts: root}
	if root.kind != mapping {
		return d, &fault{class: inputSyntax, what: "facts are a map", got: root.kind.String()}
	}
	if tagged || wrapped(&root) {
		d.certname, d.puppet = root.get("name"), true
		values := root.get("values")
		if values.kind != mapping {
			return d, &fault{class: inputSyntax, what: "Puppet's facts without values"}
		}
		d.facts = *values
		return d, nil
	}
	if inner := root.get("facts"); inner.there() && root.get("certname").there() {
		return d, d.fromPuppetDB(root.get("certname"), inner)
	}
	return d, nil
}

// wrapped tells that a map is what "puppet facts find" prints, and not facts with such names.
func wrapped(root *value) bool {
	if root.get("values").kind != mapping || !root.get("name").there() {
		return false
	}
	for _, own := range [...]string{"networking", "hostname", "fqdn", "kernel"} {
		if root.get(own).there() {
			return false
		}
	}
	return true
}

// fromPuppetDB takes an element of an inventory, or one of factsets, whose facts are a list of names and values.
func (d *document) fromPuppetDB(certname, facts *value) *fault {
	d.certname, d.puppet, d.facts = certname, true, *facts
	if facts.kind != mapping {
		return &fault{class: factType, key: "facts", what: "facts are a map", got: facts.kind.String()}
	}
	data := facts.get("data")
	if data.kind != list {
		if facts.get("href").there() && len(facts.members) <= 2 {
			return &fault{class: inputSyntax, key: "facts", what: "the facts are not in the answer, only where to get them", todo: "query inventory instead"}
		}
		return nil
	}
	rows := value{kind: mapping, members: make([]member, 0, len(data.members))}
	for i := range data.members {
		row := &data.members[i].value
		name := row.get("name")
		if name.kind != text {
			return &fault{class: inputSyntax, key: "facts.data", what: "a row names no fact"}
		}
		rows.members = append(rows.members, member{name.text, *row.get("value")})
	}
	d.facts = rows
	return rows.twice()
}

// twice reports a key that a map made of rows has two times.
func (v *value) twice() *fault {
	seen := make(map[string]bool, len(v.members))
	for _, m := range v.members {
		if seen[m.key] {
			return &fault{class: inputDuplicate, key: shown(m.key), what: "a fact of the node is there twice"}
		}
		seen[m.key] = true
	}
	return nil
}

// isRow tells that an element of an array is one fact of one node.
func isRow(v *value) bool {
	return v.get("certname").there() && v.get("name").kind == text && !v.get("facts").there()
}
