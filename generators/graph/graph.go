// Package graph draws an estate as SVG: who connects where, from the left to the right: fleets and clients, balancers with their VIPs,
// brokers with their ports, and the links between them. The same estate gives the same picture, byte for byte.
package graph

import (
	"fmt"
	"strings"

	"github.com/mco-go/mco-go/generators/estate"
)

// SVG returns the picture of e.
func SVG(e *estate.Estate) []byte {
	d := &drawing{anchors: map[any]anchor{}}
	fleets, balancers, brokers := d.fleets(e), d.balancers(e), d.brokers(e)
	columns := [][]*box{fleets, balancers, brokers}
	x := margin
	for _, c := range columns {
		if len(c) == 0 {
			continue
		}
		d.place(c, x)
		x += widest(c) + gap
	}
	d.width = x - gap + margin
	d.connect(e)
	return d.render(e.Name)
}

const (
	margin  = 24
	gap     = 150 // between columns
	between = 28  // between boxes
	line    = 18  // height of a line of text
	char    = 7.9 // width of a character of text at 13 pixels
	pad     = 10
)

// box is a frame with a title and lines of text.
type box struct {
	class string
	title string
	rows  []row
	x, y  int
	width int
}

// row is a line of a box, which something may connect to or from.
type row struct {
	text string
	of   any // what the row stands for; nil: nothing
}

// anchor is where arrows begin and end.
type anchor struct{ left, right, y int }

type drawing struct {
	boxes         []*box
	anchors       map[any]anchor
	arrows        []arrow
	width, height int
}

type arrow struct {
	from, to any
	label    string
	class    string
}

func (b *box) height() int { return 2*pad + line*(len(b.rows)+1) }

func (b *box) measure() {
	longest := len(b.title)
	for _, r := range b.rows {
		longest = max(longest, len(r.text))
	}
	b.width = 2*pad + int(char*float64(longest)+0.5)
}

func widest(boxes []*box) int {
	w := 0
	for _, b := range boxes {
		w = max(w, b.width)
	}
	return w
}

// place stacks the boxes of a column.
func (d *drawing) place(boxes []*box, x int) {
	y := 2 * margin
	width := widest(boxes)
	for _, b := range boxes {
		b.x, b.y, b.width = x, y, width
		for i, r := range b.rows {
			if r.of != nil {
				d.anchors[r.of] = anchor{b.x, b.x + b.width, b.y + pad + line*(i+1) + line/2}
			}
		}
		y += b.height() + between
	}
	d.height = max(d.height, y)
	d.boxes = append(d.boxes, boxes...)
}

func newBox(class, title string, rows ...row) *box {
	b := &box{class: class, title: title, rows: rows}
	b.measure()
	return b
}

// asking is the anchor of those who connect; what they ask for has its own.
type asking struct{ who any }

// fleets are the boxes on the left.
func (d *drawing) fleets(e *estate.Estate) []*box {
	var boxes []*box
	for _, c := range e.Collectives {
		rows := []row{{"vhost " + c.VHost, nil}, {count(len(c.Servers), "node", c.Servers), asking{c}}}
		if len(c.Clients) > 0 {
			rows = append(rows, row{count(len(c.Clients), "client", c.Clients), nil})
		}
		boxes = append(boxes, newBox("fleet", "collective "+c.Name, rows...))
	}
	for _, p := range e.Clients {
		boxes = append(boxes, newBox("fleet", "client "+p.Name, row{"vhost " + p.VHost, asking{p}}))
	}
	if e.OpenStack != nil {
		boxes = append(boxes, newBox("fleet", "OpenStack", row{"release " + e.OpenStack.Release, asking{e.OpenStack}}))
	}
	return boxes
}

// count names the first nodes of a list and how many more there are.
func count(n int, noun string, nodes []*estate.Node) string {
	const shown = 3
	if n != 1 {
		noun += "s"
	}
	var names []string
	for _, node := range nodes[:min(n, shown)] {
		names = append(names, short(node.Name))
	}
	if n > shown {
		names = append(names, "…")
	}
	return fmt.Sprintf("%d %s: %s", n, noun, strings.Join(names, ", "))
}

func short(name string) string {
	s, _, _ := strings.Cut(name, ".")
	return s
}

func (d *drawing) balancers(e *estate.Estate) []*box {
	var boxes []*box
	for _, b := range e.Balancers {
		var rows []row
		if b.VIP.IsValid() {
			rows = append(rows, row{"VIP " + b.VIP.String(), b})
		}
		for i, m := range b.Members {
			text := short(m.Node.Name) + " " + m.Address.Addr().String()
			if b.VRRP != nil {
				text += fmt.Sprintf(" priority %d", m.Priority)
			}
			r := row{text, nil}
			if i == 0 && !b.VIP.IsValid() {
				r.of = b
			}
			rows = append(rows, r)
		}
		var ports []string
		for _, p := range b.Ports {
			ports = append(ports, fmt.Sprintf("%s %d", p.Name, p.Port))
		}
		rows = append(rows, row{strings.Join(ports, ", ") + " " + string(b.Mode), nil})
		boxes = append(boxes, newBox("balancer", string(b.Kind)+" "+b.Name, rows...))
	}
	return boxes
}

func (d *drawing) brokers(e *estate.Estate) []*box {
	var boxes []*box
	for _, g := range e.Brokers {
		var rows []row
		if g.VIP.IsValid() {
			rows = append(rows, row{"VIP " + g.VIP.String(), g})
		}
		for _, m := range g.Members {
			text := short(m.Node.Name) + " " + m.Address().String()
			if m.RAM {
				text += " ram"
			}
			rows = append(rows, row{text, m})
		}
		rows = append(rows, row{listens(g.Listen), nil})
		if g.Replication != "" && g.Replication != estate.NotReplicated {
			rows = append(rows, row{string(g.Replication) + " queues", nil})
		}
		if g.Storage != nil {
			rows = append(rows, row{"DRBD " + g.Storage.Resource, nil})
		}
		boxes = append(boxes, newBox("broker", string(g.Kind)+" "+g.Name, rows...))
	}
	return boxes
}

func listens(l estate.Listen) string {
	var ports []string
	for _, p := range []struct {
		name string
		port int
	}{{"amqp", l.AMQP}, {"stomp", l.STOMP}, {"management", l.Management}} {
		if p.port != 0 {
			ports = append(ports, fmt.Sprintf("%s %d", p.name, p.port))
		}
	}
	return strings.Join(ports, ", ")
}
