#!/usr/bin/env bash
# Compares LocalLlm's Go templates with Go's own text/template, on small templates for every construct and on the shapes of published ones.
# Needs Debian's golang-go, and installs it. Arguments are handed to `dotnet test` (for example --no-build); with --write alone the
# committed vectors are written anew instead.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$here/../../Engine/LocalLlm.Engine.Tests.csproj
vectors=$here/../../Vectors/gotemplates

if ! command -v go >/dev/null; then
  sudo=$([ "$(id -u)" -eq 0 ] || echo sudo)
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends golang-go >/dev/null
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/cases/gotemplates"
(cd "$here" && GOFLAGS=-mod=mod GOTOOLCHAIN=local GOCACHE="$work/cache" CGO_ENABLED=0 go build -o "$work/oracle" .)
if [ "${1:-}" = --write ]; then
  "$work/oracle" "$here" "$vectors"
  exit
fi
"$work/oracle" "$here" "$work/cases/gotemplates"

LOCALLLM_ORACLES=$work/cases dotnet test "$project" -c Release --nologo --filter FullyQualifiedName~Templates.Go.GoRenderingCaseTests \
  --logger "trx;LogFileName=oracles.trx" --results-directory "$work/results" "$@"

# Each line with an id is one test case, once of this run and once of the committed vectors.
expected=$(cat "$work"/cases/gotemplates/*.jsonl "$vectors"/*.jsonl | grep -c '"id":')
passed=$(sed -n 's/.*<Counters .*passed="\([0-9]*\)".*/\1/p' "$work/results/oracles.trx")
if [ "${passed:-0}" -lt "$expected" ]; then
  echo "Only ${passed:-0} of $expected cases ran." >&2
  exit 1
fi
echo "$passed renderings agree with $(go version)."
