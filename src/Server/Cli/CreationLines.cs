using System.Text.Json;

namespace LocalLlm.Server.Cli;

/// <summary>Shows the statuses of a creation on standard error: each once, and for a person how far it is.</summary>
/// <param name="host">Gets them.</param>
internal sealed class CreationLines(CliHost host) : IDisposable
{
    private string? _last;
    private ProgressLine? _progress;

    /// <summary>Whether the last status was that of success.</summary>
    public bool Succeeded => _last == "success";

    /// <summary>Shows a line of the server's answer.</summary>
    public void Take(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("status", out JsonElement text) || text.GetString() is not { } status)
        {
            return;
        }
        if (status != _last)
        {
            _progress?.Dispose();
            _progress = null;
            host.Error.WriteLine(status);
            _last = status;
        }
        if (item.TryGetProperty("total", out JsonElement total) && item.TryGetProperty("completed", out JsonElement completed))
        {
            _progress ??= new ProgressLine(host, status, total.GetInt64());
            _progress.Report(completed.GetInt64());
        }
    }

    /// <summary>Clears the progress.</summary>
    public void Dispose() => _progress?.Dispose();
}
