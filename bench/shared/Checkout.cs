namespace LocalLlm.Bench.Shared;

/// <summary>Finds files of the checkout from the folder that the benchmarks run in.</summary>
public static class Checkout
{
    /// <summary>The nearest folder above the program that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Folder for what is made or installed to measure with: <c>LOCALLLM_PEERS_CACHE</c>, or <c>artifacts/peers</c>.</summary>
    public static string Cache => Environment.GetEnvironmentVariable("LOCALLLM_PEERS_CACHE") is { Length: > 0 } named ? Path.GetFullPath(named) : File("artifacts", "peers");

    /// <summary>A file of the checkout.</summary>
    public static string File(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (System.IO.File.Exists(Path.Combine(folder.FullName, "LocalLlm.sln")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException($"There is no LocalLlm.sln above {AppContext.BaseDirectory}: the benchmarks run from a checkout.");
    }
}
