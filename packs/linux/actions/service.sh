#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# service.sh ACT SERVICE
set -eu

act=${1:-} service=${2:-}
if [ -z "$act" ] || [ -z "$service" ]; then
    echo "Both what to do and the name of the service are needed." >&2
    exit 2
fi
if command -v systemctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
    exec systemctl --no-pager "$act" "$service"
fi
exec service "$service" "$act"
