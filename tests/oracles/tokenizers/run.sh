#!/usr/bin/env bash
# Compares LocalLlm's tokenizers with published ones, run by their own JavaScript library. Needs node 20, npm and its registry.
# Arguments are handed to `dotnet test` (for example --no-build).
set -euo pipefail

expected=3 # test cases: one for each model of generate.mjs
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
project=$here/../../Engine/LocalLlm.Engine.Tests.csproj

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here"/package.json "$here"/*.mjs "$work"
(
  cd "$work"
  npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel=error
  node generate.mjs "$work/cases"
)

LOCALLLM_ORACLES=$work/cases dotnet test "$project" -c Release --nologo --filter FullyQualifiedName~Tokenization.OracleTests \
  --logger "trx;LogFileName=oracles.trx" --results-directory "$work/results" "$@"

passed=$(sed -n 's/.*<Counters .*passed="\([0-9]*\)".*/\1/p' "$work/results/oracles.trx")
if [ "${passed:-0}" -lt "$expected" ]; then
  echo "Only ${passed:-0} of $expected tokenizer oracles ran." >&2
  exit 1
fi
echo "$passed tokenizers agree with their own library."
