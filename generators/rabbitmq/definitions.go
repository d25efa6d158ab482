package rabbitmq

import (
	"cmp"
	"slices"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// Definitions is definitions.json: all that a broker knows beside its configuration and its messages. Lists are sorted, and so are the
// keys; the broker's version is left out, since it changes nothing.
type Definitions struct {
	Bindings         []struct{}        `json:"bindings"`
	Exchanges        []Exchange        `json:"exchanges"`
	GlobalParameters []GlobalParameter `json:"global_parameters"`
	Parameters       []Parameter       `json:"parameters"`
	Permissions      []Permission      `json:"permissions"`
	Policies         []Policy          `json:"policies"`
	Queues           []Queue           `json:"queues"`
	TopicPermissions []struct{}        `json:"topic_permissions"`
	Users            []User            `json:"users"`
	VHosts           []VHost           `json:"vhosts"`
}

// The parts of [Definitions], with RabbitMQ's own names.
type (
	Exchange struct {
		Arguments  map[string]any `json:"arguments"`
		AutoDelete bool           `json:"auto_delete"`
		Durable    bool           `json:"durable"`
		Internal   bool           `json:"internal"`
		Name       string         `json:"name"`
		Type       string         `json:"type"`
		VHost      string         `json:"vhost"`
	}
	GlobalParameter struct {
		Name  string `json:"name"`
		Value any    `json:"value"`
	}
	Parameter struct {
		Component string `json:"component"`
		Name      string `json:"name"`
		Value     any    `json:"value"`
		VHost     string `json:"vhost"`
	}
	Permission struct {
		Configure string `json:"configure"`
		Read      string `json:"read"`
		User      string `json:"user"`
		VHost     string `json:"vhost"`
		Write     string `json:"write"`
	}
	Policy struct {
		ApplyTo    string         `json:"apply-to"`
		Definition map[string]any `json:"definition"`
		Name       string         `json:"name"`
		Pattern    string         `json:"pattern"`
		Priority   int            `json:"priority"`
		VHost      string         `json:"vhost"`
	}
	Queue struct {
		Arguments  map[string]any `json:"arguments"`
		AutoDelete bool           `json:"auto_delete"`
		Durable    bool           `json:"durable"`
		Name       string         `json:"name"`
		VHost      string         `json:"vhost"`
	}
	User struct {
		HashingAlgorithm string `json:"hashing_algorithm,omitempty"`
		Name             string `json:"name"`
		PasswordHash     string `json:"password_hash"`
		Tags             Tags   `json:"tags"`
	}
	VHost struct {
		DefaultQueueType string         `json:"default_queue_type,omitempty"`
		Metadata         map[string]any `json:"metadata,omitempty"`
		Name             string         `json:"name"`
	}
)

// definitions writes definitions.json.
func (w *writer) definitions() {
	path := folder + "definitions.json"
	d, secrets := w.defined()
	if w.loadDefinitions() == "" {
		w.warn("version.unsupported", path, "without the management plugin, RabbitMQ %s takes definitions neither from a file nor by a command: set users by hand", w.group.Version)
	}
	content, err := d.Encode()
	if err != nil {
		w.refuse("topology.type", path, "%v", err)
	}
	w.add(target.File{Kind: "definitions.json", Path: path, Content: content, Order: orderDefinitions, Secrets: secrets,
		Service: target.Action{Service: "rabbitmq", How: target.Import}, Check: func(content []byte) error {
			got, err := ParseDefinitions(content)
			if err != nil {
				return err
			}
			return d.compare(got)
		}})
}

// defined collects the group's definitions, and every form in which they hold secrets.
func (w *writer) defined() (*Definitions, []secret.Value) {
	g := w.group
	d := &Definitions{}
	var secrets []secret.Value
	for _, x := range g.Exchanges {
		d.Exchanges = append(d.Exchanges, Exchange{Arguments: map[string]any{}, Durable: x.Durable, Name: x.Name, Type: x.Type, VHost: x.VHost})
	}
	if g.ClusterName != "" {
		d.GlobalParameters = append(d.GlobalParameters, GlobalParameter{Name: "cluster_name", Value: g.ClusterName})
	}
	for _, p := range g.Permissions {
		d.Permissions = append(d.Permissions, Permission{Configure: p.Configure, Read: p.Read, User: p.User, VHost: p.VHost, Write: p.Write})
	}
	for _, p := range g.Policies {
		d.Policies = append(d.Policies, w.policy(p))
	}
	for _, q := range g.Queues {
		d.Queues = append(d.Queues, Queue{Arguments: arguments(q.Arguments), Durable: q.Durable, Name: q.Name, VHost: q.VHost})
	}
	for _, u := range g.Users {
		user := User{Name: u.Name, Tags: Tags{Names: u.Tags, List: g.Version.AtLeast(3, 12)}}
		if u.Secret.Set() {
			if err := u.Secret.Fits(secret.Password); err != nil {
				w.unrepresentable(u.Secret, folder+"definitions.json", err)
				continue
			}
			user.HashingAlgorithm, user.PasswordHash = PasswordHash(g.Version, w.estate.Name, u.Name, u.Secret.Reveal())
			secrets = append(secrets, secret.New(u.Secret.Name(), user.PasswordHash))
		}
		d.Users = append(d.Users, user)
	}
	for _, v := range g.VHosts {
		vhost := VHost{Name: v.Name, DefaultQueueType: v.DefaultQueueType}
		if v.DefaultQueueType != "" {
			// 3.10.8 honours the metadata alone and passes over the other in silence; later versions take either.
			vhost.Metadata = map[string]any{"default_queue_type": v.DefaultQueueType, "description": "", "tags": []any{}}
		}
		d.VHosts = append(d.VHosts, vhost)
	}
	secrets = append(secrets, w.links(d)...)
	d.sort()
	return d, secrets
}

func arguments(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

// policy translates a policy, and refuses those that the version would refuse or pass over.
func (w *writer) policy(p estate.Policy) Policy {
	path, v := folder+"definitions.json", w.group.Version
	applyTo := cmp.Or(p.ApplyTo, "all")
	switch applyTo {
	case "all", "queues", "exchanges":
	case "classic_queues", "quorum_queues", "streams":
		if v.Below(3, 12) {
			w.refuse("policy.unsupported", path, "policy %s of %s applies to %s, which RabbitMQ knows from 3.12 on", p.Name, p.VHost, applyTo)
		}
	default:
		w.refuse("policy.invalid", path, "policy %s of %s applies to %.60q", p.Name, p.VHost, applyTo)
	}
	return Policy{ApplyTo: applyTo, Definition: arguments(p.Definition), Name: p.Name, Pattern: p.Pattern, Priority: p.Priority, VHost: p.VHost}
}

// sort brings every list into the order of the file.
func (d *Definitions) sort() {
	slices.SortStableFunc(d.Exchanges, func(a, b Exchange) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name))
	})
	slices.SortStableFunc(d.Parameters, func(a, b Parameter) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Component, b.Component), cmp.Compare(a.Name, b.Name))
	})
	slices.SortStableFunc(d.Permissions, func(a, b Permission) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.User, b.User))
	})
	slices.SortStableFunc(d.Policies, func(a, b Policy) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(b.Priority, a.Priority), cmp.Compare(a.Name, b.Name))
	})
	slices.SortStableFunc(d.Queues, func(a, b Queue) int {
		return cmp.Or(cmp.Compare(a.VHost, b.VHost), cmp.Compare(a.Name, b.Name))
	})
	slices.SortStableFunc(d.Users, func(a, b User) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(d.VHosts, func(a, b VHost) int { return cmp.Compare(a.Name, b.Name) })
}
