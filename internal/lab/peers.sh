#!/bin/bash
# The programs that the laboratory talks to: which are missing, and (on Debian, as root) their installation.
#
#   peers.sh missing      prints the packages that are not there, one per line
#   peers.sh install      installs them where that can be done; in CI (CI=true) it fails when one is still missing
#   peers.sh has-race     succeeds where the race detector can be linked
#   peers.sh report FILE  prints what FILE says was not run; in CI it fails when there is anything
set -euo pipefail

ci() { [ "${CI:-}" = true ]; }

# One line per peer: the package, and a file that proves it.
peers='
ruby                /usr/bin/ruby
mcollective         /usr/sbin/mcollectived
mcollective-client  /usr/bin/mco
ruby-stomp          /usr/lib/ruby/vendor_ruby/stomp.rb
rabbitmq-server     /usr/lib/rabbitmq/lib
activemq            /usr/share/activemq/bin/activemq.jar
puppet-agent        /usr/bin/puppet
puppet-lint         /usr/bin/puppet-lint
facter              /usr/bin/facter
haproxy             /usr/sbin/haproxy
keepalived          /usr/sbin/keepalived
socat               /usr/bin/socat
corosync            /usr/sbin/corosync
pacemaker           /usr/sbin/pacemakerd
pacemaker-cli-utils /usr/sbin/crm_simulate
resource-agents     /usr/lib/ocf/resource.d/heartbeat/Filesystem
crmsh               /usr/sbin/crm
drbd-utils          /usr/sbin/drbdadm
shellcheck          /usr/bin/shellcheck
iptables            /usr/sbin/iptables-restore
nftables            /usr/sbin/nft
iproute2            /usr/bin/ip
procps              /usr/sbin/sysctl
strace              /usr/bin/strace
chromium            /usr/bin/chromium
python3-oslo.messaging /usr/lib/python3/dist-packages/oslo_messaging
'

missing() {
	local package proof
	while read -r package proof; do
		[ -z "$package" ] || [ -e "$proof" ] || echo "$package"
	done <<<"$peers"
	if ! has_race; then
		echo gcc
		echo libc6-dev
	fi
}

has_race() {
	command -v "${CC:-gcc}" >/dev/null && echo 'int main(void){return 0;}' | "${CC:-gcc}" -x c -o /dev/null - 2>/dev/null
}

install() {
	local want
	want=$(missing)
	[ -n "$want" ] || return 0
	if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && [ -e /etc/debian_version ]; then
		echo "installing" $want
		export DEBIAN_FRONTEND=noninteractive
		# RUNLEVEL=1: the packages' services stay off, also where no policy-rc.d says so.
		export RUNLEVEL=1
		# Slim images lack the folder that Java's alternatives link into.
		mkdir -p /usr/share/man/man1
		local apt=(apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
		"${apt[@]}" update </dev/null || true # an old list may still do
		# shellcheck disable=SC2086
		"${apt[@]}" install -y --no-install-recommends $want </dev/null >/dev/null || true
		want=$(missing)
		[ -n "$want" ] || return 0
	fi
	echo "missing peers:" $want >&2
	! ci
}

report() {
	[ -s "$1" ] || return 0
	echo "not run, because a peer is missing:"
	sort -u "$1" | sed 's/^/  /'
	! ci
}

case "${1:-}" in
missing) missing ;;
install) install ;;
has-race) has_race ;;
report) report "$2" ;;
*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
