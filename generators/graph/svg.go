package graph

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/netip"

	"github.com/mco-go/mco-go/generators/estate"
)

// connect draws who connects to whom.
func (d *drawing) connect(e *estate.Estate) {
	byAddress := map[string]any{}
	for _, b := range e.Balancers {
		for _, m := range b.Members {
			byAddress[m.Address.Addr().String()] = b
		}
		if b.VIP.IsValid() {
			byAddress[b.VIP.Addr().String()] = b
		}
	}
	for _, g := range e.Brokers {
		for _, m := range g.Members {
			for _, a := range m.Addresses() {
				// A broker that is a balancer as well is meant where no VIP is.
				byAddress[a.String()] = m
			}
		}
		if g.VIP.IsValid() {
			byAddress[g.VIP.Addr().String()] = g
		}
	}
	ask := func(who any, endpoints []estate.Endpoint) {
		for i, p := range endpoints {
			label := fmt.Sprint(p.Port)
			if len(endpoints) > 1 {
				label = fmt.Sprintf("%d. port %d", i+1, p.Port)
			}
			if a, err := netip.ParseAddr(p.Host); err == nil {
				d.arrow(asking{who}, byAddress[a.String()], label, "use")
			}
		}
	}
	for _, c := range e.Collectives {
		ask(c, c.Pool.Endpoints)
	}
	for _, p := range e.Clients {
		ask(p, p.Endpoints)
	}
	if e.OpenStack != nil {
		ask(e.OpenStack, e.OpenStack.Endpoints)
	}
	for _, b := range e.Balancers {
		for i, m := range b.To {
			label := ""
			if b.Mode == estate.ActiveBackup && i > 0 {
				label = "backup"
			}
			d.arrow(b, m, label, "use")
		}
	}
	for _, l := range e.Links {
		label := l.Kind
		if l.Both {
			label += ", both ways"
		}
		d.arrow(l.A.Members[0], l.B.Members[0], label, "link")
	}
}

func (d *drawing) arrow(from, to any, label, class string) {
	d.arrows = append(d.arrows, arrow{from, to, label, class})
}

// style works on light and dark pages, and needs no font of its own.
const style = `
    text { font: 13px ui-monospace, "DejaVu Sans Mono", monospace; fill: #1b1f24 }
    .title { font-weight: bold }
    .label { font-size: 11px; fill: #57606a }
    rect { rx: 6px; stroke: #57606a; stroke-width: 1px }
    .fleet { fill: #ddf4ff } .balancer { fill: #fff8c5 } .broker { fill: #dafbe1 }
    path { fill: none; stroke: #57606a; stroke-width: 1.3px }
    .link { stroke-dasharray: 5 4 }
    #head path { fill: #57606a; stroke: none }
    .page { fill: #ffffff; stroke: none }
`

func (d *drawing) render(name string) []byte {
	var b bytes.Buffer
	width, height := d.width+d.side(), d.height+margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="estate %s">`+"\n", width, height, width, height, escape(name))
	fmt.Fprintf(&b, "  <style>%s  </style>\n", style)
	b.WriteString(`  <defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z"/></marker></defs>` + "\n")
	fmt.Fprintf(&b, `  <rect class="page" width="%d" height="%d"/>`+"\n", width, height)
	fmt.Fprintf(&b, `  <text class="title" x="%d" y="%d">estate %s</text>`+"\n", margin, margin, escape(name))
	for _, a := range d.arrows { // under the boxes, whose text stays readable where an arrow passes behind
		d.draw(&b, a)
	}
	for _, box := range d.boxes {
		box.draw(&b)
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// side is the room that links need on the right: they leave there and come back.
func (d *drawing) side() int {
	longest := -1
	for _, a := range d.arrows {
		if a.class == "link" {
			longest = max(longest, len(a.label))
		}
	}
	if longest < 0 {
		return 0
	}
	return bulge + int(char*float64(longest))
}

// bulge is how far a link goes out.
const bulge = 50

func (b *box) draw(w *bytes.Buffer) {
	fmt.Fprintf(w, `  <rect class="%s" x="%d" y="%d" width="%d" height="%d"/>`+"\n", b.class, b.x, b.y, b.width, b.height())
	text := func(i int, class, s string) {
		fmt.Fprintf(w, `  <text%s x="%d" y="%d">%s</text>`+"\n", class, b.x+pad, b.y+pad+line*i+13, escape(s))
	}
	text(0, ` class="title"`, b.title)
	for i, r := range b.rows {
		text(i+1, "", r.text)
	}
}

// draw leaves an arrow out of which one end is not in the picture.
func (d *drawing) draw(w *bytes.Buffer, a arrow) {
	from, ok := d.anchors[a.from]
	to, ok2 := d.anchors[a.to]
	if !ok || !ok2 {
		return
	}
	labelX, labelY, anchor := to.left-8, to.y-4, "end"
	if from.right < to.left {
		bend := (to.left - from.right) / 2
		fmt.Fprintf(w, `  <path class="%s" marker-end="url(#head)" d="M%d %dC%d %d %d %d %d %d"/>`+"\n",
			a.class, from.right, from.y, from.right+bend, from.y, to.left-bend, to.y, to.left, to.y)
	} else { // in the same column: around its right side
		fmt.Fprintf(w, `  <path class="%s" marker-start="url(#head)" marker-end="url(#head)" d="M%d %dC%d %d %d %d %d %d"/>`+"\n",
			a.class, from.right, from.y, from.right+bulge, from.y, to.right+bulge, to.y, to.right, to.y)
		labelX, labelY, anchor = to.right+bulge-4, (from.y+to.y)/2+4, "start"
	}
	if a.label != "" {
		fmt.Fprintf(w, `  <text class="label" text-anchor="%s" x="%d" y="%d">%s</text>`+"\n", anchor, labelX, labelY, escape(a.label))
	}
}

func escape(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // writing to memory does not fail
	return b.String()
}
