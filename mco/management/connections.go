package management

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	rabbithole "github.com/michaelklishin/rabbit-hole/v3"
)

// Connection is a client's connection, as the broker sees it.
type Connection struct {
	Name     string    `json:"name"` // what the broker calls it: PEER -> ITSELF
	Peer     string    `json:"peer"` // host:port of the client
	User     string    `json:"user"`
	VHost    string    `json:"vhost"`
	Protocol string    `json:"protocol"` // as STOMP 1.1
	Node     string    `json:"node"`     // the member of the cluster that it is with
	Port     int       `json:"port"`     // of the broker
	Since    time.Time `json:"since"`    // by the broker's clock
}

// STOMP tells whether the client speaks STOMP.
func (c Connection) STOMP() bool { return strings.HasPrefix(c.Protocol, "STOMP") }

// Bounds of a list that comes in pages.
const (
	pageSize = 500 // the API's own bound
	maxPages = 200
)

// Connections lists the connections to all members of the cluster. One that is not a second old may still be missing.
func (a *API) Connections(ctx context.Context) (all []Connection, err error) {
	err = a.call(ctx, "", func(_ guard, c *rabbithole.Client) error {
		all, err = connections(c)
		return err
	})
	return all, err
}

func connections(c *rabbithole.Client) (all []Connection, err error) {
	for page := 1; page <= maxPages; page++ {
		got, err := c.PagedListConnectionsWithParameters(url.Values{"page": {strconv.Itoa(page)}, "page_size": {strconv.Itoa(pageSize)},
			"columns": {"name,node,user,vhost,protocol,peer_host,peer_port,port,connected_at"}})
		if err != nil {
			return nil, err
		}
		for _, x := range got.Items {
			all = append(all, Connection{Name: x.Name, Peer: net.JoinHostPort(x.PeerHost, strconv.Itoa(int(x.PeerPort))), User: x.User, VHost: x.Vhost,
				Protocol: x.Protocol, Node: x.Node, Port: int(x.Port), Since: moment(x.ConnectedAt)})
		}
		if page >= got.PageCount {
			return all, nil
		}
	}
	return nil, fmt.Errorf("there are more than %d connections", maxPages*pageSize)
}

// moment reads milliseconds since 1970; 0 is no time.
func moment(ms uint64) time.Time {
	const most = 1 << 52
	if ms == 0 || ms > most {
		return time.Time{}
	}
	return time.UnixMilli(int64(ms)).UTC()
}

// CloseConnection closes a connection by its name. One that is gone already is no error. reason is written into the broker's log.
func (a *API) CloseConnection(ctx context.Context, name, reason string) error {
	return a.call(ctx, reason, func(_ guard, c *rabbithole.Client) error {
		res, err := c.CloseConnection(name)
		if err != nil {
			return err
		}
		return res.Body.Close()
	})
}
