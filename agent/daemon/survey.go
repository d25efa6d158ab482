package daemon

import "github.com/mco-go/mco-go/mco/connector"

// Survey tells where the node's session stands with each broker of its pool; the zero value where its connector cannot tell.
func (d *Daemon) Survey() connector.Survey {
	if c, ok := d.opt.Connector.(interface{ Survey() connector.Survey }); ok {
		return c.Survey()
	}
	return connector.Survey{}
}
