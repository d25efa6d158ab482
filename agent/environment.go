package agent

import (
	"context"
	"log/slog"
	"time"

	"github.com/mco-go/mco-go/mco"
	"github.com/mco-go/mco-go/mco/config"
	"github.com/mco-go/mco-go/mco/ddl"
)

// Environment is what an RPC agent is made with: its own DDL, and what it may know of the node. All fields are set.
type Environment struct {
	// DDL returns what the agent declares. It may read it only then: an agent asks when it is asked, not when it is made.
	DDL    func() *ddl.DDL
	Config *config.Config
	Node   Node
	Log    *slog.Logger
	// Facts returns the node's facts, names to values, to be read only.
	Facts func() *mco.Map
	// Classes returns the lines of the classes file; none when there is no such file.
	Classes func() []string
	// DataPlugins lists the loaded data plugins in load order, with their ending ("fact_data").
	DataPlugins func() []string
	// Data asks a data plugin, whose name may lack the ending. Without a query, query is nil; a text is turned into the type that the
	// plugin's DDL declares. An error that a caller brought about is an [*Error] or a [*ddl.ValidationError].
	Data func(ctx context.Context, plugin string, query mco.Value) (*mco.Map, error)
	Now  func() time.Time
}

// Maker makes an RPC agent. It is called again on each reload.
type Maker func(Environment) (Agent, error)
