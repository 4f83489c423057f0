using LocalLlm.Engine.Templates.Runtime;
using LocalLlm.Engine.Templates.Values;

namespace LocalLlm.Engine.Templates.Library;

/// <summary>Filters over the elements of a value.</summary>
internal static class CollectionFilters
{
    /// <summary><c>attr(name)</c>: an attribute or a method, but not a key.</summary>
    public static object? Attr(Rendering rendering, object? value, BoundArguments arguments)
    {
        Undefined.Refuse(value);
        string name = arguments.Text(0);
        return Subscripts.TryAttribute(rendering, value, name, out object? attribute) ? attribute : Undefined.Attribute(value, name);
    }

    /// <summary><c>batch(linecount, fill_with)</c>: rows of so many elements; the last is filled up if there is something to fill with.</summary>
    public static object? Batch(Rendering rendering, object? value, BoundArguments arguments)
    {
        (int size, object? fill) = (arguments.Integer(0), arguments.Get(1, null));
        return new JinjaGenerator(Rows());

        IEnumerable<object?> Rows()
        {
            List<object?> row = [];
            foreach (object? item in Iteration.Over(rendering, value))
            {
                if (row.Count == size)
                {
                    yield return new JinjaList(row);
                    row = [];
                }
                rendering.AllocateElements(1);
                row.Add(item);
            }
            if (row.Count > 0)
            {
                Fill(rendering, row, fill, size - row.Count);
                yield return new JinjaList(row);
            }
        }
    }

    /// <summary><c>slice(slices, fill_with)</c>: so many columns, the first ones longer by one if it doesn't come out even.</summary>
    public static object? Slice(Rendering rendering, object? value, BoundArguments arguments)
    {
        (int columns, object? fill) = (arguments.Integer(0), arguments.Get(1, null));
        return new JinjaGenerator(Columns());

        IEnumerable<object?> Columns()
        {
            List<object?> items = Iteration.ToList(rendering, value);
            if (columns == 0)
            {
                throw new TemplateError("'slice' needs at least one column");
            }
            int begin = 0;
            for (int column = 0; column < columns; column++)
            {
                int count = (items.Count / columns) + (column < items.Count % columns ? 1 : 0);
                rendering.AllocateElements(count + 1);
                List<object?> part = items.GetRange(begin, count);
                Fill(rendering, part, fill, column >= items.Count % columns ? 1 : 0);
                yield return new JinjaList(part);
                begin += count;
            }
        }
    }

    /// <summary><c>default(default_value='', boolean=false)</c>: what to use for an undefined value, or with <c>boolean</c> for a false one.</summary>
    public static object? Default(Rendering rendering, object? value, BoundArguments arguments) =>
        value is Undefined || (arguments.Flag(1, false) && !Truth.Of(value)) ? arguments.Get(0, "") : value;

    /// <summary><c>first</c></summary>
    public static object? First(Rendering rendering, object? value, BoundArguments arguments)
    {
        foreach (object? item in Iteration.Over(rendering, value))
        {
            return item;
        }
        return new Undefined("there is no first element, because there are none");
    }

    /// <summary><c>last</c></summary>
    public static object? Last(Rendering rendering, object? value, BoundArguments arguments)
    {
        List<object?> items = Reversible(rendering, value);
        return items.Count > 0 ? items[^1] : new Undefined("there is no last element, because there are none");
    }

    /// <summary><c>items</c>: the entries of a dictionary as pairs.</summary>
    public static object? Items(Rendering rendering, object? value, BoundArguments arguments) => value switch
    {
        Undefined => new JinjaGenerator([]),
        JinjaDict dict => new JinjaGenerator(DictView.Elements(rendering, dict, DictViewKind.Items)),
        _ => throw new TemplateError($"'items' takes a dictionary, not a value of type '{TypeNames.Of(value)}'"),
    };

    /// <summary><c>join(d='', attribute=none)</c>: the elements printed one after the other.</summary>
    public static object? Join(Rendering rendering, object? value, BoundArguments arguments)
    {
        string separator = Reprs.Str(rendering, arguments.Get(0, ""));
        object? attribute = arguments.Get(1, null);
        TextBuilder builder = new(rendering);
        bool isFirst = true;
        foreach (object? item in Iteration.Over(rendering, value))
        {
            builder.Append(isFirst ? "" : separator);
            builder.Append(Reprs.Str(rendering, Subscripts.Path(rendering, item, attribute)));
            isFirst = false;
        }
        return builder.ToString();
    }

    /// <summary><c>length</c></summary>
    public static object? Length(Rendering rendering, object? value, BoundArguments arguments) => (long)Iteration.Length(rendering, value);

    /// <summary><c>list</c></summary>
    public static object? List(Rendering rendering, object? value, BoundArguments arguments) => new JinjaList(Iteration.ToList(rendering, value));

    /// <summary><c>reverse</c></summary>
    public static object? Reverse(Rendering rendering, object? value, BoundArguments arguments)
    {
        List<object?> items = Iteration.ToList(rendering, value);
        items.Reverse();
        return value switch
        {
            string => string.Concat(items),
            JinjaGenerator => new JinjaList(items),
            _ => new JinjaGenerator(Iteration.Over(rendering, new JinjaList(items))),
        };
    }

    /// <summary><c>sum(attribute=none, start=0)</c></summary>
    public static object? Sum(Rendering rendering, object? value, BoundArguments arguments)
    {
        object? sum = arguments.Get(1, 0L);
        object? attribute = arguments.Get(0, null);
        if (sum is string)
        {
            throw new TemplateError("'sum' can't add text");
        }
        foreach (object? item in Iteration.Over(rendering, value))
        {
            sum = Operators.Add(rendering, sum, Subscripts.Path(rendering, item, attribute));
        }
        return sum;
    }

    /// <summary>The elements of a value that Python can go through backwards.</summary>
    private static List<object?> Reversible(Rendering rendering, object? value) =>
        value is JinjaGenerator ? throw new TemplateError("a generator can't be read backwards") : Iteration.ToList(rendering, value);

    private static void Fill(Rendering rendering, List<object?> items, object? fill, int count)
    {
        if (fill is not null && count > 0)
        {
            rendering.AllocateElements(count);
            items.AddRange(Enumerable.Repeat(fill, count));
        }
    }
}
