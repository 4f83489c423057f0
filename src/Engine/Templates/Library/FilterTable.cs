using System.Collections.Frozen;
using LocalLlm.Engine.Templates.Runtime;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>All filters by name. Left out of Jinja2's are those for web pages, and <c>random</c>, because a prompt must not vary by itself.</summary>
internal static class FilterTable
{
    private static readonly FrozenDictionary<string, BuiltIn> Filters = new BuiltIn[]
    {
        new("abs", "", NumberFilters.Abs),
        new("attr", "name", CollectionFilters.Attr),
        new("batch", "linecount fill_with?", CollectionFilters.Batch),
        new("capitalize", "", TextFilters.Capitalize),
        new("center", "width?", TextFilters.Center),
        new("count", "", CollectionFilters.Length),
        new("d", "default_value? boolean?", CollectionFilters.Default),
        new("default", "default_value? boolean?", CollectionFilters.Default),
        new("dictsort", "case_sensitive? by? reverse?", OrderFilters.DictSort),
        new("e", "", TextFilters.Escape),
        new("escape", "", TextFilters.Escape),
        new("first", "", CollectionFilters.First),
        new("float", "default?", NumberFilters.Float),
        new("forceescape", "", TextFilters.Escape),
        new("format", "*", TextFilters.Format),
        new("groupby", "attribute default? case_sensitive?", OrderFilters.GroupBy),
        new("indent", "width? first? blank?", TextFilters.Indent),
        new("int", "default? base?", NumberFilters.Int),
        new("items", "", CollectionFilters.Items),
        new("join", "d? attribute?", CollectionFilters.Join),
        new("last", "", CollectionFilters.Last),
        new("length", "", CollectionFilters.Length),
        new("list", "", CollectionFilters.List),
        new("lower", "", TextFilters.Lower),
        new("map", "*", SelectionFilters.Map),
        new("max", "case_sensitive? attribute?", OrderFilters.Max),
        new("min", "case_sensitive? attribute?", OrderFilters.Min),
        new("reject", "*", SelectionFilters.Reject),
        new("rejectattr", "*", SelectionFilters.RejectAttr),
        new("replace", "old new count?", TextFilters.Replace),
        new("reverse", "", CollectionFilters.Reverse),
        new("round", "precision? method?", NumberFilters.Round),
        new("safe", "", TextFilters.String),
        new("select", "*", SelectionFilters.Select),
        new("selectattr", "*", SelectionFilters.SelectAttr),
        new("slice", "slices fill_with?", CollectionFilters.Slice),
        new("sort", "reverse? case_sensitive? attribute?", OrderFilters.Sort),
        new("string", "", TextFilters.String),
        new("sum", "attribute? start?", CollectionFilters.Sum),
        new("title", "", TextFilters.Title),
        new("tojson", "ensure_ascii? indent? separators? sort_keys?", JsonWriter.ToJson),
        new("trim", "chars?", TextFilters.Trim),
        new("truncate", "length? killwords? end? leeway?", TextFilters.Truncate),
        new("unique", "case_sensitive? attribute?", OrderFilters.Unique),
        new("upper", "", TextFilters.Upper),
        new("urlencode", "", TextFilters.UrlEncode),
        new("wordcount", "", TextFilters.WordCount),
    }.ToFrozenDictionary(filter => filter.Name);

    /// <summary>Finds a filter; null if there is none of that name.</summary>
    public static BuiltIn? Find(string name) => Filters.GetValueOrDefault(name);

    /// <summary>A filter that was found, or the error that there is none of that name.</summary>
    public static BuiltIn Require(BuiltIn? filter, string name) => filter ?? throw new TemplateError($"there is no filter '{name}'");
}
