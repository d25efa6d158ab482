package security

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/hex"
)

// NewRequestID makes a request id as the original does (message.rb, create_reqid): the 32 hexadecimal digits of a UUID of version 5
// whose name is random.
func NewRequestID() string {
	var name [16]byte
	rand.Read(name[:]) // never fails
	id := uuid5(hex.EncodeToString(name[:]))
	return hex.EncodeToString(id[:])
}

// uuid5 returns the UUID of a name in the name space of DNS (ssl.rb, uuid; RFC 9562, 5.5).
func uuid5(name string) [16]byte {
	dns := [16]byte{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}
	sum := sha1.Sum(append(dns[:], name...))
	id := [16]byte(sum[:16])
	id[6] = id[6]&0x0f | 0x50
	id[8] = id[8]&0x3f | 0x80
	return id
}
