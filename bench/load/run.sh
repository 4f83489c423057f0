#!/usr/bin/env bash
# Puts load on `localllm serve` over loopback and reports what clients see; see --help. Needs the .NET SDK; Linux on x64.
set -euo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
dotnet build -c Release -v quiet --nologo ../../src/Server/LocalLlm.Server.csproj >&2
dotnet build -c Release -v quiet --nologo LocalLlm.Load.csproj >&2
exec bin/Release/net10.0/LocalLlm.Load "$@"
