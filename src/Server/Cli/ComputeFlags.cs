using System.CommandLine;
using System.Globalization;
using LocalLlm.Engine;
using LocalLlm.Kernels;
using LocalLlm.Server.Configuration;

namespace LocalLlm.Server.Cli;

/// <summary>
/// How models compute: the options that every computing command has, with environment variables as their defaults
/// (<c>LOCALLLM_SIMD</c>, <c>LOCALLLM_THREADS</c>, <c>LOCALLLM_CACHE</c>, <c>LOCALLLM_SPECULATION</c>, <c>OLLAMA_KV_CACHE_TYPE</c>, <c>OLLAMA_CONTEXT_LENGTH</c>).
/// </summary>
internal sealed class ComputeFlags
{
    /// <summary>Most threads that can be asked for.</summary>
    public const int MaxThreads = 1024;

    private readonly Option<string?> _simd = new("--simd")
    {
        Description = "SIMD level of the kernels: auto or one that 'doctor --simd' lists (environment: LOCALLLM_SIMD)",
        HelpName = "LEVEL",
    };

    private readonly Option<int?> _threads = Flags.Int32("--threads", "Threads that compute; by default the physical cores (environment: LOCALLLM_THREADS)", 1, MaxThreads);

    private readonly Option<KvType?> _kv = Flags.Choice(
        "--kv",
        "Type of cached keys and values; by default f16, with q8_0 for half the memory (environment: OLLAMA_KV_CACHE_TYPE)",
        ("f16", KvType.F16),
        ("f32", KvType.F32),
        ("q8_0", KvType.Q8_0));

    private readonly Option<ActivationType?> _activations = Flags.Choice(
        "--activations", "What quantized weights are multiplied with: 8-bit integers (the default) or float32, slow and exact", ("q8", ActivationType.Q8), ("f32", ActivationType.F32));

    private readonly Option<int?> _context = Flags.Int32("--ctx", "Positions that a conversation may use (environment: OLLAMA_CONTEXT_LENGTH)", 4);

    private readonly Option<long?> _cache = Flags.Bytes(
        "--cache", "Memory for cached keys and values of all conversations together; by default a quarter of what is free, 4 GiB at most (environment: LOCALLLM_CACHE)");

    private readonly Option<bool?> _speculation = Flags.Choice<bool>(
        "--speculation", "Guess text that repeats itself and verify several tokens at a time; on by default, changes no answer (environment: LOCALLLM_SPECULATION)", ("on", true), ("off", false));

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        AddArithmeticTo(command);
        command.Options.Add(_threads);
        command.Options.Add(_context);
        command.Options.Add(_cache);
        command.Options.Add(_speculation);
    }

    /// <summary>Adds what says how numbers are computed, for a command that has ways of its own to say with how many threads and positions.</summary>
    public void AddArithmeticTo(Command command)
    {
        foreach (Option option in (ReadOnlySpan<Option>)[_simd, _kv, _activations])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Whether the command line says how to compute, which only a model that is loaded for it can follow.</summary>
    public bool AreGiven(ParseResult result) =>
        new Option[] { _simd, _kv, _activations, _threads, _cache, _speculation }.Any(option => result.GetResult(option) is { Implicit: false });

    /// <summary>The positions that the command line asks for; null if it asks for none.</summary>
    public int? ContextOf(ParseResult result) => result.GetValue(_context);

    /// <summary>What is in force: the command line, else the environment, else the defaults.</summary>
    /// <exception cref="CommandLineException">The SIMD level is unknown or cannot run here, or a variable is wrong.</exception>
    public ModelOptions Read(ParseResult result, CliHost host)
    {
        OllamaEnvironment environment = OllamaEnvironment.Read(host.Variable);
        if (SimdLevels.Remark is { } remark)
        {
            host.Error.WriteLine($"Warning: {remark}");
        }
        return new ModelOptions
        {
            Simd = ReadSimd(result.GetValue(_simd), host),
            Threads = result.GetValue(_threads) ?? ReadThreads(host),
            KeyValueType = result.GetValue(_kv) ?? ReadKvType(environment.KvCacheType, host),
            Activations = result.GetValue(_activations) ?? ActivationType.Q8,
            CacheBytes = result.GetValue(_cache) ?? ReadCache(host),
            Speculation = result.GetValue(_speculation) ?? new EnvironmentReader(host.Variable).Text("LOCALLLM_SPECULATION") is not ("off" or "0" or "false"),
            ContextLength = result.GetValue(_context) ?? environment.ContextLength,
        };
    }

    /// <summary>The level that the option asks for, else <c>LOCALLLM_SIMD</c>, else the best.</summary>
    /// <exception cref="CommandLineException">The level is unknown or cannot run here.</exception>
    public static SimdLevel ReadSimd(string? option, CliHost host)
    {
        try
        {
            return SimdLevels.Parse(option ?? new EnvironmentReader(host.Variable).Text("LOCALLLM_SIMD"));
        }
        catch (ArgumentException e)
        {
            throw new CommandLineException(e.Message);
        }
    }

    /// <summary>The threads of <c>LOCALLLM_THREADS</c>, else one for each physical core.</summary>
    /// <exception cref="CommandLineException">The variable is no such number.</exception>
    public static int ReadThreads(CliHost host)
    {
        string text = new EnvironmentReader(host.Variable).Text("LOCALLLM_THREADS");
        if (text.Length == 0)
        {
            return WorkerPool.DefaultThreads;
        }
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int threads) && threads is >= 1 and <= MaxThreads
            ? threads
            : throw new CommandLineException($"LOCALLLM_THREADS must be a whole number from 1 to {MaxThreads}, not '{text}'.");
    }

    /// <summary>The line that says what is in force.</summary>
    public static string Describe(ModelOptions options) => string.Create(
        CultureInfo.InvariantCulture,
        $"simd {SimdLevels.Name(options.Simd)}, threads {options.Threads}, kv {options.KeyValueType.ToString().ToLowerInvariant()}, activations {options.Activations.ToString().ToLowerInvariant()}");

    private static long? ReadCache(CliHost host)
    {
        string text = new EnvironmentReader(host.Variable).Text("LOCALLLM_CACHE");
        return text.Length == 0 ? null
            : ByteSize.TryParse(text, out long bytes) ? bytes
            : throw new CommandLineException($"LOCALLLM_CACHE must be a size such as 512MiB or 4GiB, not '{text}'.");
    }

    private static KvType ReadKvType(string text, CliHost host)
    {
        // Ollama's users may have another type configured; it changes the memory needed, not what can be asked.
        switch (text)
        {
            case "" or "f16":
                return KvType.F16;
            case "f32":
                return KvType.F32;
            case "q8_0":
                return KvType.Q8_0;
            case "q4_0":
                host.Error.WriteLine("Warning: OLLAMA_KV_CACHE_TYPE is \"q4_0\", which is not f16, f32 or q8_0; q8_0 is used.");
                return KvType.Q8_0;
            default:
                host.Error.WriteLine($"Warning: OLLAMA_KV_CACHE_TYPE is \"{text}\", which is not f16, f32 or q8_0; f16 is used.");
                return KvType.F16;
        }
    }
}
