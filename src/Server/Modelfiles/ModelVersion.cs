using System.Text.RegularExpressions;

namespace LocalLlm.Server.Modelfiles;

/// <summary>The version that a <c>REQUIRES</c> names.</summary>
internal static partial class ModelVersion
{
    /// <summary>The version of a <c>REQUIRES</c>, without the <c>v</c> that it may begin with.</summary>
    /// <exception cref="ModelfileException">It is no semantic version.</exception>
    public static string Check(ModelfileCommand command)
    {
        string version = command.Value.StartsWith('v') ? command.Value[1..] : command.Value;
        return Pattern().IsMatch(version)
            ? version
            : throw new ModelfileException(command.Line, $"requires must be a valid semver (e.g. 0.14.0), not \"{command.Value}\"");
    }

    /// <summary>Semantic versions (semver.org, 2.0.0); as in Go's modules the last parts may be missing (<c>1</c>, <c>1.2</c>).</summary>
    [GeneratedRegex("""^(0|[1-9]\d*)(\.(0|[1-9]\d*)(\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?)?)?$""", RegexOptions.ECMAScript)]
    private static partial Regex Pattern();
}
