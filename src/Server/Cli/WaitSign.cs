using LocalLlm.Server.Cli.Session;

namespace LocalLlm.Server.Cli;

/// <summary>A sign of life on standard error while a model is loaded or reads a prompt, which nobody can say how long will take. Only for terminals; it is gone when the wait is over.</summary>
internal sealed class WaitSign : IDisposable
{
    private const string Frames = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

    // Shorter waits show nothing: a flicker helps nobody.
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan s_frame = TimeSpan.FromMilliseconds(100);

    private readonly CliHost _host;
    private readonly string _what;
    private readonly Lock _lock = new();
    private readonly ITimer? _timer;
    private int _frame;
    private bool _over;

    /// <summary>Begins to wait.</summary>
    /// <param name="host">The world.</param>
    /// <param name="time">The clock.</param>
    /// <param name="what">What is waited for; empty for the sign alone.</param>
    public WaitSign(CliHost host, TimeProvider time, string what = "")
    {
        (_host, _what) = (host, what);
        _timer = host.ErrorIsTerminal && AnswerStyle.KnowsEscapes(host) ? time.CreateTimer(_ => Draw(), null, s_patience, s_frame) : null;
    }

    /// <summary>The wait is over; may be said again.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (!_over && _frame > 0)
            {
                _host.Error.Write($"\r{Ansi.EraseLine}");
            }
            _over = true;
        }
        _timer?.Dispose();
    }

    private void Draw()
    {
        lock (_lock)
        {
            if (!_over)
            {
                _host.Error.Write($"\r{(_what.Length > 0 ? $"{_what} " : "")}{Frames[_frame++ % Frames.Length]}{Ansi.EraseLine}");
            }
        }
    }
}
