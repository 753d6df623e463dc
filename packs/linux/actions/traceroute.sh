#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# traceroute.sh HOST [HOPS [QUERIES]]
set -eu

host=${1:?the host to reach is missing} hops=${2:-30} queries=${3:-3}
traceroute=$(command -v traceroute || true)
if [ -z "$traceroute" ]; then
    echo "traceroute is not installed on this machine." >&2
    exit 2
fi
exec "$traceroute" -q "$queries" -m "$hops" -- "$host"
