#!/usr/bin/env bash
# What the action runs: `ntsim explore` with the inputs that the environment has. Without scenarios and a control code, the
# driver is loaded, started, asked everything once and unloaded (`ntsim run`).
set -euo pipefail

arguments=()
while IFS= read -r rule; do
    [ -z "$rule" ] || arguments+=(--allow "$rule")
done <<<"${ALLOW-}"
arguments+=(--sarif "${SARIF:?}")

if [ -z "${SCENARIOS-}" ] && [ -z "${IOCTL-}" ]; then
    exec ntsim run "${DRIVER:?}" "${arguments[@]}"
fi

while IFS= read -r file; do
    [ -z "$file" ] || arguments+=(--scenario "$file")
done <<<"${SCENARIOS-}"
if [ -n "${IOCTL-}" ]; then
    arguments+=(--ioctl "$IOCTL" --input "${INPUT-}" --output "${OUTPUT:-0}")
fi
exec ntsim explore "${DRIVER:?}" --keep-going --seconds "${SECONDS_EACH:-5}" "${arguments[@]}"
