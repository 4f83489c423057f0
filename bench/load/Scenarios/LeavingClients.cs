using System.Diagnostics;
using System.Net.Sockets;
using LocalLlm.Load.Http;
using LocalLlm.Load.Prompts;

namespace LocalLlm.Load.Scenarios;

/// <summary>Clients that leave at a random moment.</summary>
/// <param name="server">Where they ask.</param>
/// <param name="prompts">What they ask.</param>
/// <param name="expected">The answers to the prompts.</param>
/// <param name="seed">Of the moments.</param>
internal sealed class LeavingClients(TargetServer server, PromptCase[] prompts, StreamedAnswer[] expected, int seed)
{
    // In percent: after connecting, with half of the request sent, with all of it, in the middle of the answer; the rest stay to the end.
    private const int Silent = 5, Half = 15, Sent = 50, Middle = 85;
    private const int MostMilliseconds = 60;

    private readonly Random _random = new(seed);
    private readonly int[] _counts = new int[Moments.Count];
    private int _begun;
    private int _wrong;

    /// <summary>When they leave.</summary>
    public static IReadOnlyList<string> Moments { get; } = ["left after connecting", "with half sent", "before headers", "in the answer", "read to the end"];

    /// <summary>How many did so at each of the moments.</summary>
    public IReadOnlyList<int> Counts => _counts;

    /// <summary>Requests begun.</summary>
    public int Begun => _begun;

    /// <summary>Answers that were read to their end and were not what they should be.</summary>
    public int Wrong => _wrong;

    /// <summary>One client.</summary>
    public async Task RunOneAsync(CancellationToken cancellationToken)
    {
        int moment, wait, items, number;
        bool reset;
        lock (_random)
        {
            moment = _random.Next(100) switch { < Silent => 0, < Half => 1, < Sent => 2, < Middle => 3, _ => 4 };
            (wait, items, number, reset) = (_random.Next(MostMilliseconds), _random.Next(1, prompts[0].Generate), _random.Next(prompts.Length), _random.Next(2) == 0);
        }
        Interlocked.Increment(ref _begun);
        Interlocked.Increment(ref _counts[moment]);
        if (moment == 4)
        {
            StreamedAnswer answer = await server.GenerateAsync(prompts[number], cancellationToken);
            Interlocked.Add(ref _wrong, answer.IsFinished && answer.Equals(expected[number]) ? 0 : 1);
            return;
        }
        try
        {
            using ApiConnection connection = await ApiConnection.OpenAsync(server.EndPoint, null, cancellationToken);
            await LeaveAsync(connection, moment, ApiConnection.RequestBytes(server.EndPoint, "/api/generate", prompts[number].Body(server.Model)), wait, items, cancellationToken);
            if (reset)
            {
                connection.ResetOnClose();
            }
        }
        catch (SocketException)
        {
            // The server may close a connection whose request it cannot read first.
        }
    }

    private static async Task LeaveAsync(ApiConnection connection, int moment, byte[] request, int wait, int items, CancellationToken cancellationToken)
    {
        switch (moment)
        {
            case 0:
                break;
            case 1:
                await connection.SendAsync(request.AsMemory(0, request.Length / 2), cancellationToken);
                break;
            case 2:
                await connection.SendAsync(request, cancellationToken);
                await Task.Delay(wait, cancellationToken);
                break;
            default:
                await connection.SendAsync(request, cancellationToken);
                await connection.ReadAsync(new StreamedAnswer { Begun = Stopwatch.GetTimestamp() }, items, cancellationToken);
                break;
        }
    }
}
