package management

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mco-go/mco-go/mco/config"
)

const secret = "s3cret-of-the-test"

// Answers of RabbitMQ 3.10.8, shortened.
var answers = map[string]string{
	"overview":     `{"node":"rabbit1@h","rabbitmq_version":"3.10.8"}`,
	"cluster-name": `{"name":"rabbit1@vm"}`,
	"nodes":        `[{"name":"rabbit2@h","type":"disc","running":false},{"name":"rabbit1@h","running":true,"partitions":["rabbit2@h"],"mem_alarm":true}]`,
	"health/checks/alarms": `{"status":"failed","reason":"There are alarms in effect in the cluster",
		"alarms":[{"node":"rabbit1@h","resource":"memory"}]}`,
	"connections": `{"page":1,"page_count":1,"items":[
		{"name":"127.0.0.1:58634 -> 127.0.0.1:23821","node":"rabbit1@h","peer_host":"127.0.0.1","peer_port":58634,"port":23821,"protocol":"STOMP 1.1",
		 "user":"mcollective","vhost":"/mcollective","connected_at":1795279618291},
		{"name":"x","protocol":"AMQP 0-9-1","peer_port":"undefined","connected_at":18446744073709551615}]}`,
	"queues": `{"page":1,"page_count":1,"items":[
		{"name":"plain","vhost":"/","type":"classic","node":"rabbit1@h"},
		{"name":"mirrored","vhost":"/","type":"classic","node":"rabbit1@h","slave_nodes":["rabbit2@h"],"synchronised_slave_nodes":[]},
		{"name":"lost","vhost":"/","type":"quorum","leader":"rabbit1@h","members":["rabbit1@h","rabbit2@h"],"online":["rabbit1@h"]},
		{"name":"whole","vhost":"/","type":"quorum","leader":"rabbit2@h","members":["rabbit1@h","rabbit2@h"],"online":["rabbit2@h","rabbit1@h"]}]}`,
	"consumers": `[{"queue":{"name":"plain","vhost":"/"},"channel_details":{"connection_name":"c1","node":"rabbit1@h"}},
		{"queue":{"name":"plain","vhost":"/"},"channel_details":{"connection_name":"c2","node":"rabbit2@h"}},
		{"queue":{"name":"gone","vhost":"/"},"channel_details":{"connection_name":"c3","node":"rabbit2@h"}},
		{"queue":{"name":"plain","vhost":"/"},"channel_details":[]}]`,
	"shovels":          `[{"name":"s","vhost":"/","node":"rabbit1@h","state":"terminated","reason":"{shutdown,\n   econnrefused}"}]`,
	"federation-links": `[{"node":"rabbit1@h","exchange":"e","upstream":"u","type":"exchange","vhost":"/","status":"running","uri":"amqp://h"}]`,
}

// fake answers as RabbitMQ does, whoever asks with the right password.
func fake(t *testing.T, answers map[string]string) *API {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); password != secret {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"not_authorised","reason":"Login failed"}`)
			return
		}
		text, ok := answers[strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/api/"), "/")]
		switch {
		case !ok:
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"error":"Object Not Found","reason":"Not Found"}`)
		case strings.HasSuffix(r.URL.Path, "alarms") && strings.Contains(text, "failed"):
			w.WriteHeader(http.StatusServiceUnavailable)
			fallthrough
		default:
			fmt.Fprint(w, text)
		}
	}))
	t.Cleanup(s.Close)
	return at(t, s.URL)
}

func at(t *testing.T, url string) *API {
	t.Helper()
	a, err := New(Options{Member: 1, URL: url, User: "monitor", Password: secret})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestLook(t *testing.T) {
	got, err := fake(t, answers).Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	both := []string{"rabbit1@h", "rabbit2@h"}
	want := &View{Cluster: "rabbit1@vm", Node: "rabbit1@h", Version: "3.10.8", Others: 1,
		Members: []Member{{Node: "rabbit1@h", Running: true, Partitions: []string{"rabbit2@h"}}, {Node: "rabbit2@h"}},
		Alarms:  []Alarm{{"rabbit1@h", "memory"}},
		Connections: []Connection{{Name: "127.0.0.1:58634 -> 127.0.0.1:23821", Peer: "127.0.0.1:58634", User: "mcollective", VHost: "/mcollective", Protocol: "STOMP 1.1",
			Node: "rabbit1@h", Port: 23821, Since: time.UnixMilli(1795279618291).UTC()}},
		Queues: Queues{Leaders: map[string]int{"rabbit1@h": 3, "rabbit2@h": 1}, Consumers: 2, Away: []Away{{"c2", "rabbit2@h", []string{"rabbit1@h"}}},
			Replicated: []Queue{
				{"lost", "/", "quorum", "", both, []string{"rabbit1@h"}},
				{"mirrored", "/", "mirrored", "rabbit1@h", both, []string{"rabbit1@h"}},
				{"whole", "/", "quorum", "rabbit2@h", both, both}}},
		Links: []Link{{"federation", "u -> e", "/", "rabbit1@h", "running", ""}, {"shovel", "s", "/", "rabbit1@h", "terminated", "{shutdown, econnrefused}"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got.At("rabbit1@h") != 1 || got.At("rabbit2@h") != 0 {
		t.Error("connections are counted at the wrong member")
	}
	if lacking := got.Queues.Replicated[1].Lacking(); !cmp.Equal(lacking, []string{"rabbit2@h"}) {
		t.Errorf("the mirror lacks %v", lacking)
	}
}

// A broker whose plugins for links are off has none; one without another page is not understood.
func TestMissingPages(t *testing.T) {
	for name := range answers {
		some := map[string]string{}
		for other, text := range answers {
			if other != name {
				some[other] = text
			}
		}
		v, err := fake(t, some).Look(t.Context())
		if link := name == "shovels" || name == "federation-links"; link != (err == nil) {
			t.Errorf("without %s: %v", name, err)
		} else if link && len(v.Links) != 1 {
			t.Errorf("without %s: %+v", name, v.Links)
		}
	}
}

// What a server does wrong ends in an error, in time and in bounds, and no error tells the password.
func TestBadServers(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect is followed") }))
	defer elsewhere.Close()
	ended := make(chan struct{})
	for _, tc := range []struct {
		name string
		do   http.HandlerFunc
		says string
	}{
		{"refuses", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }, "401"},
		{"sends us elsewhere", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, elsewhere.URL, http.StatusFound) }, "sends us elsewhere"},
		{"says nothing", func(w http.ResponseWriter, r *http.Request) { <-ended }, "no answer within 200ms"},
		{"does not end", func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, `{"name":"`)
			w.(http.Flusher).Flush()
			<-ended
		}, "no answer within 200ms"},
		{"is no RabbitMQ", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") }, "invalid character"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := httptest.NewServer(tc.do)
			a := at(t, s.URL)
			a.Timeout = 200 * time.Millisecond
			_, err := a.Look(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), secret) {
				t.Errorf("%v, want %q", err, tc.says)
			}
			if err := a.CloseConnection(t.Context(), "x", "y"); err != nil && strings.Contains(err.Error(), secret) {
				t.Error(err)
			}
		})
	}
	close(ended)
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		a := at(t, "http://h")
		if got := fmt.Sprintf(format+format+format, a, *a, a.Options); strings.Contains(got, secret) {
			t.Errorf("%s shows the password: %s", format, got)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fake(t, answers).Connections(ctx); err == nil {
		t.Error("asked after the end of the context")
	}
}

func TestBounds(t *testing.T) {
	long := &bounded{io.NopCloser(strings.NewReader("12345")), 4}
	if _, err := io.ReadAll(long); err != errTooLong {
		t.Errorf("five bytes of four: %v", err)
	}
	full := &bounded{io.NopCloser(strings.NewReader("1234")), 4}
	if raw, err := io.ReadAll(full); err != nil || string(raw) != "1234" {
		t.Errorf("four bytes of four: %q, %v", raw, err)
	}
	endless := map[string]string{"overview": answers["overview"]}
	for k, v := range answers {
		endless[k] = v
	}
	endless["connections"] = `{"page":1,"page_count":999999,"items":[]}`
	if _, err := fake(t, endless).Look(t.Context()); err == nil || !strings.Contains(err.Error(), "more than 100000 connections") {
		t.Errorf("pages without an end: %v", err)
	}
	if got := short(strings.Repeat("x ", 500)); len(got) > maxErrorRunes+4 {
		t.Errorf("%d bytes", len(got))
	}
}

func TestFromConfig(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mine, theirs := file("mine", secret+"\nrest\n", 0o600), file("theirs", secret, 0o640)
	empty, long := file("empty", "\n", 0o600), file("long", strings.Repeat("x", maxPasswordBytes+1), 0o600)
	const one = "plugin.mco.management.1."
	for _, tc := range []struct {
		name string
		cfg  []string
		want string // the URLs with user and password
		err  string
	}{
		{"none", nil, "", ""},
		{"a password", []string{one + "url = http://h:15672/", one + "user = u", one + "password = " + secret}, "1 http://h:15672 u", ""},
		{"a file", []string{one + "url = https://h", one + "user = u", one + "password_file = " + mine}, "1 https://h u", ""},
		{"the second member", []string{"plugin.mco.management.2.url = http://h/x", "plugin.mco.management.2.user = u", "plugin.mco.management.2.password = " + secret},
			"2 http://h/x u", ""},
		{"no url", []string{one + "user = u", one + "password = " + secret}, "", "url is not set"},
		{"no user", []string{one + "url = http://h", one + "password = " + secret}, "", "no user"},
		{"no password", []string{one + "url = http://h", one + "user = u"}, "", "neither password nor password_file"},
		{"two passwords", []string{one + "url = http://h", one + "user = u", one + "password = x", one + "password_file = " + mine}, "", "both set"},
		{"a file that others read", []string{one + "url = http://h", one + "user = u", one + "password_file = " + theirs}, "", "others than the owner"},
		{"an empty file", []string{one + "url = http://h", one + "user = u", one + "password_file = " + empty}, "", "no password in its first line"},
		{"a long file", []string{one + "url = http://h", one + "user = u", one + "password_file = " + long}, "", "larger than"},
		{"a folder", []string{one + "url = http://h", one + "user = u", one + "password_file = " + dir}, "", "no file"},
		{"a file that is not there", []string{one + "url = http://h", one + "user = u", one + "password_file = " + dir + "/none"}, "", "no such file"},
		{"a password in the URL", []string{one + "url = http://u:" + secret + "@h", one + "user = u", one + "password = x"}, "", "settings of their own"},
		{"no host", []string{one + "url = http://", one + "user = u", one + "password = x"}, "", "not http://HOST:PORT"},
		{"no authorities", []string{one + "url = https://h", one + "user = u", one + "password = x", one + "ca = " + mine}, "", "no certificate"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := file("client.cfg", strings.Join(append(tc.cfg, ""), "\n"), 0o600)
			cfg, err := config.Load(path, config.Client)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range cfg.Warnings {
				if strings.Contains(w.Text, "management") {
					t.Errorf("warns: %s", w.Text)
				}
			}
			all, err := FromConfig(cfg)
			var got []string
			for _, a := range all {
				got = append(got, fmt.Sprint(a.Member, " ", a.URL, " ", a.User))
				if a.Password != secret {
					t.Error("another password")
				}
			}
			switch {
			case strings.Join(got, ",") != tc.want:
				t.Errorf("%v, want %q", got, tc.want)
			case tc.err == "" && err != nil, tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err) || strings.Contains(err.Error(), secret)):
				t.Errorf("%v, want %q", err, tc.err)
			}
		})
	}
}

// always answers every question with the same bytes.
type always []byte

func (a always) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Request: r, Body: io.NopCloser(bytes.NewReader(a)), Header: http.Header{}}, nil
}

func FuzzLook(f *testing.F) {
	for _, text := range answers {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := New(Options{URL: "http://h", User: "u", Password: secret})
		if err != nil {
			t.Fatal(err)
		}
		a.transport = always(raw)
		v, err := a.Look(t.Context())
		if (v == nil) != (err != nil) {
			t.Fatalf("%v, %v", v, err)
		}
		if _, err := a.Connections(t.Context()); err != nil && strings.Contains(err.Error(), secret) {
			t.Fatal(err)
		}
	})
}
