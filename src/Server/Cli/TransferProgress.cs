using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli;

/// <summary>
/// Shows on standard error what a server tells of a pull or push. On a terminal each step has a line: a bar where there are bytes to count, a spinner where
/// there are none; only the last line changes. Elsewhere there is a line for each step and each blob that is there, without control characters, and now and
/// then one for a blob that takes long.
/// </summary>
internal sealed class TransferProgress : IDisposable
{
    private const string Frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";
    private const string ClearRest = "\e[K";

    private static readonly TimeSpan s_frame = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_plainPause = TimeSpan.FromSeconds(15);

    private readonly CliHost _host;
    private readonly TimeProvider _time;
    private readonly bool _draws;
    private readonly ITimer? _redraw;
    private readonly Lock _lock = new();
    private string? _status;
    private long _completed;
    private long _total;
    private TransferRate _rate;
    private long _saidAt;
    private bool _done;
    private int _frame;

    /// <summary>Nothing is shown until the server tells something.</summary>
    /// <param name="host">The world.</param>
    /// <param name="time">The clock.</param>
    public TransferProgress(CliHost host, TimeProvider time)
    {
        (_host, _time, _rate) = (host, time, new TransferRate(time));
        _draws = host.ErrorIsTerminal && host.Variable("TERM") != "dumb";
        _redraw = _draws ? time.CreateTimer(_ => Redraw(), null, s_frame, s_frame) : null;
    }

    /// <summary>Whether the last status was that of success.</summary>
    public bool Succeeded { get; private set; }

    /// <summary>Has a server pull or push a model, and shows it.</summary>
    /// <param name="host">The world.</param>
    /// <param name="server">The server.</param>
    /// <param name="verb"><c>pull</c> or <c>push</c>.</param>
    /// <param name="request">What is asked of it.</param>
    /// <param name="cancellationToken">Gives up, which ends it at the server too.</param>
    /// <exception cref="CommandLineException">It fails.</exception>
    public static async Task FollowAsync(CliHost host, ServerClient server, string verb, JsonObject request, CancellationToken cancellationToken)
    {
        using TransferProgress progress = new(host, TimeProvider.System);
        await server.FollowAsync($"api/{verb}", request.ToJsonString(), progress.Take, cancellationToken);
        if (!progress.Succeeded)
        {
            throw new CommandLineException($"the server at {server.Address} ended in the middle of its answer: see its log, then {verb} again to go on where it stopped");
        }
    }

    /// <summary>Shows a line of the server's answer.</summary>
    public void Take(JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("status", out JsonElement text) || text.GetString() is not { } status)
        {
            return;
        }
        lock (_lock)
        {
            if (status != _status)
            {
                EndStep();
                (_status, _completed, _total, _done, _rate, _saidAt) = (status, 0, 0, false, new TransferRate(_time), _time.GetTimestamp());
                Succeeded = status == "success";
                if (!_draws && !item.TryGetProperty("digest", out _))
                {
                    _host.Error.WriteLine(status);
                }
            }
            (_completed, _total) = (Number(item, "completed"), Number(item, "total"));
            _rate.Add(_completed);
            SayPlainly();
        }
    }

    /// <summary>Ends the line that is being changed.</summary>
    public void Dispose()
    {
        _redraw?.Dispose();
        lock (_lock)
        {
            EndStep();
            _status = null;
        }
    }

    private static long Number(JsonElement item, string name) => item.TryGetProperty(name, out JsonElement value) && value.TryGetInt64(out long number) ? number : 0;

    private void Redraw()
    {
        lock (_lock)
        {
            if (_status is not null)
            {
                Draw();
            }
        }
    }

    /// <summary>Draws the line of the step, over what it was.</summary>
    private void Draw()
    {
        int columns = Math.Max(20, _host.TerminalColumns() - 1);
        string line = _total > 0 ? TransferBar.Line(_status!, _completed, _total, _rate.BytesPerSecond, columns) : $"{_status} {Frames[_frame++ % Frames.Length]}";
        _host.Error.Write($"\r{line}{ClearRest}");
    }

    /// <summary>Leaves the line of the step as it ends.</summary>
    private void EndStep()
    {
        if (_status is null || !_draws)
        {
            return;
        }
        if (_total > 0)
        {
            Draw();
            _host.Error.Write("\n");
        }
        else
        {
            _host.Error.Write($"\r{_status}{ClearRest}\n");
        }
    }

    private void SayPlainly()
    {
        if (_draws || _total == 0 || _done)
        {
            return;
        }
        _done = _completed >= _total;
        if (_done || _time.GetElapsedTime(_saidAt) >= s_plainPause)
        {
            _saidAt = _time.GetTimestamp();
            _host.Error.WriteLine(TransferBar.Plain(_status!, _completed, _total));
        }
    }
}
