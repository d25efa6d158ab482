package rabbitmq

import (
	"errors"

	"github.com/mco-go/mco-go/generators/secret"
	"github.com/mco-go/mco-go/generators/target"
)

// cookie writes the secret by which Erlang nodes know one another. Erlang takes the whole file for it: there is no remark and no line
// end.
func (w *writer) cookie() {
	cookie := w.group.Cookie
	if !cookie.Set() {
		return
	}
	path := home + ".erlang.cookie"
	if err := cookie.Fits(secret.Cookie); err != nil {
		w.unrepresentable(cookie, path, err)
		return
	}
	w.add(target.File{Kind: target.Cookie, Path: path, Owner: "rabbitmq", Group: "rabbitmq", Mode: 0o400, Content: []byte(cookie.Reveal()),
		Order: orderCookie, Secrets: []secret.Value{cookie}, Service: target.Action{Service: "rabbitmq", How: target.Manual},
		Check: func(content []byte) error {
			if string(content) != cookie.Reveal() {
				return errors.New("it holds another cookie than the group's")
			}
			return nil
		}})
}
