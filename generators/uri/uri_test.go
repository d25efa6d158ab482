package uri_test

import (
	"net/url"
	"testing"

	"github.com/mco-go/mco-go/generators/estate"
	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/uri"
)

func TestURIs(t *testing.T) {
	hosts := []estate.Endpoint{{Host: "192.0.2.1", Port: 5672}, {Host: "2001:db8::1", Port: 5671}}
	user := estate.User{Name: "a b", Secret: secret.New("s", "p:@/%$#")}
	rows := []struct{ name, got, want string }{
		{"no user", uri.AMQP(estate.User{}, hosts[0], "/"), "amqp://192.0.2.1:5672/%2F"},
		{"no password", uri.AMQP(estate.User{Name: "a"}, hosts[0], "shop"), "amqp://a@192.0.2.1:5672/shop"},
		{"every part holds any text", uri.AMQP(user, hosts[1], "/x y"), "amqp://a%20b:p%3A%40%2F%25%24%23@[2001:db8::1]:5671/%2Fx%20y"},
		{"several hosts", uri.Transport(user, hosts, ""), "rabbit://a%20b:p%3A%40%2F%25%24%23@192.0.2.1:5672,a%20b:p%3A%40%2F%25%24%23@[2001:db8::1]:5671/"},
	}
	for _, r := range rows {
		if r.got != r.want {
			t.Errorf("%s: %s, want %s", r.name, r.got, r.want)
		}
	}
}

// Whatever the parts hold, they are the parts that a reader finds.
func FuzzAMQP(f *testing.F) {
	f.Add("u", "p@ss", "/v")
	f.Fuzz(func(t *testing.T, name, pass, vhost string) {
		if name == "" {
			return
		}
		u, err := url.Parse(uri.AMQP(estate.User{Name: name, Secret: secret.New("s", pass)}, estate.Endpoint{Host: "192.0.2.1", Port: 1}, vhost))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := u.User.Password()
		if u.User.Username() != name || got != pass || u.Path != "/"+vhost || u.Host != "192.0.2.1:1" || u.RawQuery != "" || u.Fragment != "" {
			t.Errorf("%q %q %q read as %#v", name, pass, vhost, u)
		}
	})
}
