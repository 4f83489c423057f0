using System.Text;
using LocalLlm.Server.Cli.Session;

namespace LocalLlm.Server.Cli;

/// <summary>Prints answers as they are generated.</summary>
/// <param name="host">Where to.</param>
/// <param name="style">How.</param>
internal sealed class AnswerPrinter(CliHost host, AnswerStyle style)
{
    private const string ThinkingBegins = "Thinking...";
    private const string ThinkingEnds = "...done thinking.";

    private readonly StringBuilder _text = new();
    private readonly StringBuilder _thinking = new();
    private WordWrap _wrap = new(host.Out, style.WrapColumns);
    private bool _thinks;

    /// <summary>Prints one answer, followed by an empty line.</summary>
    /// <param name="parts">The answer.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    /// <returns>The answer.</returns>
    /// <exception cref="OperationCanceledException">The answer was ended; what was printed of it stays.</exception>
    public async Task<SessionMessage> PrintAsync(IAsyncEnumerable<AnswerPart> parts, CancellationToken cancellationToken)
    {
        _text.Clear();
        _thinking.Clear();
        _wrap = new WordWrap(host.Out, style.WrapColumns);
        AnswerEnd? end = null;
        using WaitSign wait = new(host, TimeProvider.System);
        try
        {
            await foreach (AnswerPart part in parts.WithCancellation(cancellationToken))
            {
                wait.Dispose();
                Print(part);
                end = part.End ?? end;
            }
        }
        finally
        {
            if (_thinks)
            {
                Colour(Ansi.Plain);
                _thinks = false;
            }
        }
        host.Out.Write("\n\n");
        host.Out.Flush();
        Report(end ?? throw new CommandLineException("the answer broke off: the server said no more"));
        return new SessionMessage("assistant", _text.ToString()) { Thinking = _thinking.ToString() };
    }

    private void Print(AnswerPart part)
    {
        if (part.Thinking.Length > 0 && !style.HidesThinking)
        {
            BeginThinking();
            _wrap.Write(part.Thinking);
        }
        _thinking.Append(part.Thinking);
        if (part.Text.Length > 0)
        {
            EndThinking();
            _wrap.Write(part.Text);
            _text.Append(part.Text);
        }
        foreach (string call in part.ToolCalls)
        {
            EndThinking();
            _wrap.Write($"(The model wants to call the tool '{call}', which run does not have.)\n");
        }
        host.Out.Flush();
    }

    private void BeginThinking()
    {
        if (!_thinks)
        {
            _thinks = true;
            Colour(Ansi.Grey);
            _wrap.Write(ThinkingBegins + "\n");
        }
    }

    private void EndThinking()
    {
        if (_thinks)
        {
            _thinks = false;
            _wrap.Write((_thinking.Length > 0 && _thinking[^1] == '\n' ? "" : "\n") + ThinkingEnds + "\n\n");
            Colour(Ansi.Plain);
        }
    }

    private void Colour(string sequence)
    {
        if (style.HasColours)
        {
            host.Out.Write(sequence);
        }
    }

    private void Report(AnswerEnd end)
    {
        if (end.DroppedTokens > 0)
        {
            string size = end.ContextLength is { } length ? $" of {length} tokens" : "";
            host.Error.WriteLine($"Warning: the conversation is longer than the context{size}: {end.DroppedTokens} tokens were dropped. Ask for more with --ctx.");
        }
        if (style.IsVerbose)
        {
            Timings.Write(host.Error, end.Total, end.Load, end.Usage);
        }
    }
}
