using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Values;

/// <summary>
/// Python's <c>dict</c>: keeps the order of insertion, and finds 1, 1.0 and True under the same key. Keys are scalars (None, booleans,
/// numbers, strings), so that hashing one takes no walk through nested data; tuples, which Python would take, are refused.
/// </summary>
internal sealed class JinjaDict
{
    private readonly OrderedDictionary<Key, object?> _entries;

    /// <summary>An empty dictionary.</summary>
    public JinjaDict() => _entries = [];

    /// <summary>A copy.</summary>
    public JinjaDict(JinjaDict other) => _entries = new(other._entries);

    /// <summary>Number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>The keys and values, in order.</summary>
    public IEnumerable<KeyValuePair<object?, object?>> Entries =>
        _entries.Select(entry => KeyValuePair.Create(entry.Key.Value, entry.Value));

    /// <summary>The key and value at a place in the order.</summary>
    public KeyValuePair<object?, object?> At(int index)
    {
        KeyValuePair<Key, object?> entry = _entries.GetAt(index);
        return KeyValuePair.Create(entry.Key.Value, entry.Value);
    }

    /// <summary>Whether a value can be a key.</summary>
    public static bool IsKey(object? value) => value is null or string or bool or long or double or BigInteger;

    /// <summary>Finds the value of a key; false as well if it can't be a key.</summary>
    public bool TryGet(Rendering rendering, object? key, out object? value)
    {
        ChargeHash(rendering, key);
        if (IsKey(key))
        {
            return _entries.TryGetValue(new Key(key), out value);
        }
        value = null;
        return false;
    }

    /// <summary>Whether a key is present; an undefined one never is.</summary>
    /// <exception cref="TemplateError">The value can't be a key.</exception>
    public bool Contains(Rendering rendering, object? key)
    {
        if (key is Undefined)
        {
            return false;
        }
        Require(key);
        return TryGet(rendering, key, out _);
    }

    /// <summary>Sets the value of a key; a new one goes to the end.</summary>
    public void Set(Rendering rendering, object? key, object? value)
    {
        Require(key);
        ChargeHash(rendering, key);
        rendering.AllocateElements(2);
        _entries[new Key(key)] = value;
    }

    /// <summary>Sets the value of a text key, outside of any rendering.</summary>
    public void Set(string key, object? value) => _entries[new Key(key)] = value;

    /// <summary>Removes a key and gives its value.</summary>
    public bool Remove(Rendering rendering, object? key, out object? value)
    {
        // Removal closes the gap, which moves every entry behind it.
        rendering.Charge(Count / 4);
        ChargeHash(rendering, key);
        if (IsKey(key))
        {
            return _entries.Remove(new Key(key), out value);
        }
        value = null;
        return false;
    }

    /// <summary>Removes all entries.</summary>
    public void Clear() => _entries.Clear();

    private static void ChargeHash(Rendering rendering, object? key) => rendering.ChargeScan(key is string text ? text.Length : 0);

    private static void Require(object? key)
    {
        if (!IsKey(key))
        {
            Undefined.Refuse(key);
            throw new TemplateError($"a value of type '{TypeNames.Of(key)}' can't be a key");
        }
    }

    /// <summary>A key with Python's equality.</summary>
    private readonly struct Key(object? value) : IEquatable<Key>
    {
        public object? Value => value;

        public bool Equals(Key other) => (value, other.Value) switch
        {
            (string a, string b) => a == b,
            (null, null) => true,
            (null, _) or (_, null) or (string, _) or (_, string) => false,
            var (a, b) => Numbers.AreEqual(a!, b!),
        };

        public override bool Equals([NotNullWhen(true)] object? obj) => obj is Key key && Equals(key);

        // HashCode is seeded by the process, so that a template can't choose keys that collide.
        public override int GetHashCode() => value switch
        {
            null => 0,
            string text => text.GetHashCode(StringComparison.Ordinal),
            _ => Numbers.Hash(value),
        };
    }
}
