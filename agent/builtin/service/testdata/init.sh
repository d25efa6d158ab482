#!/bin/sh
### BEGIN INIT INFO
# Provides:          @NAME@
# Required-Start:
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
# Short-Description: a service of a test
### END INIT INFO
pidfile=@DIR@/pid
case $1 in
start) start-stop-daemon --start --background --make-pidfile --pidfile "$pidfile" --exec /bin/sleep -- 300 ;;
stop) start-stop-daemon --stop --retry 5 --pidfile "$pidfile" --remove-pidfile ;;
restart) "$0" stop && "$0" start ;;
status) start-stop-daemon --status --pidfile "$pidfile" ;;
*) exit 2 ;;
esac
