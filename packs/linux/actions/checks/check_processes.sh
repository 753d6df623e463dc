#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# check_processes.sh [state|name|pid] CRITERIA: the processes whose state, name or number is CRITERIA, as a JSON object
# from number to {name, state, owner, memory, command}. The state is a letter as ps shows it (R, S, D, Z ...).
set -eu

search=${1:-name} criteria=${2:-}
case $search in
state | name | pid) ;;
*)
    echo "Processes are searched by state, name or pid, not by $search" >&2
    exit 2
    ;;
esac

ps -eo pid=,stat=,user:32=,rss=,comm=,args= | awk -v by="$search" -v want="$criteria" -v self="$$" '
function quoted(text) {
    gsub(/\\/, "\\\\", text)
    gsub(/"/, "\\\"", text)
    gsub(/[\001-\037]/, " ", text)
    return "\"" text "\""
}
BEGIN { printf "{" }
{
    pid = $1; state = substr($2, 1, 1); name = $5
    if (pid == self) next
    if (by == "pid" && pid != want) next
    if (by == "state" && state != want) next
    if (by == "name" && want != "" && name !~ want) next
    command = $0
    sub(/^ *[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ +[^ ]+ */, "", command)
    printf "%s\"%s\": {\"name\": %s, \"state\": %s, \"owner\": %s, \"memory\": %d, \"command\": %s}", (n++ ? ", " : ""), pid, \
        quoted(name), quoted(state), quoted($3), $4 * 1024, quoted(command)
}
END { print "}" }'
