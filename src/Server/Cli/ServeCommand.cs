using System.CommandLine;
using LocalLlm.Engine;
using LocalLlm.Server.Configuration;
using LocalLlm.Server.Http;
using LocalLlm.Server.Models;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Runners;

namespace LocalLlm.Server.Cli;

/// <summary><c>serve</c>: the HTTP server, until it is told to end.</summary>
internal static class ServeCommand
{
    /// <summary>Name of the option that has the server end when nobody uses it.</summary>
    public const string IdleOption = "--end-when-idle";

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Option<TimeSpan?> idle = Idle();
        Option<string?> detached = new(Detachment.Option) { Hidden = true };
        Option<string[]> models = new("--model")
        {
            Description = "Offer another GGUF file under a name; may be given several times",
            HelpName = "NAME=PATH",
            Arity = ArgumentArity.OneOrMore,
            AllowMultipleArgumentsPerToken = false,
        };
        ComputeFlags compute = new();
        Command command = new("serve", "Serve Ollama's and OpenAI's HTTP APIs on 127.0.0.1:11434, or on OLLAMA_HOST.") { models, idle, detached };
        command.Aliases.Add("start");
        compute.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            ServerOptions settings = Settings(host, compute.Read(result, host), result.GetValue(models) ?? []) with { IdleTimeout = result.GetValue(idle) };
            ModelOptions options = settings.ModelOptions;
            using CancellationTokenSource interrupted = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using CancellationTokenSource again = new();
            using IDisposable registration = host.OnInterrupt(() => (interrupted.IsCancellationRequested ? again : interrupted).Cancel());
            using RunnerFolder? runners = Runners(host);
            await using LocalLlmServer server = LocalLlmServer.Build(settings, Loader(host, options, runners));
            await server.StartAsync(interrupted.Token);
            host.Error.WriteLine($"localllm {LocalLlmServer.Version}: {ComputeFlags.Describe(options)}; listening on {string.Join(", ", server.Addresses)}");
            if (ExposureOf(server.Addresses) is { } exposure)
            {
                host.Error.WriteLine($"Warning: {exposure}");
            }
            TellEnd(host, settings, isDetached: result.GetValue(detached) is not null);
            if (await Task.WhenAny(Task.Delay(Timeout.Infinite, interrupted.Token), server.Idle) == server.Idle)
            {
                host.Error.WriteLine($"Nobody used the server for {GoDuration.Format(settings.IdleTimeout!.Value)}: it ends");
            }
            await server.StopAsync(again.Token);
            return 0;
        });
        return command;
    }

    /// <summary>What to tell whoever lets others in, since no key is asked for; null where nobody but this machine can connect.</summary>
    /// <param name="addresses">Where the server listens.</param>
    public static string? ExposureOf(IReadOnlyList<Uri> addresses) => addresses.FirstOrDefault(address => !address.IsLoopback) is { } open
        ? $"{open.GetLeftPart(UriPartial.Authority)} can be reached from other machines, and no key is asked for: everybody who can connect can use, fetch and delete models. Set OLLAMA_HOST to 127.0.0.1, or let only a firewall or a proxy that checks who asks come near."
        : null;

    private static ServerOptions Settings(CliHost host, ModelOptions options, string[] models)
    {
        OllamaEnvironment environment = OllamaEnvironment.Read(host.Variable);
        foreach (string warning in environment.Warnings)
        {
            host.Error.WriteLine($"Warning: {warning}");
        }
        return new ServerOptions
        {
            Host = environment.Host.Host,
            Port = environment.Host.Port,
            AllowedOrigins = environment.Origins,
            KeepAlive = KeepAlive.For(environment.KeepAlive),
            ModelOptions = options with { MaxSequences = environment.NumParallel ?? options.MaxSequences },
            MaxLoadedModels = environment.MaxLoadedModels,
            LoadTimeout = environment.LoadTimeout,
            MaxQueue = environment.MaxQueue,
            StopTimeout = environment.StopTimeout,
            LogLevel = environment.DebugLevel switch { 0 => LogLevel.Information, 1 => LogLevel.Debug, _ => LogLevel.Trace },
            StoreFolder = environment.Models,
            StoreReadOnly = environment.StoreReadOnly,
            Prune = !environment.NoPrune,
            GoTemplates = environment.GoTemplates,
            Registry = new RegistryOptions { LimitRate = environment.LimitRate, ReferenceOf = host.Catalogue.ReferenceOf },
            Models = [.. host.Catalogue.Models.Where(model => model.Path is not null).Select(model => model.ToServed())],
            ExtraModels = models.Select(NameAndPath).ToDictionary(),
        };
    }

    private static Option<TimeSpan?> Idle() => new(IdleOption)
    {
        Description = "End once nothing was asked for so long and no model is in memory any more",
        HelpName = "DURATION",
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (GoDuration.TryParse(text, out TimeSpan duration) && duration > TimeSpan.Zero && !KeepAlive.For(duration).Equals(KeepAlive.Forever))
            {
                return duration;
            }
            result.AddError($"{IdleOption} must be a duration with a unit, such as 10m, not '{text}'.");
            return null;
        },
    };

    /// <summary>Says in the log why a server is there that nobody remembers to have started, and when it goes.</summary>
    private static void TellEnd(CliHost host, ServerOptions settings, bool isDetached)
    {
        if (isDetached)
        {
            host.Error.WriteLine($"Started at {DateTimeOffset.Now:yyyy-MM-ddTHH:mm:sszzz} as process {Environment.ProcessId} by a command that needed a server (LOCALLLM_NO_AUTOSTART=1 forbids that)");
        }
        if (settings.IdleTimeout is { } time)
        {
            host.Error.WriteLine($"The server ends once nobody has used it for {GoDuration.Format(time)} and no model is in memory");
        }
    }

    private static KeyValuePair<string, string> NameAndPath(string text)
    {
        int separator = text.IndexOf('=', StringComparison.Ordinal);
        if (separator <= 0 || !ModelName.TryParse(text[..separator], out _))
        {
            throw new CommandLineException($"--model must be NAME=PATH, such as qwen3:8b=./Qwen3-8B-Q4_K_M.gguf, not '{text}'.");
        }
        string path = text[(separator + 1)..];
        return File.Exists(path) ? new(text[..separator], path) : throw new CommandLineException($"There is no file '{path}' for --model {text[..separator]}.");
    }

    /// <summary>Where the sockets of runners are; null if models are loaded into this process.</summary>
    private static RunnerFolder? Runners(CliHost host) =>
        host.Runner is null || new EnvironmentReader(host.Variable).Switch("LOCALLLM_IN_PROCESS") ? null : RunnerFolder.Create(host.Variable);

    /// <summary>Loads a model: into a runner, or on a thread of its own.</summary>
    private static EngineFactory Loader(CliHost host, ModelOptions options, RunnerFolder? folder)
    {
        if (folder is null)
        {
            return (model, cacheBytes, cancellationToken) => Task.Run(() => host.OpenEngine(model.Path, With(model, cacheBytes)), cancellationToken);
        }
        RunnerLaunch launch = new() { Program = host.Runner!, Folder = folder, Log = TextWriter.Synchronized(host.Error).WriteLine };
        return async (model, cacheBytes, cancellationToken) => await launch.StartAsync(model.Path, With(model, cacheBytes), cancellationToken);

        ModelOptions With(ServedModel model, long? cacheBytes) => model.LoadOptions(options) with { CacheBytes = cacheBytes ?? options.CacheBytes };
    }
}
