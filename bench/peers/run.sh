#!/usr/bin/env bash
# Measures this engine and llama.cpp side by side, alternating, and writes docs/benchmarks/. Needs the .NET SDK and npm; see --help.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build -c Release -v quiet --nologo ../../src/Server/LocalLlm.Server.csproj >&2
dotnet build -c Release -v quiet --nologo LocalLlm.Peers.csproj >&2
exec bin/Release/net10.0/LocalLlm.Peers "$@"
