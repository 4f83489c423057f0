using System.Text.Json;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Store;

namespace LocalLlm.Server.Residency;

/// <summary>A model that the server offers: a GGUF file and the names it goes by.</summary>
public sealed record ServedModel
{
    /// <summary>Its names, at least one; clients may use any of them.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Path of the GGUF file, of the first part if it is split; empty if <see cref="Defect"/> says that there is none.</summary>
    public required string Path { get; init; }

    /// <summary>Paths of LoRA adapters that it is loaded with, GGUF files; empty for none.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>What is loaded: models of which this is the same share one loaded model.</summary>
    internal string LoadKey => Adapters.Count == 0 ? Path : string.Join('\n', [Path, .. Adapters]);

    /// <summary>Options of loading with its adapters, which come before those that the options name.</summary>
    public ModelOptions LoadOptions(ModelOptions options) =>
        Adapters.Count == 0 ? options : options with { Adapters = [.. Adapters.Select(path => new AdapterOptions(path)), .. options.Adapters] };

    /// <summary>SHA-256 of the file in lower-case hex where it is known beforehand; null otherwise.</summary>
    public string? Sha256 { get; init; }

    /// <summary>Options (<c>temperature</c>, <c>stop</c>, …) that hold where a request says nothing: a JSON object, or null for none.</summary>
    public JsonElement? Defaults { get; init; }

    /// <summary>The licence's name where it is known; null for what the file says.</summary>
    public string? Licence { get; init; }

    /// <summary>System message of conversations that bring none; null for none.</summary>
    public string? System { get; init; }

    /// <summary>What every conversation begins with, after the system message.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>Why the model cannot be loaded, one sentence; null if nothing speaks against it.</summary>
    public string? Defect { get; init; }

    /// <summary>What the model store knows of it; null if it is not from there.</summary>
    internal StoredModel? Stored { get; init; }
}

/// <summary>Loads a model.</summary>
/// <param name="model">Which.</param>
/// <param name="cacheBytes">Bytes granted to the keys and values of all its requests together (<see cref="ModelOptions.CacheBytes"/>); null leaves it to the engine.</param>
/// <param name="cancellationToken">Gives the load up.</param>
/// <exception cref="TextEngineException">The file is missing, broken or of an unknown kind.</exception>
public delegate Task<ITextEngine> EngineFactory(ServedModel model, long? cacheBytes, CancellationToken cancellationToken);
