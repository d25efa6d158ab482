#!/bin/bash
# Prepares the folder $1 for an agent of Puppet's that needs no server: a certificate of its own authority, and a cached catalog that
# is compiled from the manifest on standard input.
set -euo pipefail
cd "$1"
name=node.example.net
mkdir -p ssl/certs ssl/private_keys ssl/public_keys ssl/certificate_requests var/client_data/catalog
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ssl/certs/ca.pem -days 2 -subj "/CN=ca" \
	-addext basicConstraints=critical,CA:true -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -newkey rsa:2048 -nodes -keyout "ssl/private_keys/$name.pem" -subj "/CN=$name" -out request.csr
openssl x509 -req -in request.csr -CA ssl/certs/ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "ssl/certs/$name.pem"
cat >puppet.conf <<END
[main]
confdir = $1
vardir = $1/var
rundir = $1/run
publicdir = $1/public
logdir = $1/log
ssldir = $1/ssl
certname = $name
certificate_revocation = false
[agent]
use_cached_catalog = true
pluginsync = false
report = false
server = localhost
serverport = 1
END
cat >site.pp
puppet catalog compile "$name" --config "$1/puppet.conf" --manifest "$1/site.pp" --render-as json |
	sed -n '/^{/,$p' >"var/client_data/catalog/$name.json"
