using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace LocalLlm.Gguf;

/// <summary>
/// The keys and values of a GGUF file, in file order. Getters convert between widths when the value fits: integers of any width answer
/// <see cref="GetInt32(string)"/>, integers and floats answer <see cref="GetSingle(string)"/>. A value of another type is an error, never
/// a missing key; a missing key is an error only where no fallback is given and the getter is not a Try.
/// </summary>
[SuppressMessage("Naming", "CA1710", Justification = "Metadata is the format's own word for this collection.")]
public sealed class GgufMetadata : IReadOnlyCollection<KeyValuePair<string, GgufValue>>
{
    private readonly List<KeyValuePair<string, GgufValue>> _entries = [];
    private readonly Dictionary<string, GgufValue> _values = new(StringComparer.Ordinal);
    private readonly string? _path;

    /// <summary>Makes metadata without entries; <paramref name="path"/> is the file that messages name.</summary>
    internal GgufMetadata(string? path) => _path = path;

    /// <summary>The file that these are the metadata of; null when they have not been written yet.</summary>
    public string? Path => _path;

    /// <summary>Number of keys.</summary>
    public int Count => _entries.Count;

    /// <summary>Whether the key is there, of whatever type.</summary>
    public bool ContainsKey(string key) => _values.ContainsKey(key);

    /// <summary>The value of a key, of whatever type; false when the key is missing.</summary>
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out GgufValue value) => _values.TryGetValue(key, out value);

    /// <summary>The entries in file order.</summary>
    public IEnumerator<KeyValuePair<string, GgufValue>> GetEnumerator() => _entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The string of a key.</summary>
    /// <exception cref="GgufFormatException">The key is missing or no string.</exception>
    public string GetString(string key) => TryGetString(key, out string? value) ? value : throw Missing(key, "a string");

    /// <summary>The string of a key, or the fallback when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no string.</exception>
    [return: NotNullIfNotNull(nameof(fallback))]
    public string? GetString(string key, string? fallback) => TryGetString(key, out string? value) ? value : fallback;

    /// <summary>The string of a key; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no string.</exception>
    public bool TryGetString(string key, [NotNullWhen(true)] out string? value)
    {
        value = null;
        return _values.TryGetValue(key, out GgufValue? found) && (found.TryGetString(out value) ? true : throw Wrong(key, "a string", found));
    }

    /// <summary>The integer of a key.</summary>
    /// <exception cref="GgufFormatException">The key is missing, no integer, or out of range.</exception>
    public int GetInt32(string key) => TryGetInt32(key, out int value) ? value : throw Missing(key, "an integer");

    /// <summary>The integer of a key, or the fallback when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no integer or out of range.</exception>
    public int GetInt32(string key, int fallback) => TryGetInt32(key, out int value) ? value : fallback;

    /// <summary>The integer of a key; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no integer or out of range.</exception>
    public bool TryGetInt32(string key, out int value)
    {
        bool present = TryGetInteger(key, int.MinValue, int.MaxValue, out Int128 integer);
        value = (int)integer;
        return present;
    }

    /// <summary>The non-negative integer of a key.</summary>
    /// <exception cref="GgufFormatException">The key is missing, no integer, or out of range.</exception>
    public ulong GetUInt64(string key) => TryGetUInt64(key, out ulong value) ? value : throw Missing(key, "an integer");

    /// <summary>The non-negative integer of a key, or the fallback when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no integer or out of range.</exception>
    public ulong GetUInt64(string key, ulong fallback) => TryGetUInt64(key, out ulong value) ? value : fallback;

    /// <summary>The non-negative integer of a key; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no integer or out of range.</exception>
    public bool TryGetUInt64(string key, out ulong value)
    {
        bool present = TryGetInteger(key, 0, ulong.MaxValue, out Int128 integer);
        value = (ulong)integer;
        return present;
    }

    /// <summary>The number of a key; doubles are rounded to single precision.</summary>
    /// <exception cref="GgufFormatException">The key is missing or no number.</exception>
    public float GetSingle(string key) => TryGetSingle(key, out float value) ? value : throw Missing(key, "a number");

    /// <summary>The number of a key, or the fallback when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no number.</exception>
    public float GetSingle(string key, float fallback) => TryGetSingle(key, out float value) ? value : fallback;

    /// <summary>The number of a key; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no number.</exception>
    public bool TryGetSingle(string key, out float value)
    {
        double number = 0;
        bool present = _values.TryGetValue(key, out GgufValue? found)
            && (found.TryGetNumber(out number) ? true : throw Wrong(key, "a number", found));
        value = (float)number;
        return present;
    }

    /// <summary>The boolean of a key.</summary>
    /// <exception cref="GgufFormatException">The key is missing or no boolean.</exception>
    public bool GetBoolean(string key) => TryGetBoolean(key, out bool value) ? value : throw Missing(key, "a boolean");

    /// <summary>The boolean of a key, or the fallback when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no boolean.</exception>
    public bool GetBoolean(string key, bool fallback) => TryGetBoolean(key, out bool value) ? value : fallback;

    /// <summary>The boolean of a key; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no boolean.</exception>
    public bool TryGetBoolean(string key, out bool value)
    {
        value = false;
        return _values.TryGetValue(key, out GgufValue? found) && (found.TryGetBoolean(out value) ? true : throw Wrong(key, "a boolean", found));
    }

    /// <summary>The strings of a key.</summary>
    /// <exception cref="GgufFormatException">The key is missing or no array of strings.</exception>
    public string[] GetStrings(string key) => TryGetStrings(key, out string[]? values) ? values : throw Missing(key, "an array of strings");

    /// <summary>The strings of a key; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no array of strings.</exception>
    public bool TryGetStrings(string key, [NotNullWhen(true)] out string[]? values)
    {
        values = null;
        return _values.TryGetValue(key, out GgufValue? found)
            && (found.TryGetStrings(out values) ? true : throw Wrong(key, "an array of strings", found));
    }

    /// <summary>The strings of a key as bytes: for long lists, of which few are ever wanted as text.</summary>
    /// <exception cref="GgufFormatException">The key is missing or no array of strings.</exception>
    public GgufStrings GetStringBytes(string key)
    {
        if (!_values.TryGetValue(key, out GgufValue? found))
        {
            throw Missing(key, "an array of strings");
        }
        return found.TryGetStringBytes(out GgufStrings? values) ? values : throw Wrong(key, "an array of strings", found);
    }

    /// <summary>The numbers of a key, integers included; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no array of numbers.</exception>
    public bool TryGetSingles(string key, [NotNullWhen(true)] out float[]? values)
    {
        values = null;
        return _values.TryGetValue(key, out GgufValue? found)
            && (found.TryGetSingles(out values) ? true : throw Wrong(key, "an array of numbers", found));
    }

    /// <summary>The integers of a key, of any width; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no array of integers that fit 32 bits.</exception>
    public bool TryGetInt32s(string key, [NotNullWhen(true)] out int[]? values)
    {
        values = null;
        return _values.TryGetValue(key, out GgufValue? found)
            && (found.TryGetInt32s(out values) ? true : throw Wrong(key, "an array of integers that fit 32 bits", found));
    }

    /// <summary>The booleans of a key; false when the key is missing.</summary>
    /// <exception cref="GgufFormatException">The key is no array of booleans.</exception>
    public bool TryGetBooleans(string key, [NotNullWhen(true)] out bool[]? values)
    {
        values = null;
        return _values.TryGetValue(key, out GgufValue? found)
            && (found.TryGetBooleans(out values) ? true : throw Wrong(key, "an array of booleans", found));
    }

    /// <summary>The error to throw when the value of a key makes no sense to the caller.</summary>
    /// <param name="key">The key.</param>
    /// <param name="problem">What is wrong, a clause without a full stop that names the key.</param>
    /// <param name="expected">What would have been right.</param>
    /// <param name="found">What stands there.</param>
    public GgufFormatException Invalid(string key, string problem, string? expected = null, string? found = null)
        => new(_path, problem, null, key, expected, found);

    /// <summary>Appends an entry; false, and nothing changes, when the key is there already.</summary>
    internal bool TryAdd(string key, GgufValue value)
    {
        if (!_values.TryAdd(key, value))
        {
            return false;
        }
        _entries.Add(new KeyValuePair<string, GgufValue>(key, value));
        return true;
    }

    private bool TryGetInteger(string key, Int128 minimum, Int128 maximum, out Int128 value)
    {
        value = 0;
        if (!_values.TryGetValue(key, out GgufValue? found))
        {
            return false;
        }
        if (!found.TryGetInteger(out value))
        {
            throw Wrong(key, "an integer", found);
        }
        return value >= minimum && value <= maximum
            ? true
            : throw Invalid(key, $"the value of {GgufFormatException.Quote(key)} is out of range", $"{minimum} to {maximum}", $"{value}");
    }

    private GgufFormatException Missing(string key, string expected)
        => Invalid(key, $"the key {GgufFormatException.Quote(key)} is missing", expected, "no such key");

    private GgufFormatException Wrong(string key, string expected, GgufValue found)
        => Invalid(key, $"the key {GgufFormatException.Quote(key)} has the wrong type", expected, found.TypeName);
}
