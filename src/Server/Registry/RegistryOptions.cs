using LocalLlm.Server.Models;

namespace LocalLlm.Server.Registry;

/// <summary>How models are fetched and what the store makes of them.</summary>
internal sealed record RegistryOptions
{
    /// <summary>Connections that fetch one blob at once. One is often held down by the way it takes; many more burden the registry.</summary>
    public int Streams { get; init; } = 8;

    /// <summary>Blobs that a push sends at once: small ones go beside a large one, and large ones share the line anyway.</summary>
    public int Uploads { get; init; } = 3;

    /// <summary>Most bytes sent in one request of an upload: what has to be sent again when a connection breaks.</summary>
    public int UploadPartBytes { get; init; } = 32 << 20;

    /// <summary>Most bytes asked for at once.</summary>
    public int PartBytes { get; init; } = 32 << 20;

    /// <summary>Least bytes that are worth being taken over from a connection that has them still to fetch: they save more than another request costs.</summary>
    public int StealBytes { get; init; } = 512 << 10;

    /// <summary>How long a connection must have still to go before half of it is taken over: what is under way on it by then comes in vain.</summary>
    public TimeSpan StealAfter { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a connection must be silent before another that has nothing to do takes over all of it.</summary>
    public TimeSpan TakeOverAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Bytes after which is noted what has come. While that is done as many may come again, so that twice as many may have to be fetched twice after a crash.</summary>
    public int CheckpointBytes { get; init; } = 16 << 20;

    /// <summary>Most bytes a second, over all downloads; null for no limit.</summary>
    public long? LimitRate { get; init; }

    /// <summary>How long a connection may be silent before it is given up and opened anew.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Failures in a row, without a byte between them, that are borne.</summary>
    public int Retries { get; init; } = 6;

    /// <summary>The pause after the first failure; it doubles with each one in a row.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often is looked whether another process has finished a blob that it fetches.</summary>
    public TimeSpan WaitForOthers { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How often a pull or push tells how far it is.</summary>
    public TimeSpan ProgressPause { get; init; } = TimeSpan.FromMilliseconds(60);

    /// <summary>Whether blobs go that only the model used that a pull replaced.</summary>
    public bool DropReplaced { get; init; } = true;

    /// <summary>Under which name a registry has what is pulled by a short one.</summary>
    public Func<ModelName, ModelName> ReferenceOf { get; init; } = name => name;

    /// <summary>Bytes that may still be written to a folder.</summary>
    public Func<string, long> FreeBytes { get; init; } = folder => new DriveInfo(folder).AvailableFreeSpace;
}
