namespace LocalLlm.Engine.Templates.Go.Values;

/// <summary>A map with text keys. Loops see its keys in order; JSON has them in the order given, or sorted too.</summary>
internal sealed class GoMap
{
    private readonly Dictionary<string, object?> _entries = [];

    /// <summary>Makes a map; of a key given twice the last value counts.</summary>
    /// <param name="entries">Its entries.</param>
    /// <param name="printing">How it prints.</param>
    /// <param name="keepsOrder">Whether JSON has the entries as given.</param>
    public GoMap(IEnumerable<KeyValuePair<string, object?>> entries, GoPrinting printing = GoPrinting.Plain, bool keepsOrder = false)
    {
        List<string> order = [];
        foreach ((string key, object? value) in entries)
        {
            if (!_entries.ContainsKey(key))
            {
                order.Add(key);
            }
            _entries[key] = value;
        }
        Printing = printing;
        Sorted = [.. order.Order(GoTextOrder.Instance).Select(key => KeyValuePair.Create(key, _entries[key]))];
        Written = keepsOrder ? [.. order.Select(key => KeyValuePair.Create(key, _entries[key]))] : Sorted;
    }

    /// <summary>Number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>The entries by their keys.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Sorted { get; }

    /// <summary>The entries as JSON has them.</summary>
    public IReadOnlyList<KeyValuePair<string, object?>> Written { get; }

    /// <summary>How it prints.</summary>
    public GoPrinting Printing { get; }

    /// <summary>The value of a key; null if there is none (<c>missingkey=zero</c>).</summary>
    public object? Get(string key) => _entries.GetValueOrDefault(key);
}
