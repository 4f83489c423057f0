using System.CommandLine;
using LocalLlm.Load.Prompts;
using LocalLlm.Load.Results;
using LocalLlm.Load.Scenarios;

namespace LocalLlm.Load;

/// <summary>The command line of <c>bench/load/run.sh</c>.</summary>
internal static class LoadCommand
{
    private const int AnswersDiffer = 2;

    /// <summary>Makes the command.</summary>
    public static RootCommand Create()
    {
        LoadFlags flags = new();
        return new RootCommand("Puts load on localllm serve over loopback and reports what clients see.") { Throughput(flags), Turns(flags), Disconnects(flags), Fairness(flags), Speculation(flags) };
    }

    private static Command Throughput(LoadFlags flags)
    {
        Option<int[]> clients = new("--clients") { Description = "Numbers of clients", DefaultValueFactory = _ => [1, 8, 32], AllowMultipleArgumentsPerToken = true, HelpName = "N" };
        Option<int> rounds = LoadFlags.Count("--rounds", "Prompts for each of the greatest number of clients", 2);
        Option<int[]> prompt = new("--prompt") { Description = "Length of the prompts in tokens: one number, or the least and the greatest", DefaultValueFactory = _ => [32, 256], AllowMultipleArgumentsPerToken = true, HelpName = "N" };
        Option<int> generate = LoadFlags.Count("--generate", "Tokens to generate", 128);
        Option<double> temperature = new("--temperature") { Description = "Of the sampling, with fixed seeds", DefaultValueFactory = _ => 0.8, HelpName = "T" };
        Command command = new("throughput", "The same prompts for 1, 8 and 32 clients: tokens a second, evenness, and whether every answer is what it is alone.") { clients, rounds, prompt, generate, temperature };
        flags.AddTo(command);
        command.SetAction((result, cancellationToken) =>
        {
            LoadOptions options = flags.Read(result, both: true);
            int[] lengths = [.. result.GetValue(prompt)!.Order()];
            MixSettings mix = new(lengths[0], lengths[^1], result.GetValue(generate), result.GetValue(temperature), options.Seed);
            ThroughputScenario scenario = new(new ThroughputSettings(mix, [.. result.GetValue(clients)!.Order()], result.GetValue(rounds)));
            return EachAsync(options, (model, report) => scenario.RunAsync(options, model, report, cancellationToken));
        });
        return command;
    }

    private static Command Speculation(LoadFlags flags)
    {
        Option<int> rounds = LoadFlags.Count("--rounds", "How often each text is replayed", 3);
        Command command = new("speculation", "Texts replayed with and without guessing, in this process; by default with the 0.6B shape.") { rounds };
        flags.AddTo(command);
        command.SetAction((result, cancellationToken) =>
        {
            SpeculationScenario scenario = new(result.GetValue(rounds));
            LoadOptions options = flags.Read(result, both: true);
            options = options with { Models = [.. options.Models.Where(model => options.Models.Count == 1 || model.Name != BenchModel.SmolLm2.Name)] };
            return EachAsync(options, (model, report) => scenario.RunAsync(options, model, report, cancellationToken));
        });
        return command;
    }

    private static Command Turns(LoadFlags flags)
    {
        Option<int> conversations = LoadFlags.Count("--conversations", "Conversations", 5);
        Option<int> prompt = LoadFlags.Count("--prompt", "Tokens of the first message, about", 2000);
        Option<int> generate = LoadFlags.Count("--generate", "Tokens of the first answer", 100);
        Command command = new("turns", "The time to the first token of a conversation's second turn, beside that of its first.") { conversations, prompt, generate };
        flags.AddTo(command);
        command.SetAction((result, cancellationToken) =>
        {
            LoadOptions options = flags.Read(result, both: true);
            TurnsScenario scenario = new(new TurnsSettings(result.GetValue(conversations), result.GetValue(prompt), result.GetValue(generate)));
            return EachAsync(options, (model, report) => scenario.RunAsync(options, model, report, cancellationToken));
        });
        return command;
    }

    private static Command Disconnects(LoadFlags flags)
    {
        Option<int> requests = LoadFlags.Count("--requests", "Requests", 10_000);
        Option<int> clients = LoadFlags.Count("--clients", "Clients at a time", 16);
        Command command = new("disconnects", "Clients that leave at random moments: what stays of them in memory and cache.") { requests, clients };
        flags.AddTo(command);
        command.SetAction((result, cancellationToken) =>
        {
            LoadOptions options = flags.Read(result, both: false);
            DisconnectScenario scenario = new(result.GetValue(requests), result.GetValue(clients));
            return EachAsync(options, (model, report) => scenario.RunAsync(options, model, report, cancellationToken));
        });
        return command;
    }

    private static Command Fairness(LoadFlags flags)
    {
        Option<int> requests = LoadFlags.Count("--requests", "Requests of the client that asks much", 20);
        Command command = new("fairness", "How long a client with one request waits for one with many, where one request runs at a time.") { requests };
        flags.AddTo(command);
        command.SetAction((result, cancellationToken) =>
        {
            LoadOptions options = flags.Read(result, both: false);
            FairnessScenario scenario = new(result.GetValue(requests));
            return EachAsync(options, (model, report) => scenario.RunAsync(options, model, report, cancellationToken));
        });
        return command;
    }

    private static async Task<int> EachAsync(LoadOptions options, Func<LoadModel, LoadReport, Task<bool>> run)
    {
        LoadReport report = new(options);
        bool right = true;
        foreach (LoadModel model in options.Models)
        {
            right &= await run(model, report);
        }
        return right ? 0 : AnswersDiffer;
    }
}
