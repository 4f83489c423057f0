using System.CommandLine;
using System.Text.Json.Nodes;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary>What <c>pull</c> and <c>push</c> have in common: their options, and a server that does it while progress is shown.</summary>
internal sealed class TransferFlags
{
    private readonly Option<bool> _insecure = new("--insecure") { Description = "Speak plain HTTP to the registry" };
    private readonly Option<string?> _limitRate = new("--limit-rate") { Description = "Most bytes a second: 500K, 2M", HelpName = "RATE" };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_insecure);
        command.Options.Add(_limitRate);
    }

    /// <summary>Has the server do it.</summary>
    /// <param name="host">The world.</param>
    /// <param name="result">Holds the options' values.</param>
    /// <param name="verb"><c>pull</c> or <c>push</c>.</param>
    /// <param name="model">Name of the model.</param>
    /// <param name="cancellationToken">Gives up, which ends it at the server too.</param>
    /// <exception cref="CommandLineException">An option is wrong, nobody listens there, or it fails.</exception>
    public async Task RunAsync(CliHost host, ParseResult result, string verb, string model, CancellationToken cancellationToken)
    {
        JsonObject request = new()
        {
            ["model"] = model,
            ["insecure"] = result.GetValue(_insecure),
            ["limit_rate"] = RateOf(result.GetValue(_limitRate)),
        };
        using ServerClient server = await ServerClient.ConnectOrStartAsync(host, cancellationToken);
        await TransferProgress.FollowAsync(host, server, verb, request, cancellationToken);
    }

    private static long? RateOf(string? text) =>
        text is null ? null
        : ByteSize.TryParse(text, out long bytes) ? bytes
        : throw new CommandLineException($"--limit-rate must be a number of bytes a second such as 500K or 2M, not '{text}'.");
}
