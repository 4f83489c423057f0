using System.Globalization;

namespace LocalLlm.Server.Configuration;

/// <summary>
/// Reads environment variables by Ollama's rules: spaces around a value go, then the quotes around it. A value that cannot be read leaves the default
/// in force and adds a warning, so that one mistyped variable never keeps the server from starting.
/// </summary>
/// <param name="variable">The value of a variable; null if it is not set.</param>
internal sealed class EnvironmentReader(Func<string, string?> variable)
{
    private readonly List<string> _warnings = [];

    /// <summary>What could not be read, one sentence each.</summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The text of a variable; empty if it is not set.</summary>
    public string Text(string name) => (variable(name) ?? "").Trim().Trim('"', '\'').Trim();

    /// <summary>A switch: <c>1 t true</c> and <c>0 f false</c> (also <c>T</c>, <c>TRUE</c>, <c>True</c>, …). Anything else that is not empty means true.</summary>
    public bool Switch(string name, bool fallback = false) => Text(name) switch
    {
        "" => fallback,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => false,
        _ => true,
    };

    /// <summary>A whole number of at least 0, in plain decimal digits.</summary>
    public int Count(string name, int fallback)
    {
        string text = Text(name);
        if (text.Length == 0)
        {
            return fallback;
        }
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value))
        {
            return value;
        }
        Warn(name, text, "a whole number from 0 to 2147483647", fallback.ToString(CultureInfo.InvariantCulture));
        return fallback;
    }

    /// <summary>A time as Go writes it (<c>5m</c>, <c>1h30m</c>, <c>-1s</c>), or a whole number of seconds. What a negative time means is the caller's affair.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback)
    {
        string text = Text(name);
        if (text.Length == 0)
        {
            return fallback;
        }
        if (GoDuration.TryParse(text, out TimeSpan duration))
        {
            return duration;
        }
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long seconds))
        {
            return GoDuration.FromSeconds(seconds);
        }
        Warn(name, text, "a time such as 30s, 5m or 1h30m, or a number of seconds", $"{fallback.TotalSeconds:0}s");
        return fallback;
    }

    /// <summary>Adds a warning: the variable, its value, what it may be, and what is used instead.</summary>
    public void Warn(string name, string text, string expected, string used) =>
        _warnings.Add($"{name} is \"{text}\", which is not {expected}; {used} is used.");
}
