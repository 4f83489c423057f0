using System.Collections.Frozen;
using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>
/// The methods of text, lists and dictionaries by name. Jinja2's immutable sandbox hides those that change a list or dictionary; they
/// are here because other engines have them and templates use them. They change nothing but the rendering's own data.
/// </summary>
internal static class MethodTable
{
    private static readonly FrozenDictionary<string, BuiltIn> OfText = new BuiltIn[]
    {
        new("capitalize", "", TextMethods.Map(TextCase.Capitalize)),
        new("center", "width fillchar?", TextMethods.Pad(TextPadding.Center)),
        new("count", "sub start? end?", TextMethods.Count),
        new("endswith", "suffix start? end?", TextMethods.EndsWith),
        new("find", "sub start? end?", TextMethods.Find(last: false, mustExist: false)),
        new("format", "*", TextMethods.Format),
        new("index", "sub start? end?", TextMethods.Find(last: false, mustExist: true)),
        new("isalnum", "", TextMethods.Is(TextClasses.IsLetterOrNumber)),
        new("isalpha", "", TextMethods.Is(TextClasses.IsLetter)),
        new("isascii", "", TextMethods.IsAscii),
        new("isdecimal", "", TextMethods.Is(TextClasses.IsDecimal)),
        new("isdigit", "", TextMethods.Is(TextClasses.IsDigit)),
        new("islower", "", (rendering, self, _) => Truth.Box(TextCase.IsLower(rendering, (string)self!))),
        new("isnumeric", "", TextMethods.Is(TextClasses.IsNumeric)),
        new("isspace", "", TextMethods.Is(TextClasses.IsSpace)),
        new("isupper", "", (rendering, self, _) => Truth.Box(TextCase.IsUpper(rendering, (string)self!))),
        new("join", "iterable", TextMethods.Join),
        new("ljust", "width fillchar?", TextMethods.Pad(TextPadding.Left)),
        new("lower", "", TextMethods.Map(TextCase.Lower)),
        new("lstrip", "chars?", TextMethods.StripStart),
        new("partition", "sep", (rendering, self, arguments) => TextSplitting.Partition(rendering, (string)self!, arguments.Text(0), fromEnd: false)),
        new("removeprefix", "prefix", TextMethods.RemovePrefix),
        new("removesuffix", "suffix", TextMethods.RemoveSuffix),
        new("replace", "old new count?", TextMethods.Replace),
        new("rfind", "sub start? end?", TextMethods.Find(last: true, mustExist: false)),
        new("rindex", "sub start? end?", TextMethods.Find(last: true, mustExist: true)),
        new("rjust", "width fillchar?", TextMethods.Pad(TextPadding.Right)),
        new("rpartition", "sep", (rendering, self, arguments) => TextSplitting.Partition(rendering, (string)self!, arguments.Text(0), fromEnd: true)),
        new("rsplit", "sep? maxsplit?", TextMethods.Split(TextSplitting.SplitFromEnd)),
        new("rstrip", "chars?", TextMethods.StripEnd),
        new("split", "sep? maxsplit?", TextMethods.Split(TextSplitting.Split)),
        new("splitlines", "keepends?", TextMethods.SplitLines),
        new("startswith", "prefix start? end?", TextMethods.StartsWith),
        new("strip", "chars?", TextMethods.Strip),
        new("swapcase", "", TextMethods.Map(TextCase.Swap)),
        new("title", "", TextMethods.Map(TextCase.Title)),
        new("upper", "", TextMethods.Map(TextCase.Upper)),
        new("zfill", "width", (rendering, self, arguments) => TextPadding.Zeros(rendering, (string)self!, arguments.Integer(0))),
    }.ToFrozenDictionary(method => method.Name);

    private static readonly FrozenDictionary<string, BuiltIn> OfLists = new BuiltIn[]
    {
        new("append", "item", ListMethods.Append),
        new("clear", "", ListMethods.Clear),
        new("copy", "", ListMethods.Copy),
        new("count", "value", ListMethods.Count),
        new("extend", "iterable", ListMethods.Extend),
        new("index", "value start? stop?", ListMethods.Index),
        new("insert", "index item", ListMethods.Insert),
        new("pop", "index?", ListMethods.Pop),
        new("remove", "value", ListMethods.Remove),
        new("reverse", "", ListMethods.Reverse),
    }.ToFrozenDictionary(method => method.Name);

    private static readonly FrozenDictionary<string, BuiltIn> OfSequences = new BuiltIn[]
    {
        new("count", "value", ListMethods.Count),
        new("index", "value start? stop?", ListMethods.Index),
    }.ToFrozenDictionary(method => method.Name);

    private static readonly FrozenDictionary<string, BuiltIn> OfDicts = new BuiltIn[]
    {
        new("clear", "", DictMethods.Clear),
        new("copy", "", DictMethods.Copy),
        new("get", "key default?", DictMethods.Get),
        new("items", "", (_, self, _) => new DictView((JinjaDict)self!, DictViewKind.Items)),
        new("keys", "", (_, self, _) => new DictView((JinjaDict)self!, DictViewKind.Keys)),
        new("pop", "key default?", DictMethods.Pop),
        new("popitem", "", DictMethods.PopItem),
        new("setdefault", "key default?", DictMethods.SetDefault),
        new("update", "*", DictMethods.Update),
        new("values", "", (_, self, _) => new DictView((JinjaDict)self!, DictViewKind.Values)),
    }.ToFrozenDictionary(method => method.Name);

    /// <summary>Finds a method of a value; null if it has none of that name.</summary>
    public static BuiltIn? Find(object? owner, string name) => owner switch
    {
        string => OfText.GetValueOrDefault(name),
        JinjaDict => OfDicts.GetValueOrDefault(name),
        JinjaList => OfLists.GetValueOrDefault(name),
        JinjaSequence => OfSequences.GetValueOrDefault(name),
        _ => null,
    };
}
