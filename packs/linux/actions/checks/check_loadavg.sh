#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_loadavg.sh [1|5|15|all]: the load of this machine, for each processor too.
set -eu

period=${1:-all}
read -r one five fifteen rest </proc/loadavg
processors=$(grep -c '^processor' /proc/cpuinfo || true)
[ "$processors" -gt 0 ] || processors=1

show() {
    awk -v minutes="$1" -v load="$2" -v n="$processors" \
        'BEGIN { printf "%s min load per core: %.2f (load %.2f, cores %d)\n", minutes, load / n, load, n }'
}

case $period in
1) show 1 "$one" ;;
5) show 5 "$five" ;;
15) show 15 "$fifteen" ;;
all)
    show 1 "$one"
    show 5 "$five"
    show 15 "$fifteen"
    ;;
*)
    echo "The period is 1, 5, 15 or all, not $period ($rest)" >&2
    exit 2
    ;;
esac
