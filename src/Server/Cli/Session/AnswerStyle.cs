namespace LocalLlm.Server.Cli.Session;

/// <summary>How answers are printed.</summary>
internal sealed record AnswerStyle
{
    /// <summary>Columns to wrap words at; null leaves lines to the terminal.</summary>
    public Func<int>? WrapColumns { get; init; }

    /// <summary>Whether a person reads it on a terminal that knows colours.</summary>
    public bool HasColours { get; init; }

    /// <summary>Whether what the model thinks is left out.</summary>
    public bool HidesThinking { get; init; }

    /// <summary>Whether timings follow on standard error.</summary>
    public bool IsVerbose { get; init; }

    /// <summary>The style of a run: words are wrapped and colours used on a terminal alone, so that no file or pipe gets escape sequences.</summary>
    public static AnswerStyle For(CliHost host, bool wraps, bool hidesThinking, bool verbose) => new()
    {
        WrapColumns = wraps && KnowsEscapes(host) ? host.TerminalColumns : null,
        HasColours = KnowsEscapes(host),
        HidesThinking = hidesThinking,
        IsVerbose = verbose,
    };

    /// <summary>Whether the output is a terminal that knows escape sequences: on Windows its newer one, elsewhere any that is not <c>dumb</c>.</summary>
    public static bool KnowsEscapes(CliHost host) =>
        host.OutputIsTerminal && (OperatingSystem.IsWindows() ? host.Variable("WT_SESSION") is { Length: > 0 } : host.Variable("TERM") is { Length: > 0 } and not "dumb");
}
