using LocalLlm.Engine;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Http;

/// <summary>How the HTTP server is set up.</summary>
public sealed record ServerOptions
{
    /// <summary>Where to listen: an IP address, a host name, or nothing for all interfaces. On loopback, the <c>Host</c> of requests is checked.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port; 0 for any free one.</summary>
    public int Port { get; init; } = 11434;

    /// <summary>Origins whose web pages may use the server; <c>*</c> stands for any port or text, <c>*</c> alone for all origins.</summary>
    public IReadOnlyList<string> AllowedOrigins { get; init; } = [];

    /// <summary>How long idle models stay loaded where no request says otherwise.</summary>
    public KeepAlive KeepAlive { get; init; } = KeepAlive.For(TimeSpan.FromMinutes(5));

    /// <summary>How models are loaded: what they take is planned from it, and as many requests of one model run at once as it has sequences.</summary>
    public ModelOptions ModelOptions { get; init; } = new();

    /// <summary>Most models in memory at once; 0 leaves it to the memory.</summary>
    public int MaxLoadedModels { get; init; }

    /// <summary>How long a load may take before it is given up; zero or less for as long as it takes.</summary>
    public TimeSpan LoadTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Requests that may wait, over all models; more are turned away with 503.</summary>
    public int MaxQueue { get; init; } = 512;

    /// <summary>
    /// How long running generations may go on when the server stops, before they are ended with what they have said so far; zero or less for not at all.
    /// By default a little less than the 10 seconds after which container engines kill.
    /// </summary>
    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(8);

    /// <summary>After how long without requests and models in memory <see cref="LocalLlmServer.Idle"/> completes; null for never.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Bytes of memory that are free now, pages of mapped files included.</summary>
    public Func<long> AvailableMemory { get; init; } = () => SystemMemory.AvailableBytes;

    /// <summary>Folder of the model store, whose models go before all others; null for none.</summary>
    public string? StoreFolder { get; init; }

    /// <summary>Whether the store is never changed.</summary>
    public bool StoreReadOnly { get; init; }

    /// <summary>Whether unused blobs of the store are deleted when the server starts, and when a pull has replaced a model.</summary>
    public bool Prune { get; init; } = true;

    /// <summary>When prompts are made with the <c>TEMPLATE</c> of models of the store.</summary>
    public GoTemplates GoTemplates { get; init; }

    /// <summary>How models are fetched from registries.</summary>
    internal RegistryOptions Registry { get; init; } = new();

    /// <summary>The models of the catalogue.</summary>
    public IReadOnlyList<ServedModel> Models { get; init; } = [];

    /// <summary>Further models, name to path of a GGUF file; they go before those of the catalogue.</summary>
    public IReadOnlyDictionary<string, string> ExtraModels { get; init; } = new Dictionary<string, string>();

    /// <summary>Writes the log, one line for each request, to standard error.</summary>
    public bool Log { get; init; } = true;

    /// <summary>The least level of log lines.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;
}
