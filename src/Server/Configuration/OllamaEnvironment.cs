using LocalLlm.Server.Store;

namespace LocalLlm.Server.Configuration;

/// <summary>The variables that Ollama's users know, read once at start; each property names its variable and default.</summary>
internal sealed record OllamaEnvironment
{
    /// <summary>Sequences of a batch take buffers each; beyond this no machine gains.</summary>
    private const int MaxParallel = 1024;

    private static readonly string[] s_builtInOrigins =
    [
        .. from host in new[] { "localhost", "127.0.0.1", "0.0.0.0" }
           from scheme in new[] { "http", "https" }
           from port in new[] { "", ":*" }
           select $"{scheme}://{host}{port}",
        "app://*", "file://*", "tauri://*", "vscode-webview://*", "vscode-file://*",
    ];

    /// <summary><c>OLLAMA_HOST</c>: where to listen or connect; 127.0.0.1:11434.</summary>
    public required OllamaHost Host { get; init; }

    /// <summary><c>OLLAMA_ORIGINS</c>: origins whose web pages may call the API, comma-separated, put before the built-in ones (this machine and app shells). <c>*</c> stands for any text.</summary>
    public required IReadOnlyList<string> Origins { get; init; }

    /// <summary><c>OLLAMA_MODELS</c>: the folder of the model store; <c>~/.ollama/models</c>.</summary>
    public required string Models { get; init; }

    /// <summary><c>LOCALLLM_STORE_READONLY</c>: uses the model store without ever changing it.</summary>
    public required bool StoreReadOnly { get; init; }

    /// <summary><c>OLLAMA_NOPRUNE</c>: keeps unused blobs when the server starts and when a model is replaced.</summary>
    public required bool NoPrune { get; init; }

    /// <summary><c>OLLAMA_GO_TEMPLATE</c>: 1 makes all prompts of models that have a <c>TEMPLATE</c> with it, 0 none; unset prefers it.</summary>
    public required GoTemplates GoTemplates { get; init; }

    /// <summary><c>LOCALLLM_LIMIT_RATE</c>: most bytes a second of all pulls, <c>5M</c>; null (unset) for no limit.</summary>
    public required long? LimitRate { get; init; }

    /// <summary><c>OLLAMA_KEEP_ALIVE</c>: how long an idle model stays loaded; negative for ever, 0 not at all; 5 minutes.</summary>
    public required TimeSpan KeepAlive { get; init; }

    /// <summary><c>OLLAMA_CONTEXT_LENGTH</c>: positions that one request may use; null (0 or unset) leaves it to the engine.</summary>
    public required int? ContextLength { get; init; }

    /// <summary><c>OLLAMA_KV_CACHE_TYPE</c> in lower case: type of the KV cache; empty for the default, f16.</summary>
    public required string KvCacheType { get; init; }

    /// <summary><c>OLLAMA_MAX_QUEUE</c>: requests that may wait, over all models; 512.</summary>
    public required int MaxQueue { get; init; }

    /// <summary><c>OLLAMA_NUM_PARALLEL</c>: requests of one model that run at once; null (0 or unset) leaves it to the engine.</summary>
    public required int? NumParallel { get; init; }

    /// <summary><c>OLLAMA_MAX_LOADED_MODELS</c>: models in memory at once; 0 (or unset) leaves it to the memory.</summary>
    public required int MaxLoadedModels { get; init; }

    /// <summary><c>OLLAMA_LOAD_TIMEOUT</c>: how long a load may take; 0 or negative for as long as it takes; 5 minutes.</summary>
    public required TimeSpan LoadTimeout { get; init; }

    /// <summary><c>LOCALLLM_STOP_TIMEOUT</c>: how long running generations may go on when the server is told to end; 0 or negative for not at all; 8 seconds.</summary>
    public required TimeSpan StopTimeout { get; init; }

    /// <summary><c>OLLAMA_DEBUG</c>: 0 is quiet, 1 (or any switch that means true) logs debug messages, 2 and more everything.</summary>
    public required int DebugLevel { get; init; }

    /// <summary><c>OLLAMA_NOHISTORY</c>: keeps no history of interactive input.</summary>
    public required bool NoHistory { get; init; }

    /// <summary>Values that could not be read, one sentence each; the server logs them when it starts.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reads the variables.</summary>
    /// <param name="variable">The value of a variable, null if it is not set: <see cref="Environment.GetEnvironmentVariable(string)"/> or a test's table.</param>
    public static OllamaEnvironment Read(Func<string, string?> variable)
    {
        EnvironmentReader reader = new(variable);
        return new OllamaEnvironment
        {
            Host = OllamaHost.Read(reader),
            Origins = [.. reader.Text("OLLAMA_ORIGINS").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), .. s_builtInOrigins],
            Models = ReadModels(reader),
            StoreReadOnly = reader.Switch("LOCALLLM_STORE_READONLY"),
            NoPrune = reader.Switch("OLLAMA_NOPRUNE"),
            GoTemplates = reader.Text("OLLAMA_GO_TEMPLATE").Length == 0 ? GoTemplates.Preferred : reader.Switch("OLLAMA_GO_TEMPLATE") ? GoTemplates.Always : GoTemplates.Never,
            LimitRate = ReadLimitRate(reader),
            KeepAlive = reader.Duration("OLLAMA_KEEP_ALIVE", TimeSpan.FromMinutes(5)),
            ContextLength = reader.Count("OLLAMA_CONTEXT_LENGTH", 0) is int length and > 0 ? length : null,
            KvCacheType = reader.Text("OLLAMA_KV_CACHE_TYPE").ToLowerInvariant(),
            MaxQueue = reader.Count("OLLAMA_MAX_QUEUE", 512),
            NumParallel = ReadNumParallel(reader),
            MaxLoadedModels = reader.Count("OLLAMA_MAX_LOADED_MODELS", 0),
            LoadTimeout = reader.Duration("OLLAMA_LOAD_TIMEOUT", TimeSpan.FromMinutes(5)),
            StopTimeout = reader.Duration("LOCALLLM_STOP_TIMEOUT", TimeSpan.FromSeconds(8)),
            DebugLevel = ReadDebugLevel(reader),
            NoHistory = reader.Switch("OLLAMA_NOHISTORY"),
            Warnings = reader.Warnings,
        };
    }

    private static string ReadModels(EnvironmentReader reader)
    {
        if (reader.Text("OLLAMA_MODELS") is { Length: > 0 } folder)
        {
            return folder;
        }
        string home = reader.Text("HOME") is { Length: > 0 } set ? set : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return Path.Combine(home, ".ollama", "models");
    }

    private static long? ReadLimitRate(EnvironmentReader reader)
    {
        const string Name = "LOCALLLM_LIMIT_RATE";
        string text = reader.Text(Name);
        if (text is "" or "0")
        {
            return null;
        }
        if (ByteSize.TryParse(text, out long bytes))
        {
            return bytes;
        }
        reader.Warn(Name, text, "a number of bytes a second such as 500K or 2M", "no limit");
        return null;
    }

    private static int? ReadNumParallel(EnvironmentReader reader)
    {
        int parallel = reader.Count("OLLAMA_NUM_PARALLEL", 0);
        if (parallel > MaxParallel)
        {
            reader.Warn("OLLAMA_NUM_PARALLEL", $"{parallel}", $"a whole number from 0 to {MaxParallel}", $"{MaxParallel}");
            return MaxParallel;
        }
        return parallel > 0 ? parallel : null;
    }

    private static int ReadDebugLevel(EnvironmentReader reader) =>
        int.TryParse(reader.Text("OLLAMA_DEBUG"), out int level) ? Math.Max(level, 0) : reader.Switch("OLLAMA_DEBUG") ? 1 : 0;
}
