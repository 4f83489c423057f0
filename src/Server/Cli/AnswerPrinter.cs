using System.Diagnostics;
using System.Text;
using LocalLlm.Engine;

namespace LocalLlm.Server.Cli;

/// <summary>Prints answers as they are generated.</summary>
/// <param name="host">Where to.</param>
/// <param name="engine">The model.</param>
/// <param name="verbose">Whether timings follow on standard error.</param>
internal sealed class AnswerPrinter(CliHost host, ITextEngine engine, bool verbose)
{
    /// <summary>Generates and prints one answer, followed by an empty line.</summary>
    /// <param name="request">What to answer.</param>
    /// <param name="load">Time that loading the model took just before; zero if it was there.</param>
    /// <param name="cancellationToken">Ends the answer.</param>
    /// <returns>The answer's text.</returns>
    /// <exception cref="OperationCanceledException">The answer was ended; what was printed of it stays.</exception>
    public async Task<string> PrintAsync(GenerationRequest request, TimeSpan load, CancellationToken cancellationToken)
    {
        StringBuilder answer = new();
        long started = Stopwatch.GetTimestamp();
        await foreach (GenerationEvent item in engine.GenerateAsync(request, cancellationToken))
        {
            switch (item)
            {
                case TextDelta delta:
                    host.Out.Write(delta.Text);
                    host.Out.Flush();
                    answer.Append(delta.Text);
                    break;
                case GenerationFinished finished:
                    host.Out.Write("\n\n");
                    host.Out.Flush();
                    Report(finished, load, load + Stopwatch.GetElapsedTime(started));
                    break;
            }
        }
        return answer.ToString();
    }

    private void Report(GenerationFinished finished, TimeSpan load, TimeSpan total)
    {
        if (finished.Truncation is { } truncation)
        {
            host.Error.WriteLine(
                $"Warning: the conversation is longer than the context of {engine.Description.ContextLength} tokens: {truncation.DroppedTokens} tokens were dropped. Ask for more with --ctx.");
        }
        if (verbose)
        {
            Timings.Write(host.Error, total, load, finished.Usage);
        }
    }
}
