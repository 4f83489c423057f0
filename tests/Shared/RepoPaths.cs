namespace LocalLlm.Tests;

/// <summary>Finds files of the checkout from the folder that the tests run in.</summary>
internal static class RepoPaths
{
    /// <summary>The checkout's root: the nearest folder above the test assembly that holds the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>A file of <c>tests/Vectors</c>, for example <c>Vector("quant", "Q8_0.bin")</c>.</summary>
    public static string Vector(params string[] parts) => Path.Combine([Root, "tests", "Vectors", .. parts]);

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "LocalLlm.sln")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException($"No LocalLlm.sln above {AppContext.BaseDirectory}: the tests run from a checkout.");
    }
}
