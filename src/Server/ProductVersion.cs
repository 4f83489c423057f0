using System.Reflection;

namespace LocalLlm.Server;

/// <summary>Versions of this program.</summary>
internal static class ProductVersion
{
    /// <summary>The version of Ollama whose behaviour is followed.</summary>
    public const string Ollama = "0.32.9";

    /// <summary>The program's own version.</summary>
    public static string Own { get; } =
        typeof(ProductVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
