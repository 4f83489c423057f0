using System.Globalization;
using System.Text.RegularExpressions;

namespace LocalLlm.Gguf;

/// <summary>
/// Models in several files: <c>name-00001-of-00003.gguf</c> and so on. Each part is a GGUF file with its own tensors and the keys
/// <c>split.no</c> (from 0) and <c>split.count</c>; the first part has the model's metadata and <c>split.tensors.count</c>, the number of
/// tensors in all parts.
/// </summary>
internal static partial class GgufSplit
{
    /// <summary>Key of a part's number, from 0.</summary>
    public const string NumberKey = "split.no";

    /// <summary>Key of the number of parts.</summary>
    public const string CountKey = "split.count";

    /// <summary>Key of the number of tensors in all parts.</summary>
    public const string TensorCountKey = "split.tensors.count";

    /// <summary>Whether a key describes the split and nothing else.</summary>
    public static bool IsSplitKey(string key) => key is NumberKey or CountKey or TensorCountKey;

    /// <summary>The number of parts that a file says its model has; 1 when it says nothing.</summary>
    public static int CountOf(GgufPart part) => part.Metadata.GetInt32(CountKey, 1);

    /// <summary>Opens the parts that follow the first and adds them to the list; on failure the list holds what must be disposed.</summary>
    public static void OpenRest(List<GgufPart> parts, GgufLimits limits)
    {
        GgufPart first = parts[0];
        int count = CountOf(first);
        if (count is 0 or 1)
        {
            return;
        }
        if (count < 0 || count > limits.MaxParts)
        {
            throw Wrong(first, CountKey, "the number of parts is out of range", $"1 to {limits.MaxParts}", $"{count}");
        }
        RequireFirst(first, count);
        for (int number = 1; number < count; number++)
        {
            GgufPart part = OpenPart(first, number, count, limits);
            parts.Add(part);
            RequirePart(part, number, count);
        }
        RequireTensorCount(parts);
    }

    /// <summary>The path of another part (<paramref name="number"/> from 0) of the model that a part's path belongs to; null if it has no such form.</summary>
    public static string? PathOf(string path, int number, int count)
    {
        Match match = PartName().Match(path);
        return match.Success && match.Groups["count"].Value == Digits(count)
            ? string.Create(CultureInfo.InvariantCulture, $"{match.Groups["stem"].Value}-{Digits(number + 1)}-of-{Digits(count)}.gguf")
            : null;
    }

    private static GgufPart OpenPart(GgufPart first, int number, int count, GgufLimits limits)
    {
        string path = PathOf(first.File.Path, number, count)!;
        return File.Exists(path)
            ? GgufPart.Open(path, limits)
            : throw Wrong(first, CountKey, $"part {number + 1} of {count} is missing, put the file '{Path.GetFileName(path)}' beside it", $"{count} parts", "no such file");
    }

    private static void RequireFirst(GgufPart part, int count)
    {
        int number = part.Metadata.GetInt32(NumberKey);
        string? firstPath = PathOf(part.File.Path, 0, count);
        if (number != 0)
        {
            string hint = firstPath is null ? "the first" : $"the first, '{Path.GetFileName(firstPath)}'";
            throw Wrong(part, NumberKey, $"it is part {number + 1} of {count} of a split model, open {hint}", "0", $"{number}");
        }
        if (firstPath is null || PartName().Match(part.File.Path).Groups["number"].Value != Digits(1))
        {
            throw Wrong(part, CountKey, $"it is the first of {count} parts, but its name does not say where the others are",
                $"a name that ends in -{Digits(1)}-of-{Digits(count)}.gguf", $"'{Path.GetFileName(part.File.Path)}'");
        }
    }

    private static void RequirePart(GgufPart part, int number, int count)
    {
        int foundNumber = part.Metadata.GetInt32(NumberKey);
        int foundCount = part.Metadata.GetInt32(CountKey);
        if (foundNumber != number)
        {
            throw Wrong(part, NumberKey, "the file says another number than its name", $"{number}", $"{foundNumber}");
        }
        if (foundCount != count)
        {
            throw Wrong(part, CountKey, "the part belongs to a split of another size", $"{count}", $"{foundCount}");
        }
    }

    private static void RequireTensorCount(List<GgufPart> parts)
    {
        long found = parts.Sum(part => (long)part.Tensors.Count);
        int expected = parts[0].Metadata.GetInt32(TensorCountKey);
        if (found != expected)
        {
            throw Wrong(parts[0], TensorCountKey, "the parts do not hold as many tensors as the first one says", $"{expected} tensors", $"{found} tensors");
        }
    }

    private static GgufFormatException Wrong(GgufPart part, string key, string problem, string expected, string found)
        => part.Metadata.Invalid(key, problem, expected, found);

    private static string Digits(int number) => number.ToString("D5", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<stem>.*)-(?<number>[0-9]{5})-of-(?<count>[0-9]{5})\.gguf$", RegexOptions.CultureInvariant | RegexOptions.Singleline)]
    private static partial Regex PartName();
}
