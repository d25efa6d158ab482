package rabbitmq

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/mco-go/mco-go/generators/version"
)

// PasswordHash returns the name of the algorithm that a version takes by default and the hash of a password: four bytes of salt and the
// digest of salt and password, in base64 (rabbit_password.erl). The salt comes from the password, the estate and the user, so that the same
// estate gives the same bytes.
func PasswordHash(v version.Version, estate, user, password string) (algorithm, hash string) {
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write([]byte(estate + "\x00" + user))
	salt := mac.Sum(nil)[:4]
	salted := slices.Concat(salt, []byte(password))
	if v.Below(3, 6) {
		sum := md5.Sum(salted) // the only one that these versions have
		return "rabbit_password_hashing_md5", base64.StdEncoding.EncodeToString(slices.Concat(salt, sum[:]))
	}
	sum := sha256.Sum256(salted)
	return "rabbit_password_hashing_sha256", base64.StdEncoding.EncodeToString(slices.Concat(salt, sum[:]))
}
