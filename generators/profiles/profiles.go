// Package profiles writes, for each kind of application that the estate knows, how to reach the brokers: as JSON for programs, and as
// a list of URIs for people. The files lie on every broker's node; applications take them from there.
package profiles

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/mco-go/mco-go/generators/block"
	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/problem"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
	"github.com/mco-go/mco-go/generators/uri"
)

// folder is where the profiles lie on a node.
const folder = "/etc/mco/clients/"

// Profile is what the JSON file holds.
type Profile struct {
	Name         string     `json:"name"`
	VHost        string     `json:"vhost"`
	Endpoints    []Endpoint `json:"endpoints"`     // in the order in which to try them
	URIs         []string   `json:"uris"`          // one for each endpoint
	TransportURL string     `json:"transport_url"` // the same for oslo.messaging
}

// Endpoint is one way to a broker.
type Endpoint struct {
	Host string `json:"host"`
	Port int    `json:"port"`
}

// Files returns the profiles for a broker's node.
func Files(e *estate.Estate, n *estate.Node) (target.Set, problem.List) {
	var (
		set      target.Set
		problems problem.List
	)
	if n.Broker == nil {
		return set, nil
	}
	for _, c := range e.Clients {
		if !block.Plain(c.Name, "_-") || c.Name[0] == '-' {
			problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: folder, What: "the name of a client", Got: fmt.Sprintf("%+q", c.Name)})
			continue
		}
		if slices.ContainsFunc(c.Endpoints, func(p estate.Endpoint) bool { return !block.Plain(p.Host, "_.-:") }) {
			problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: folder + c.Name + ".json", What: "the host of a broker"})
			continue
		}
		files, err := files(c)
		if err != nil {
			problems.Add(problem.Problem{Class: "fact.unsafe", Node: n.Name, Where: folder + c.Name + ".json", What: err.Error()})
			continue
		}
		set.Files = append(set.Files, files...)
	}
	return set, problems
}

func files(c *estate.ClientProfile) ([]target.File, error) {
	p := Profile{Name: c.Name, VHost: c.VHost, TransportURL: uri.Transport(c.User, c.Endpoints, c.VHost)}
	var lines []block.Statement
	for _, e := range c.Endpoints {
		p.Endpoints = append(p.Endpoints, Endpoint{e.Host, e.Port})
		p.URIs = append(p.URIs, uri.AMQP(c.User, e, c.VHost))
		lines = append(lines, block.Line(p.URIs[len(p.URIs)-1]))
	}
	of := func(kind, suffix string) target.File {
		f := target.File{Kind: kind, Path: folder + c.Name + suffix, Owner: "root", Group: "root", Mode: 0o600, Order: 61}
		if s := c.User.Secret; s.Set() {
			f.Secrets = []secret.Value{secret.New(s.Name(), uri.Escape(s.Reveal()))} // as it stands in the file
		}
		return f
	}
	list, err := block.Lines(target.Managed, "_.-~:/@%[]").File(of("client.uris", ".uris"), lines)
	if err != nil {
		return nil, err
	}
	profile := of("client.json", ".json")
	if profile.Content, err = encode(p); err != nil {
		return nil, err
	}
	profile.Check = func(content []byte) error {
		read, err := Parse(content)
		if err == nil && !reflect.DeepEqual(read, p) {
			err = errors.New("reads back otherwise")
		}
		return err
	}
	return []target.File{profile, list}, nil
}

// encode writes ASCII alone, as all that is generated.
func encode(p Profile) ([]byte, error) {
	for _, c := range p.VHost {
		if !block.Printable(c) {
			return nil, errors.New("the vhost is not printable ASCII")
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(p)
	return b.Bytes(), err
}

// Parse reads a profile: one JSON object without unknown keys, of at most [block.MaxBytes].
func Parse(content []byte) (Profile, error) {
	if len(content) > block.MaxBytes {
		return Profile{}, block.ErrTooLong
	}
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields()
	var p Profile
	if err := d.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("parse client profile: %w", err)
	}
	if d.More() {
		return Profile{}, errors.New("parse client profile: more than one value")
	}
	return p, nil
}
