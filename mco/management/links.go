package management

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"
)

// channel is the connection of a consumer.
type channel struct {
	Connection string `json:"connection_name"`
	Node       string `json:"node"`
}

// UnmarshalJSON takes the empty list, too, that the API has in place of an object without fields.
func (c *channel) UnmarshalJSON(raw []byte) error {
	if string(raw) == "[]" {
		return nil
	}
	type plain channel
	return json.Unmarshal(raw, (*plain)(c))
}

// Link is a shovel or a federation link to another broker.
type Link struct {
	Kind  string `json:"kind"` // shovel or federation
	Name  string `json:"name"`
	VHost string `json:"vhost"`
	Node  string `json:"node"`
	State string `json:"state"`
	Error string `json:"error,omitempty"`
}

// Up tells whether the link carries messages.
func (l Link) Up() bool { return l.State == "running" }

// shovel is what the API tells of one.
type shovel struct {
	Name   string `json:"name"`
	VHost  string `json:"vhost"`
	Node   string `json:"node"`
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// links lists shovels and federation links. A broker whose plugins are off has none.
func (v *View) links(g guard, c *rabbithole.Client) error {
	var shovels []shovel
	if err := g.get("shovels", &shovels); err != nil && !absent(err) {
		return err
	}
	for _, s := range shovels {
		v.Links = append(v.Links, Link{Kind: "shovel", Name: s.Name, VHost: s.VHost, Node: s.Node, State: s.State, Error: short(s.Reason)})
	}
	federated, err := c.ListFederationLinks()
	if err != nil && !absent(err) {
		return err
	}
	for _, f := range federated {
		text := func(key string) string {
			s, _ := f[key].(string)
			return s
		}
		v.Links = append(v.Links, Link{Kind: "federation", Name: text("upstream") + " -> " + cmp.Or(text("exchange"), text("queue")), VHost: text("vhost"),
			Node: text("node"), State: text("status"), Error: short(text("error"))})
	}
	slices.SortFunc(v.Links, func(a, b Link) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.VHost, b.VHost), strings.Compare(a.Name, b.Name))
	})
	return nil
}

// maxErrorRunes bounds what is told of a link's error, which is an Erlang term.
const maxErrorRunes = 200

func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if r := []rune(text); len(r) > maxErrorRunes {
		return string(r[:maxErrorRunes]) + " ..."
	}
	return text
}
